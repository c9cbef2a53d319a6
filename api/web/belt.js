// One line as a moving picture: belt, photo-eyes, portal, diverts, lanes; what glides along draws moving.js over it.
// Public names: Belt.
//
// Along the belt everything is true to scale; across it is drawn so that it can be read. Places are given as
// (along, across) in pixels and turned by `at`, so that the same drawing lies on a desk and stands on a phone.

import { el, replace, svg } from "./dom.js";
import { Moving, TYPICAL_MM } from "./moving.js";
import { offBy } from "./panels.js";
import { clock, t } from "./words.js";

const HUES = [255, 160, 310, 205, 125, 285, 335, 225];
const LANE_HOLDS = 45;
const LETTER = 6.8; // of a lane's name, as wide as it is at most of the time

// Writes as much of a text as there is room for, at worst the shortest; false = it is not on the page and has no width.
function fit(node, text, shortest, room) {
  node.textContent = text;
  if (!node.isConnected || (text && !node.getComputedTextLength())) return false;
  for (let end = text.length - 1; end > 1 && node.getComputedTextLength() > room; end -= 1) node.textContent = `${text.slice(0, end).trimEnd()}…`;
  if (node.getComputedTextLength() > room) node.textContent = shortest;
  return true;
}

// Writes only what is otherwise: where the same is written again, a text is laid out anew all the same.
function put(node, attributes, text = node.textContent) {
  for (const [name, value] of Object.entries(attributes)) {
    if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
  }
  if (node.textContent !== String(text)) node.textContent = text;
}

// A name in one line, or in the two halves that are most alike where it has no room in one.
function halves(name, room) {
  const spaces = [...name.matchAll(/ /g)].map((space) => space.index);
  if (name.length * LETTER <= room || !spaces.length) return [name, ""];
  const at = spaces.reduce((best, one) => (Math.abs(one - name.length / 2) < Math.abs(best - name.length / 2) ? one : best));
  return [name.slice(0, at), name.slice(at + 1)];
}

export class Belt {
  constructor(info, open, openLane) {
    this.info = info;
    this.layout = info.layout;
    this.openLane = openLane;
    this.lanes = new Map(this.layout.lanes.map((lane) => [lane.number, { lane, view: null }]));
    const carriers = [...new Set(this.layout.lanes.map((lane) => lane.carrier).filter(Boolean))];
    this.hues = new Map(carriers.map((carrier, at) => [carrier, HUES[at % HUES.length]]));
    this.from = Math.min(0, this.layout.portal.eye_mm, this.layout.portal.antenna_mm) - TYPICAL_MM[this.layout.job] * 2;
    this.end = Math.max(...this.layout.lanes.map((lane) => lane.divert_mm));
    this.to = this.end;
    this.since = 0;
    this.root = svg("svg", { class: "belt", role: "group" });
    this.side = el("div", { class: "beside" });
    this.moving = new Moving(this, open);
    this.stage = el("div", { class: "stage" }, this.moving.view, this.side);
  }

  // ---- what is so -----------------------------------------------------------------------------------------------

  snapshot(view, since) {
    this.since = since;
    for (const lane of view.lanes) this.setLane(lane);
    this.moving.keep(new Set(view.items.map((item) => item.track)));
    for (const item of view.items) this.setItem(item);
    this.name();
  }

  setLane(view) {
    const its = this.lanes.get(view.number);
    if (!its) return;
    its.view = view;
    this.showLane(its);
  }

  setItem(view) {
    this.moving.set(view);
  }

  // ---- geometry --------------------------------------------------------------------------------------------------

  draw(width, height) {
    this.upright = innerWidth <= 760;
    const verify = this.layout.job === "verify";
    const length = this.upright ? this.layout.lanes.length * 50 + 300 : width;
    this.thick = this.upright ? 44 : Math.max(40, Math.min(66, height * 0.17));
    this.middle = this.upright ? 92 : 44 + this.thick / 2;
    this.chute = this.upright ? 96 : Math.max(90, height - this.middle - this.thick / 2 - 50);
    this.slant = this.chute * 0.32;
    this.scale = (length - this.slant - 46) / (this.end - this.from);
    const sorted = this.layout.lanes.map((lane) => lane.divert_mm).sort((a, b) => a - b);
    const gaps = sorted.slice(1).map((mm, at) => mm - sorted[at]).filter((gap) => gap > 0);
    this.spacing = Math.min(...gaps, 3000) * this.scale;
    this.to = this.from + length / this.scale;
    this.chuteWidth = Math.max(12, Math.min(this.thick * (verify ? 1.15 : 1), this.spacing * 0.66));
    this.two = !this.upright && this.layout.lanes.some((lane) => halves(lane.name, this.spacing - 4)[1]);
    this.root.classList.toggle("close", this.two);
    const across = this.middle + this.thick / 2 + this.chute + (this.upright ? 150 : this.two ? 62 : 50);
    const [w, h] = this.upright ? [width, length] : [length, across];
    this.root.setAttribute("viewBox", `0 0 ${w} ${h}`);
    this.root.setAttribute("width", w);
    this.root.setAttribute("height", h);
    this.side.hidden = this.upright;
    this.side.style.setProperty("--room", `${this.px(Math.min(...this.layout.lanes.map((lane) => lane.divert_mm))) - 40}px`);
    this.legend();
    this.paint(length);
    this.moving.fit(w, h, length);
  }

  // What the colours and signs mean, and the newest refusal, where the drawing leaves room.
  legend() {
    const key = (kind, sign, words) => el("span", { class: `key ${kind}` }, el("i", { "aria-hidden": "true" }, sign), words);
    const keys = this.layout.job === "verify"
      ? [key("unsent", "", t("legend.unsent")), key("verified", "✓", t("verdict.verified")), key("refused", "✕", t("verdict.refused"))]
      : [key("unsent", "", t("legend.unsent")), key("odd", "!", t("legend.odd")), key("again", "↻", t("legend.again"))];
    const note = this.chute > 150 ? this.note : null; // lower, and it would lie on the belt
    replace(this.side, note, el("p", { class: "keys" }, ...keys, el("span", {}, t("legend.minute"))));
  }

  // Shows a node in the room beside the lanes, or nothing.
  say(node) {
    this.note = node;
    this.legend();
  }

  // A place on the drawing, [x, y].
  spot(along, across) {
    return this.upright ? [this.middle + across, along] : [along, this.middle + across];
  }

  at(along, across) {
    return this.spot(along, across).map((one) => one.toFixed(1)).join(" ");
  }

  px(mm) {
    return (mm - this.from) * this.scale;
  }

  // ---- what stands still -------------------------------------------------------------------------------------------

  paint(length) {
    const half = this.thick / 2;
    const { portal, check, decision_mm: decision } = this.layout;
    replace(
      this.root,
      svg("title", { id: `belt-${this.layout.name}` }),
      this.moving.samples,
      svg("path", { class: "bed", d: this.box(0, length, -half - 4, half + 4) }),
      svg("path", { class: "deck", d: this.box(0, length, -half, half) }),
      ...[...this.lanes.values()].map((its) => this.paintLane(its)),
      this.marks(length, half),
      this.eye(0, half, t("induction"), 0),
      this.eye(portal.eye_mm, half, null, 1),
      ...(check ? [this.eye(check.eye_mm, half, null, 2)] : []),
      this.line("decision", this.px(decision), -half - 10, half + 6),
      this.label("mark", this.px(decision), -half - 16, t("decision")),
      this.arch(this.px(portal.antenna_mm), half),
      this.label("mark strong", this.px(portal.antenna_mm), -half - 30, t("portal")),
      ...(check ? [this.arch(this.px(check.antenna_mm), half), this.label("mark strong", this.px(check.antenna_mm), -half - 30, t("portal.check"))] : []),
    );
    this.name();
  }

  name() {
    const title = this.info.title || this.layout.name;
    put(this.root, { "aria-label": t("belt.of", { title, count: this.moving.items.size }) });
  }

  box(a1, a2, c1, c2) {
    return `M${this.at(a1, c1)}L${this.at(a2, c1)}L${this.at(a2, c2)}L${this.at(a1, c2)}Z`;
  }

  line(kind, along, c1, c2) {
    return svg("path", { class: kind, d: `M${this.at(along, c1)}L${this.at(along, c2)}` });
  }

  label(kind, along, across, text, anchor = "middle") {
    const [x, y] = this.at(along, this.upright ? -this.thick / 2 - 15 : across).split(" ");
    const end = this.upright ? "end" : anchor;
    return svg("text", { class: kind, x, y: this.upright ? Number(y) + 4 : y, "text-anchor": end }, text);
  }

  marks(length, half) {
    const step = 1000 * this.scale;
    let path = "";
    for (let along = -this.from * this.scale % step; along < length; along += step) {
      path += `M${this.at(along, half + 4)}L${this.at(along, half + 8)}`;
    }
    return svg("path", { class: "ruler", d: path });
  }

  eye(mm, half, text, raised) {
    const along = this.px(mm);
    const [x, y] = this.at(along, -half - 7).split(" ");
    return svg(
      "g",
      { class: "eye" },
      this.line("beam", along, -half - 4, half + 4),
      svg("circle", { cx: x, cy: y, r: 3.2 }),
      text && this.label("mark", along, -half - 16 - raised * 14, text),
    );
  }

  // Its posts; the roof lies above what passes beneath.
  arch(along, half) {
    return svg(
      "g",
      { class: "arch" },
      svg("path", { class: "post", d: this.box(along - 9, along + 9, -half - 12, -half - 2) }),
      svg("path", { class: "post", d: this.box(along - 9, along + 9, half + 2, half + 12) }),
    );
  }

  // A lane: chute, level of the last minute, name, count. A button for people.
  paintLane(its) {
    const { lane } = its;
    const title = svg("title"); // by which the lane is named, too
    its.level = svg("path", { class: "level" });
    its.words = svg("text", { class: "lane-name", "aria-hidden": "true" }, svg("tspan"), svg("tspan"));
    its.number = svg("text", { class: "lane-count", "aria-hidden": "true" });
    its.state = svg("text", { class: "lane-state", "aria-hidden": "true" });
    its.by = svg("text", { class: "lane-by", "aria-hidden": "true" });
    its.named = its.said = "";
    its.tip = title;
    const hue = this.hues.get(lane.carrier);
    const open = () => this.openLane(this, its);
    its.node = svg(
      "g",
      {
        class: "lane", tabindex: 0, role: "button", "data-lane": lane.number, "data-role": lane.role,
        style: hue === undefined ? {} : { "--hue": hue },
        onclick: open,
        onkeydown: (event) => {
          if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            open();
          }
        },
      },
      title,
      svg("path", { class: "hit", d: this.chutePath(lane, 0, this.chute + (this.upright ? 0 : 46), 10) }),
      svg("path", { class: "chute", d: this.chutePath(lane, 0, this.chute) }),
      its.level,
      svg("path", { class: "rollers", d: this.chuteRollers(lane) }),
      svg("path", { class: "lip", d: this.chuteLip(lane) }),
      its.state, its.by, its.words, its.number,
    );
    this.showLane(its);
    return its.node;
  }

  // The middle of a chute, `across` pixels below the belt's edge.
  chutePoint(lane, across) {
    return [this.px(lane.divert_mm) + this.slant * (across / this.chute), this.thick / 2 + 4 + across];
  }

  chutePath(lane, from, to, wider = 0) {
    const half = this.chuteWidth / 2 + wider / 2;
    const [a1, c1] = this.chutePoint(lane, from);
    const [a2, c2] = this.chutePoint(lane, to);
    return `M${this.at(a1 - half, c1)}L${this.at(a1 + half, c1)}L${this.at(a2 + half, c2)}L${this.at(a2 - half, c2)}Z`;
  }

  chuteLip(lane) {
    const half = this.chuteWidth / 2;
    const [a, c] = this.chutePoint(lane, this.chute);
    return `M${this.at(a - half, c)}L${this.at(a + half, c)}`;
  }

  chuteRollers(lane) {
    const half = this.chuteWidth / 2;
    let path = "";
    for (let across = 9; across < this.chute - 4; across += 9) {
      const [a, c] = this.chutePoint(lane, across);
      path += `M${this.at(a - half + 3, c)}L${this.at(a + half - 3, c)}`;
    }
    return path;
  }

  showLane(its) {
    if (!its.node || !this.scale) return;
    const { lane, view } = its;
    const [along, across] = this.chutePoint(lane, this.chute);
    const minute = view?.minute ?? 0;
    const level = Math.min(1, minute / LANE_HOLDS);
    put(its.level, { d: this.chutePath(lane, this.chute * (1 - level), this.chute) });
    const place = (node, a, c, anchor, text) => {
      const [x, y] = this.at(along + a, across + c).split(" ");
      put(node, { x, y, "text-anchor": anchor }, text);
    };
    const room = this.upright ? 110 : this.spacing - 4;
    if (its.named !== room) {
      const [one, other] = this.upright ? [`${lane.number} ${lane.name}`, ""] : halves(lane.name, room);
      const [first, second] = its.words.childNodes;
      const written = [fit(first, one, String(lane.number), room), fit(second, other, "…", room)];
      its.named = written.every(Boolean) ? room : 0;
    }
    const count = view ? view.count : "";
    if (this.upright) {
      place(its.words, -4, 12, "start");
      place(its.number, 12, 12, "start", count);
    } else {
      const second = its.words.lastChild;
      place(its.words, 0, !this.two ? 18 : second.textContent ? 16 : 23, "middle");
      put(second, { x: its.words.getAttribute("x"), dy: 14 });
      place(its.number, 0, this.two ? 48 : 36, "middle", count);
    }
    const states = [];
    if (view?.disabled) states.push(t("lane.disabled"));
    if (view?.full) states.push(t("lane.full"));
    if (view?.wish) states.push(t(`lane.wish.${view.wish}`));
    its.node.classList.toggle("full", Boolean(view?.full));
    its.node.classList.toggle("disabled", Boolean(view?.disabled));
    its.node.classList.toggle("wished", Boolean(view?.wish));
    const by = view?.disabled ? view.by : "";
    if (its.said !== `${by} ${room}`) its.said = fit(its.by, by, by.slice(0, 1), room) ? `${by} ${room}` : "";
    const [sa, sc] = this.chutePoint(lane, this.chute * 0.5);
    const [x, y] = this.at(sa, sc).split(" ");
    put(its.state, { x, y, "text-anchor": "middle" }, states.join(" "));
    put(its.by, { x, y: Number(y) + 15, "text-anchor": "middle" });
    const words = [t("lane.long", { number: lane.number }), lane.name, ...states];
    if (view?.disabled) words.push(offBy(view));
    if (view) words.push(t("lane.count", { count: view.count, time: clock(this.since, false) }), t("lane.minute", { count: minute }));
    put(its.tip, {}, words.filter(Boolean).join(" · "));
  }

  // Moves everything to where it is at a time.
  frame(nowUs) {
    this.moving.frame(nowUs);
  }

  // Once a second: what time alone changes.
  second() {
    for (const its of this.lanes.values()) this.showLane(its);
    this.name();
  }
}
