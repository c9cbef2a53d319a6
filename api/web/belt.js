// One line as a moving picture: belt, photo-eyes, portal, diverts, lanes, and what glides along.
// Public names: Belt.
//
// Along the belt everything is true to scale; across it is drawn so that it can be read. Places are given as
// (along, across) in pixels and turned by `at`, so that the same drawing lies on a desk and stands on a phone.

import { el, replace, svg } from "./dom.js";
import { offBy } from "./panels.js";
import { clock, short, t } from "./words.js";

// The picture runs this much behind, so that what is said about an item is known before it is drawn.
const BEHIND_US = 350_000;
const HUES = [255, 160, 310, 205, 125, 285, 335, 225];
const TYPICAL_MM = { verify: 600, sort: 300 };
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
    this.open = open;
    this.openLane = openLane;
    this.items = new Map();
    this.lanes = new Map(this.layout.lanes.map((lane) => [lane.number, { lane, view: null }]));
    const carriers = [...new Set(this.layout.lanes.map((lane) => lane.carrier).filter(Boolean))];
    this.hues = new Map(carriers.map((carrier, at) => [carrier, HUES[at % HUES.length]]));
    this.from = Math.min(0, this.layout.portal.eye_mm, this.layout.portal.antenna_mm) - TYPICAL_MM[this.layout.job] * 2;
    this.end = Math.max(...this.layout.lanes.map((lane) => lane.divert_mm));
    this.to = this.end;
    this.since = 0;
    this.root = svg("svg", { class: "belt", role: "group" });
    this.side = el("div", { class: "beside" });
  }

  // ---- what is so -----------------------------------------------------------------------------------------------

  snapshot(view, since) {
    this.since = since;
    for (const lane of view.lanes) this.setLane(lane);
    const present = new Set(view.items.map((item) => item.track));
    for (const track of [...this.items.keys()]) if (!present.has(track)) this.drop(track);
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
    const known = this.items.get(view.track);
    if (view.place === "gone") return this.drop(view.track);
    const its = known ?? { view, ease: 0, ended: 0 };
    if (known) {
      const jump = this.mm(its, view.at_us) - view.at_mm;
      its.ease = view.place === "belt" && Math.abs(jump) < 1200 ? jump : 0;
      its.easedFrom = this.now;
      if (view.place === "belt") its.ended = 0;
    }
    if (view.place !== "belt" && !known) return undefined;
    const moving = view.place === "belt" ? view : { ...view, at_mm: its.view.at_mm, at_us: its.view.at_us };
    its.place = view.place;
    its.view = moving;
    if (!its.node) this.drawItem(its);
    this.showItem(its);
    this.items.set(view.track, its);
    return undefined;
  }

  drop(track) {
    this.items.get(track)?.node?.remove();
    this.items.delete(track);
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
    for (const its of this.items.values()) {
      this.drawItem(its);
      this.showItem(its);
    }
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

  at(along, across) {
    const a = along.toFixed(1);
    const c = (this.middle + across).toFixed(1);
    return this.upright ? `${c} ${a}` : `${a} ${c}`;
  }

  px(mm) {
    return (mm - this.from) * this.scale;
  }

  // ---- what stands still -------------------------------------------------------------------------------------------

  paint(length) {
    const half = this.thick / 2;
    const { portal, check, decision_mm: decision } = this.layout;
    this.layer = svg("g");
    this.running = svg("path", {
      class: "running",
      d: `M${this.at(0, -half * 0.5)}L${this.at(length, -half * 0.5)}M${this.at(0, half * 0.5)}L${this.at(length, half * 0.5)}`,
      "stroke-dasharray": `2 ${(this.cleat = 250 * this.scale) - 2}`,
    });
    this.glow = svg("path", {
      class: "field",
      d: this.box(this.px(portal.antenna_mm) - 30, this.px(portal.antenna_mm) + 30, -half, half),
    });
    replace(
      this.root,
      svg("title", { id: `belt-${this.layout.name}` }),
      svg("path", { class: "bed", d: this.box(0, length, -half - 4, half + 4) }),
      svg("path", { class: "deck", d: this.box(0, length, -half, half) }),
      this.running,
      ...[...this.lanes.values()].map((its) => this.paintLane(its)),
      this.marks(length, half),
      this.eye(0, half, t("induction"), 0),
      this.eye(portal.eye_mm, half, null, 1),
      ...(check ? [this.eye(check.eye_mm, half, null, 2)] : []),
      this.line("decision", this.px(decision), -half - 10, half + 6),
      this.label("mark", this.px(decision), -half - 16, t("decision")),
      this.glow,
      this.layer,
      this.arch(this.px(portal.antenna_mm), half),
      this.label("mark strong", this.px(portal.antenna_mm), -half - 30, t("portal")),
      ...(check ? [this.arch(this.px(check.antenna_mm), half), this.label("mark strong", this.px(check.antenna_mm), -half - 30, t("portal.check"))] : []),
    );
    this.name();
  }

  name() {
    const title = this.info.title || this.layout.name;
    const label = t("belt.of", { title, count: this.items.size });
    this.root.setAttribute("aria-label", label);
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

  arch(along, half) {
    return svg(
      "g",
      { class: "arch" },
      svg("path", { class: "roof", d: this.box(along - 7, along + 7, -half - 4, half + 4) }),
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
    its.level.setAttribute("d", this.chutePath(lane, this.chute * (1 - level), this.chute));
    const place = (node, a, c, anchor) => {
      const [x, y] = this.at(along + a, across + c).split(" ");
      node.setAttribute("x", x);
      node.setAttribute("y", y);
      node.setAttribute("text-anchor", anchor);
    };
    const room = this.upright ? 110 : this.spacing - 4;
    if (its.named !== room) {
      const [one, other] = this.upright ? [`${lane.number} ${lane.name}`, ""] : halves(lane.name, room);
      const [first, second] = its.words.childNodes;
      const written = [fit(first, one, String(lane.number), room), fit(second, other, "…", room)];
      its.named = written.every(Boolean) ? room : 0;
    }
    its.number.textContent = view ? view.count : "";
    if (this.upright) {
      place(its.words, -4, 12, "start");
      place(its.number, 12, 12, "start");
    } else {
      const second = its.words.lastChild;
      place(its.words, 0, !this.two ? 18 : second.textContent ? 16 : 23, "middle");
      second.setAttribute("x", its.words.getAttribute("x"));
      second.setAttribute("dy", 14);
      place(its.number, 0, this.two ? 48 : 36, "middle");
    }
    const states = [];
    if (view?.disabled) states.push(t("lane.disabled"));
    if (view?.full) states.push(t("lane.full"));
    if (view?.wish) states.push(t(`lane.wish.${view.wish}`));
    its.node.classList.toggle("full", Boolean(view?.full));
    its.node.classList.toggle("disabled", Boolean(view?.disabled));
    its.node.classList.toggle("wished", Boolean(view?.wish));
    its.state.textContent = states.join(" ");
    const by = view?.disabled ? view.by : "";
    if (its.said !== `${by} ${room}`) its.said = fit(its.by, by, by.slice(0, 1), room) ? `${by} ${room}` : "";
    const [sa, sc] = this.chutePoint(lane, this.chute * 0.5);
    const [x, y] = this.at(sa, sc).split(" ");
    its.state.setAttribute("x", x);
    its.state.setAttribute("y", y);
    its.state.setAttribute("text-anchor", "middle");
    its.by.setAttribute("x", x);
    its.by.setAttribute("y", Number(y) + 15);
    its.by.setAttribute("text-anchor", "middle");
    const words = [t("lane.long", { number: lane.number }), lane.name, ...states];
    if (view?.disabled) words.push(offBy(view));
    if (view) words.push(t("lane.count", { count: view.count, time: clock(this.since, false) }), t("lane.minute", { count: minute }));
    its.tip.textContent = words.filter(Boolean).join(" · ");
  }

  // ---- what moves ----------------------------------------------------------------------------------------------------

  drawItem(its) {
    its.node?.remove();
    const mm = its.view.length_mm || TYPICAL_MM[this.layout.job];
    const long = Math.max(9, Math.min(mm, 900) * this.scale);
    const wide = Math.min(this.thick * 0.7, Math.max(this.layout.job === "verify" ? 28 : 16, long * 0.84));
    const [w, h] = this.upright ? [wide, long] : [long, wide];
    its.long = long;
    its.tip = svg("title");
    its.sign = svg("text", { class: "sign", x: this.upright ? 0 : -long / 2, y: this.upright ? -long / 2 + 4 : 4 });
    its.node = svg(
      "g",
      { class: "item", "data-track": its.view.track, onclick: () => this.openItem(its) },
      its.tip,
      svg("rect", {
        x: this.upright ? -w / 2 : -w, y: this.upright ? -h : -h / 2, width: w, height: h, rx: this.layout.job === "verify" ? 6 : 3.5,
      }),
      this.layout.job === "verify" ? this.rim(w, h) : this.tape(w, h),
      its.sign,
    );
    its.seen = null;
    this.layer.append(its.node);
  }

  // A tote is open at the top; a parcel is taped along its middle.
  rim(w, h) {
    const [x, y] = this.upright ? [-w / 2, -h] : [-w, -h / 2];
    return svg("rect", { class: "rim", x: x + 4, y: y + 4, width: w - 8, height: h - 8, rx: 3 });
  }

  tape(w, h) {
    return svg("path", { class: "tape", d: this.upright ? `M0 0V${-h}` : `M0 0H${-w}` });
  }

  openItem(its) {
    this.open(its.view.subject || its.view.order || `${this.layout.name}#${its.view.track}`);
  }

  showItem(its) {
    const { view } = its;
    const lane = this.lanes.get(view.lane)?.lane;
    const odd = ["no-read", "ambiguous", "contradiction", "no-order", "cancelled", "quality", "duplicate", "no-lane", "reject", "failed"];
    const kind = this.kind(view, lane, odd);
    its.node.setAttribute("class", `item ${kind} place-${its.place ?? "belt"}`);
    const hue = this.hues.get(lane?.carrier);
    if (hue === undefined) its.node.style.removeProperty("--hue");
    else its.node.style.setProperty("--hue", hue);
    its.sign.textContent = { verified: "✓", refused: "✕", odd: "!", again: "↻" }[kind] ?? "";
    const words = [view.subject ? short(view.subject) : t("track", { id: view.track })];
    if (view.order) words.push(t("order", { id: view.order }));
    if (lane) words.push(t("lane.short", { number: lane.number, name: lane.name }));
    if (view.reason) words.push(t(`reason.${view.reason}`));
    its.tip.textContent = words.join(" · ");
  }

  kind(view, lane, odd) {
    if (view.verdict) return view.verdict;
    if (odd.includes(view.reason)) return "odd";
    if (view.reason === "recirculate") return "again";
    return lane ? "sent" : "unsent";
  }

  mm(its, us) {
    const base = its.view.at_mm + ((us - its.view.at_us) * this.layout.speed_mm_s) / 1e6;
    const left = its.ease ? its.ease * Math.exp(-Math.max(0, us - its.easedFrom) / 160_000) : 0;
    return base + left;
  }

  // Moves everything to where it is at a time.
  frame(nowUs) {
    this.now = nowUs - BEHIND_US;
    if (!this.scale) return;
    const run = ((this.now / 1e6) * this.layout.speed_mm_s * this.scale) % this.cleat;
    this.running.setAttribute("stroke-dashoffset", -run);
    const { antenna_mm: antenna } = this.layout.portal;
    let inField = false;
    for (const its of this.items.values()) {
      const mm = this.mm(its, this.now);
      const lane = this.lanes.get(its.view.lane)?.lane;
      const off = lane ? (mm - lane.divert_mm) * this.scale : 0;
      let along = this.px(mm);
      let across = 0;
      let seen = 1;
      if (lane && off > 0) {
        const down = Math.min(off * 0.95, (its.place === "lane" ? 0.96 : 0.4) * this.chute + this.thick / 2);
        const below = Math.max(0, down - this.thick / 2);
        along = this.px(lane.divert_mm) + Math.min(down, this.thick / 2) * 0.36 + this.slant * (below / this.chute);
        along += its.long / 2;
        across = down;
        if (its.place === "lane" && down >= 0.9 * this.chute) its.ended ||= this.now;
      } else if (mm > this.to) {
        its.ended ||= this.now;
      }
      if (its.place === "lost") its.ended ||= this.now;
      if (its.ended) seen = Math.max(0, 1 - (this.now - its.ended) / 350_000);
      if (mm < this.from) seen = 0;
      if (mm >= antenna - 100 && mm - (its.view.length_mm || 300) <= antenna + 100 && !off) inField = true;
      const [x, y] = this.at(along, across).split(" ");
      its.node.setAttribute("transform", `translate(${x} ${y})`);
      if (its.seen !== seen) its.node.setAttribute("opacity", (its.seen = seen)); // each time its style is made anew
      if (its.ended && seen === 0 && its.place !== "belt") this.drop(its.view.track);
    }
    this.glow.classList.toggle("on", inField);
  }

  // Once a second: what time alone changes.
  second() {
    for (const its of this.lanes.values()) this.showLane(its);
    this.name();
  }
}
