// The page of the dock doors: loads, who passed, lights; people open, check and close loads here.

import { keepName, nameKept } from "./alarms.js";
import { el, replace } from "./dom.js";
import { ask, gone, follow, needToken, tell } from "./link.js";
import { askToken } from "./token.js";
import { LANGUAGES, clock, language, setLanguage, short, t, word } from "./words.js";

const $ = (id) => document.getElementById(id);
const state = { docks: [], link: "connecting", heard: 0 };

// ---- what people see ------------------------------------------------------------------------------------------------

function status() {
  const age = state.heard ? Math.round((Date.now() - state.heard) / 1000) : 0;
  const wrong = state.docks.reduce((sum, dock) => sum + dock.wrong.length, 0);
  let [kind, text] = ["live", t("status.live")];
  if (!state.heard) [kind, text] = ["wait", t("status.connecting")];
  else if (state.link === "lost" || age > 4) [kind, text] = ["stale", t("status.stale", { age })];
  else if (wrong) [kind, text] = ["need", t(wrong === 1 ? "status.attention.one" : "status.attention", { count: wrong })];
  if ($("status").textContent !== text) $("status").textContent = text;
  $("status").className = `status ${kind}`;
  document.body.classList.toggle("stale", kind === "stale");
}

function about(its) {
  return [
    its.load.carrier, ...its.load.services, its.load.trailer && t("dock.trailer", { trailer: its.load.trailer }),
    its.load.departure_us && t("dock.departs", { time: clock(its.load.departure_us, false) }),
    its.load.cutoff_us && t("dock.cutoff", { time: clock(its.load.cutoff_us, false) }),
    its.load.parcels.length && t("dock.listed", { count: its.load.parcels.length }),
    its.later && t("dock.later", { count: its.later }),
  ].filter(Boolean).join(" · ");
}

function counts(its) {
  const one = (key, kind) =>
    el("div", { class: its[key] ? kind : "", "data-count": key }, el("dt", {}, t(`dock.${key}`)), el("dd", {}, its[key]));
  return el("dl", { class: "counts" }, one("aboard", ""), one("missing", ""), one("wrong", "bad"), one("undetermined", "doubt"));
}

// What went out wrongly and is back is told, but it calls nobody any more.
function passed(its, dock, why) {
  const calls = its.verdict !== "wrong" || dock.wrong.includes(its.parcel);
  return el("li", { class: calls ? its.verdict : "back", title: its.parcel },
    el("span", {}, el("b", {}, t(`dock.verdict.${its.verdict}`)), ` ${short(its.parcel)}`,
      el("small", {}, [its.carrier, word(why, "; "), its.by && t("alarms.by", { name: its.by })].filter(Boolean).join(" · "))),
    el("time", {}, clock(its.at_us)));
}

function door(dock) {
  const its = dock.load;
  const calls = dock.wrong.length > 0;
  const kind = calls ? "wrong" : its ? "open" : "";
  return el("section", { class: `door ${kind}`, "data-dock": dock.name },
    el("h2", {}, dock.title || dock.name, el("small", {}, its ? t("dock.load", { id: its.load.id }) : t("dock.empty"))),
    el("p", { class: "load" }, its ? about(its) : ""),
    calls && el("div", { class: "call", role: "alert" }, t("dock.light"),
      ...dock.wrong.map((parcel) => el("small", {}, `${short(parcel)} ${parcel}`)),
      dock.light && el("button", { type: "button", onclick: () => acknowledge(dock) }, t("dock.ask.acknowledge"))),
    its && counts(its),
    el("div", { class: "buttons" },
      !its && el("button", { type: "button", "data-ask": "open", onclick: () => openLoad(dock) }, t("dock.ask.open")),
      its && el("button", { type: "button", "data-ask": "check", onclick: () => checkLoad(its.load.id) }, t("dock.ask.check")),
      its && el("button", { type: "button", "data-ask": "close", onclick: () => closeLoad(its) }, t("dock.ask.close")),
      its && el("a", { href: `manifest.html?load=${encodeURIComponent(its.load.id)}`, target: "_blank" }, t("dock.ask.manifest"))),
    el("h3", {}, t("dock.recent")),
    el("ol", {}, ...(dock.recent.length ? dock.recent.map((its, at) => passed(its, dock, dock.reasons[at])) : [el("li", {}, t("dock.recent.none"))])));
}

// A door is drawn anew only when something about it changed, so that nothing goes away under somebody's fingers.
const drawn = new Map();

function drawnDoor(dock) {
  const told = `${language()} ${JSON.stringify(dock)}`;
  if (drawn.get(dock.name)?.told !== told) drawn.set(dock.name, { told, node: door(dock) });
  return drawn.get(dock.name).node;
}

function render() {
  status();
  const only = decodeURIComponent(location.hash.slice(1));
  const shown = state.docks.filter((dock) => !only || dock.name === only);
  const nodes = shown.length ? shown.map(drawnDoor) : [el("p", {}, t("dock.none"))];
  const before = [...$("docks").children];
  if (nodes.length === before.length && nodes.every((node, at) => node === before[at])) return;
  const focused = document.activeElement?.closest(".door button, .door a") ?? null;
  const name = focused?.closest(".door").dataset.dock;
  replace($("docks"), ...nodes);
  if (!focused) return;
  const its = nodes.find((node) => node.dataset.dock === name);
  const same = focused.isConnected ? focused : its?.querySelector(`[data-ask="${focused.dataset.ask}"]`) ?? its?.querySelector("button");
  same?.focus();
}

function words() {
  document.documentElement.lang = language();
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t(node.dataset.label));
  for (const node of document.querySelectorAll("[data-hint]")) node.placeholder = t(node.dataset.hint);
  for (const node of document.querySelectorAll("[data-language]")) {
    node.setAttribute("aria-pressed", String(node.dataset.language === language()));
  }
  render();
}

// ---- what people ask --------------------------------------------------------------------------------------------------


async function acknowledge(dock) {
  const by = nameKept() || prompt(t("dock.ask.by"));
  if (!by) return;
  keepName(by);
  await tell(`/api/alarms/${encodeURIComponent(`wrong-load.${dock.name}`)}/acknowledge`, { by }).catch(gone);
}

// A form: fields by their names, and what is done with their values; it closes when that is done.
function form(title, verb, fields, send, ...more) {
  const dialog = $("ask");
  const note = el("p", { class: "note", role: "status" });
  const inputs = fields.map(([key, attributes]) => [key, el("input", { id: `f-${key}`, maxlength: 400, autocomplete: "off", ...attributes })]);
  const submit = async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(inputs.map(([key, its]) => [key, its.type === "checkbox" ? its.checked : its.value.trim()]));
    keepName(values.by);
    const answer = await send(values).catch(gone);
    note.textContent = answer.ok ? t("dock.asked") : t("failed", { why: answer.value.problems.join("; ") });
    if (answer.ok) setTimeout(() => dialog.close(), 700);
  };
  const row = ([key, its]) => (its.type === "checkbox"
    ? el("label", { class: "check" }, its, t(`dock.ask.${key}`))
    : [el("label", { for: `f-${key}` }, t(`dock.ask.${key}`)), its]);
  replace(
    dialog, el("h2", { id: "ask-title" }, title), ...more,
    el("form", { onsubmit: submit }, ...inputs.flatMap(row),
      el("div", { class: "buttons" },
        el("button", { type: "button", class: "plain", onclick: () => dialog.close() }, t("cancel")),
        el("button", { type: "submit" }, verb))),
    note,
  );
  dialog.showModal();
}

const who = () => ["by", { required: true, maxlength: 80, autocomplete: "name", value: nameKept() }];

function openLoad(dock) {
  form(`${t("dock.ask.open")}: ${dock.title || dock.name}`, t("dock.ask.open"),
    [["carrier", { required: true, maxlength: 80 }], ["services", {}], ["trailer", { maxlength: 80 }], ["id", { pattern: "[A-Za-z0-9][A-Za-z0-9._\\-]{0,63}" }], who()],
    ({ by, carrier, services, trailer, id }) => tell("/api/loads", {
      by, dock: dock.name, carrier, trailer, services: services.split(",").map((one) => one.trim()).filter(Boolean), ...(id && { id }),
    }));
}

function closeLoad(its) {
  const open = its.missing + its.wrong + its.undetermined > 0;
  form(t("dock.load", { id: its.load.id }), t("dock.ask.close"),
    [...(open ? [["forced", { type: "checkbox" }], ["reason", {}]] : []), who()],
    ({ by, forced = false, reason = "" }) => tell(`/api/loads/${encodeURIComponent(its.load.id)}/close`, { by, forced, reason }),
    counts(its));
}

async function checkLoad(id) {
  const answer = await ask(`/api/loads/${encodeURIComponent(id)}`).catch(gone);
  const lines = answer.ok ? answer.value.lines.filter((line) => line.status !== "aboard") : [];
  const list = el("ul", { class: "missing" },
    ...(lines.length
      ? lines.map((line) => el("li", {}, `${t(`dock.${line.status}`)}: ${line.parcel}`, line.note && el("small", {}, ` ${line.note}`)))
      : [el("li", {}, answer.ok ? t("dock.complete") : answer.value.problems.join("; "))]));
  form(t("dock.load", { id }), t("dock.ask.add"), [["parcel", { required: true }], who()],
    ({ by, parcel }) => tell(`/api/loads/${encodeURIComponent(id)}/add`, { by, parcel }), list);
}

// ---- begin -----------------------------------------------------------------------------------------------------------

function on(kind, value) {
  state.heard = Date.now();
  state.link = "live";
  if (kind === "docks") {
    state.docks = value.docks;
    render();
  }
}

needToken(askToken);
words();
for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => {
    if (button.dataset.language in LANGUAGES) setLanguage(button.dataset.language);
    words();
  });
}
addEventListener("hashchange", render);
setInterval(status, 1000);
follow("/api/live", on, () => {
  state.link = "lost";
});
