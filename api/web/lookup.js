// The look-up: everything known about one thing, in order of time, in a drawer.
// Public names: Lookup.

import { el, replace } from "./dom.js";
import { ask, gone } from "./link.js";
import { clock, say, short, t } from "./words.js";

// What is only of interest to engineers is shown more quietly.
const QUIET = new Set(["entered", "left", "passage", "barcodes", "command-sent", "command-handled", "command-found"]);
const LATER_MS = 1_000; // what is seen on the line now may be written into its story a moment later
const LATEST = 30;
const LOUD = new Set([
  "tote-refused", "anomaly", "sorted-missorted", "sorted-defaulted", "sorted-failed", "sorted-lost", "command-refused",
  "command-dropped", "defaulted", "divert-failed", "lost", "refused",
]);

export class Lookup {
  constructor(dialog, lines) {
    this.dialog = dialog;
    this.lines = lines;
    this.key = "";
    this.answer = null;
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener("close", () => window.history.replaceState(null, "", location.pathname));
  }

  // Opens the one thing that a text names: its story here, or its page; of several, the page of all.
  async find(text) {
    const answer = await ask(`/api/v1/search?${new URLSearchParams({ q: text })}`).catch(() => null);
    const hits = answer?.ok ? answer.value.hits : [];
    const exact = hits.filter((hit) => hit.exact);
    const places = [...new Set((exact.length ? exact : hits).map((hit) => hit.address))];
    const story = places.length === 1 && new URL(places[0], location.href).searchParams.get("story");
    if (!places.length) await this.open(text);
    else if (story) await this.open(story);
    else location.assign(places.length === 1 ? places[0] : `/find?${new URLSearchParams({ q: text })}`);
  }

  async open(key) {
    clearTimeout(this.later);
    this.key = key;
    this.answer = await this.ask();
    this.render();
    window.history.replaceState(null, "", `?${new URLSearchParams({ story: key })}`);
    if (!this.dialog.open) this.dialog.showModal();
    this.wait(key, LATEST);
  }

  ask() {
    return ask(`/api/lookup/${encodeURIComponent(this.key)}`).catch(gone);
  }

  // Nothing is known: is there something by now?
  wait(key, times) {
    if (!times || this.answer?.status !== 404) return;
    this.later = setTimeout(async () => {
      if (!this.dialog.open || this.key !== key) return;
      const answer = await this.ask();
      if (!this.dialog.open || this.key !== key) return;
      this.answer = answer;
      if (answer?.status !== 404) this.render();
      this.wait(key, times - 1);
    }, LATER_MS);
  }

  render() {
    if (!this.answer) return;
    const { ok, status, value } = this.answer;
    const title = el("h2", { id: "story-title" }, t("story.title", { key: short(this.key) }));
    const close = el("button", { type: "button", class: "plain", onclick: () => this.dialog.close() }, t("close"));
    const head = el("header", {}, title, close);
    if (!ok) {
      const why = status === 404 ? t("story.none", { key: this.key }) : t("failed", { why: value.problems.join("; ") });
      const again = status === 404 ? null : el("button", { type: "button", class: "again", onclick: () => this.open(this.key) }, t("link.again"));
      replace(this.dialog, head, el("p", { class: "empty", role: "status" }, why), again);
      return;
    }
    replace(
      this.dialog,
      head,
      short(this.key) === this.key ? null : el("code", { class: "full-key" }, this.key),
      ...value.orders.map((order) => this.order(order)),
      value.omitted ? el("p", { class: "empty" }, t("story.omitted", { count: value.omitted })) : null,
      el("ol", { class: "timeline" }, ...value.entries.map((entry, at) => this.entry(entry, value.entries[at - 1]))),
    );
  }

  order(order) {
    const items = order.lines.reduce((sum, line) => sum + line.quantity, 0);
    const link = (key) =>
      el("button", { type: "button", class: "link", title: key, onclick: () => this.open(key) }, short(key));
    return el(
      "section",
      { class: "order" },
      el("h3", {}, t("order", { id: order.id }), el("span", { class: `state ${order.state}` }, t(`state.${order.state}`))),
      el("p", {}, `${order.carrier} ${order.service} · ${t("story.items", { count: items })}`),
      el("p", { class: "links" }, ...[order.tote, order.parcel, ...order.lines.flatMap((line) => line.epcs)].filter(Boolean).map(link)),
    );
  }

  entry(entry, before) {
    const line = this.lines.get(entry.line || this.lineOf(entry.value.plc));
    const loud = LOUD.has(entry.code) ? "loud" : QUIET.has(entry.code) ? "quiet" : "";
    const gap = before ? (entry.at_us - before.at_us) / 1e6 : 0;
    return el(
      "li",
      { class: `${loud}${gap > 5 ? " later" : ""}`, "data-code": entry.code },
      el("time", { datetime: new Date(entry.at_us / 1000).toISOString() }, `${clock(entry.at_us)}.${String(Math.floor(entry.at_us / 1000) % 1000).padStart(3, "0")}`),
      el("span", { class: "where" }, line?.title || entry.line || entry.value.plc || ""),
      el("span", { class: "said" }, say(entry)),
    );
  }

  lineOf(plc) {
    return [...this.lines.values()].find((line) => line.layout.plc === plc)?.layout.name;
  }
}
