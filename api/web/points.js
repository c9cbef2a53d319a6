// The points of the PLCs: values with their quality and age, and a dialog that asks for one to be written.
// Public names: points, openPoint, Points.

import { keepName, nameKept } from "./alarms.js";
import { el, replace } from "./dom.js";
import { ask, gone, tell } from "./link.js";
import { clock, t, told } from "./words.js";

const keyOf = (view) => `${view.plc}/${view.point}`;
const amount = (view) => {
  if (view.value === null) return "–";
  if (typeof view.value === "boolean") return t(view.value ? "points.on" : "points.off");
  const text = typeof view.value === "number" ? Number(view.value.toPrecision(7)).toString() : view.value;
  return `${text} ${view.unit}`.trim();
};

const reason = (view) => told(view.said, view.reason);

// What is known of all points: what each one is, and its newest value.
export class Points {
  constructor() {
    this.infos = new Map();
    this.views = new Map();
  }

  async load() {
    const answer = await ask("/api/points");
    if (!answer.ok) return;
    this.infos = new Map(answer.value.map((info) => [keyOf(info), info]));
  }

  take(views) {
    for (const view of views) this.views.set(keyOf(view), view);
  }
}

// Rebuilds the list; `open(key)` is called with `<plc>/<point>` when somebody clicks one.
export function points(node, all, open) {
  node.closest("section").hidden = !all.views.size;
  const rows = [...all.views.values()].map((view) => {
    const word = view.told_us ? view.quality : "unknown";
    const title = [t(`points.${word}`), reason(view)].filter(Boolean).join(": ");
    return el("li", { class: word },
      el("button", { type: "button", title, onclick: () => open(keyOf(view)) },
        el("span", { class: "dot", "aria-hidden": "true" }),
        el("span", { class: "what" }, view.point, el("small", {}, word === "good" ? view.plc : `${view.plc} · ${title}`)),
        el("b", {}, amount(view)),
        el("time", {}, view.read_us ? clock(view.read_us) : "")));
  });
  replace(node, ...rows);
}

function field(info) {
  const id = "point-value";
  if (info.type === "BOOL") {
    const select = el("select", { id }, el("option", { value: "true" }, t("points.on")), el("option", { value: "false" }, t("points.off")));
    return { input: select, value: () => select.value === "true" };
  }
  if (info.type.startsWith("STRING")) {
    const input = el("input", { id, required: true, maxlength: info.type.slice(7, -1) });
    return { input, value: () => input.value };
  }
  const input = el("input", { id, type: "number", step: "any", required: true, min: info.low, max: info.high });
  return { input, value: () => Number(input.value) };
}

// Shows what a point is; one that may be written can be, by somebody with a name.
export function openPoint(dialog, all, key, lookup) {
  const info = all.infos.get(key);
  const view = all.views.get(key);
  if (!info || !view) return;
  const close = el("button", { type: "button", class: "plain", onclick: () => dialog.close() }, t("close"));
  const story = el("button", { type: "button", class: "link", onclick: () => { dialog.close(); lookup(key); } }, t("points.story"));
  const limits = [info.low, info.high].some((limit) => limit !== null) ? t("points.limits", { low: info.low ?? "–", high: info.high ?? "–", unit: info.unit }) : "";
  const about = [info.type, info.where, limits].filter(Boolean).join(" · ");
  const now = [amount(view), t(`points.${view.told_us ? view.quality : "unknown"}`), reason(view)].filter(Boolean).join(" · ");
  const note = el("p", { class: "note", role: "status" });
  const head = [el("h2", { id: "point-title" }, key), el("p", {}, now), el("p", { class: "note" }, about)];
  if (!info.writable) {
    replace(dialog, ...head, el("div", { class: "buttons" }, story, close));
  } else {
    const { input, value } = field(info);
    const name = el("input", { id: "point-by", required: true, maxlength: 80, autocomplete: "name", value: nameKept() });
    const send = async (event) => {
      event.preventDefault();
      keepName(name.value.trim());
      const [plc, ...parts] = key.split("/");
      const path = `/api/plcs/${encodeURIComponent(plc)}/points/${parts.map(encodeURIComponent).join("/")}`;
      const answer = await tell(path, { value: value(), by: name.value.trim() }).catch(gone);
      note.textContent = answer.ok ? t("points.asked") : t("failed", { why: answer.value.problems.join("; ") });
    };
    replace(dialog, ...head,
      el("form", { onsubmit: send },
        el("label", { for: "point-value" }, t("points.write")), input,
        el("label", { for: "point-by" }, t("lane.ask.by")), name,
        el("div", { class: "buttons" }, story, close, el("button", { type: "submit", class: "risky" }, t("points.write.go")))),
      note);
  }
  dialog.showModal();
}
