// What moves on a line's picture: what glides along it, the belt's cleats, the field of its portal.
// Public names: Moving, TYPICAL_MM.
//
// It is drawn on a canvas that lies over the picture: a node for each of a thousand parcels costs more than a frame has.
// What it looks like says style.css alone, read off a sample of each thing that is never shown.

import { el, replace, svg } from "./dom.js";
import { short, t } from "./words.js";

// The picture runs this much behind, so that what is said about an item is known before it is drawn.
const BEHIND_US = 350_000;
const FADE_US = 350_000;
const LIGHT_US = 180_000; // until the field of a portal is lit
export const TYPICAL_MM = { verify: 600, sort: 300 };
const ODD = new Set(["no-read", "ambiguous", "contradiction", "no-order", "cancelled", "quality", "duplicate", "no-lane", "reject", "failed"]);
const SIGNS = { verified: "✓", refused: "✕", odd: "!", again: "↻" };
const SIGN = 18; // pixels that a sign has room in, where its item is smaller
const GRACE = { touch: 8, other: 3 }; // pixels that one may miss an item by

export class Moving {
  // ``belt``: the picture that this lies over; ``open`` is given what a pressed item is looked up by.
  constructor(belt, open) {
    this.belt = belt;
    this.open = open;
    this.items = new Map(); // the newest last
    this.looks = new Map();
    this.sprites = new Map();
    this.lit = this.scale = 0;
    this.inset = [0, 0];
    this.visible = true;
    this.pointer = this.over = null;
    this.canvas = el("canvas", { class: "moving", "aria-hidden": "true" });
    this.canvas.drawn = () => this.drawn(); // so that a page can be asked from outside
    this.context = this.canvas.getContext("2d");
    this.view = el("div", {
      class: "picture",
      onpointermove: (event) => this.point(event.pointerType === "touch" ? null : event),
      onpointerleave: () => this.point(null),
    }, belt.root, this.canvas);
    // Before a lane beneath hears of it. What presses a lane without a pointer has no place of its own (detail 0).
    this.view.addEventListener("click", (event) => {
      const its = event.detail ? this.hit(event, GRACE[event.pointerType] ?? GRACE.other) : null;
      if (!its) return;
      event.stopPropagation();
      this.open(this.key(its));
    }, true);
    this.samples = svg("defs");
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.forget());
    new IntersectionObserver((seen) => {
      this.visible = seen.at(-1).isIntersecting;
    }, { rootMargin: "100px" }).observe(this.canvas);
  }

  // ---- what is so -----------------------------------------------------------------------------------------------

  keep(tracks) {
    for (const track of [...this.items.keys()]) if (!tracks.has(track)) this.items.delete(track);
  }

  set(view) {
    const known = this.items.get(view.track);
    if (view.place === "gone") {
      this.items.delete(view.track);
      return;
    }
    if (view.place !== "belt" && !known) return;
    const its = known ?? { view, ease: 0, ended: 0, seen: 0 };
    if (known) {
      const jump = this.mm(its, view.at_us) - view.at_mm;
      its.ease = view.place === "belt" && Math.abs(jump) < 1200 ? jump : 0;
      its.easedFrom = this.now;
      if (view.place === "belt") its.ended = 0;
    }
    its.place = view.place;
    its.view = view.place === "belt" ? view : { ...view, at_mm: its.view.at_mm, at_us: its.view.at_us };
    its.lane = this.belt.lanes.get(view.lane)?.lane;
    its.kind = this.kind(its);
    its.hue = this.belt.hues.get(its.lane?.carrier);
    this.measure(its);
    this.items.set(view.track, its);
  }

  kind({ view, lane }) {
    if (view.verdict) return view.verdict;
    if (ODD.has(view.reason)) return "odd";
    if (view.reason === "recirculate") return "again";
    return lane ? "sent" : "unsent";
  }

  measure(its) {
    const { layout, scale, thick } = this.belt;
    its.sprite = null;
    if (!scale) return;
    const mm = its.view.length_mm || TYPICAL_MM[layout.job];
    its.long = Math.round(Math.max(9, Math.min(mm, 900) * scale) * 2) / 2; // by half pixels: fewer sprites
    its.wide = Math.min(thick * 0.7, Math.max(layout.job === "verify" ? 28 : 16, its.long * 0.84));
  }

  // What it is looked up by.
  key({ view }) {
    return view.subject || view.order || `${this.belt.layout.name}#${view.track}`;
  }

  words(its) {
    const { view, lane } = its;
    const words = [view.subject ? short(view.subject) : t("track", { id: view.track })];
    if (view.order) words.push(t("order", { id: view.order }));
    if (lane) words.push(t("lane.short", { number: lane.number, name: lane.name }));
    if (view.reason) words.push(t(`reason.${view.reason}`));
    return words.join(" · ");
  }

  // ---- where it is ------------------------------------------------------------------------------------------------

  mm(its, us) {
    const base = its.view.at_mm + ((us - its.view.at_us) * this.belt.layout.speed_mm_s) / 1e6;
    const left = its.ease ? its.ease * Math.exp(-Math.max(0, us - its.easedFrom) / 160_000) : 0;
    return base + left;
  }

  // Moves everything to where it is at a time, and draws it.
  frame(nowUs) {
    const before = this.now ?? 0;
    this.now = nowUs - BEHIND_US;
    const { belt } = this;
    if (!belt.scale) return;
    const { antenna_mm: antenna } = belt.layout.portal;
    let inField = false;
    for (const its of this.items.values()) {
      const mm = this.mm(its, this.now);
      const off = this.move(its, mm);
      if (mm >= antenna - 100 && mm - (its.view.length_mm || 300) <= antenna + 100 && !off) inField = true;
      if (its.ended && its.seen === 0 && its.place !== "belt") this.items.delete(its.view.track);
    }
    const step = Math.abs(this.now - before) / LIGHT_US;
    this.lit = inField ? Math.min(1, this.lit + step) : Math.max(0, this.lit - step);
    if (!this.visible || !this.scale) return;
    if (this.pointer) this.touch();
    this.paint();
  }

  // Its middle, and how much of it is still seen; true = it is off the belt.
  move(its, mm) {
    const { belt } = this;
    const { lane } = its;
    const off = lane ? (mm - lane.divert_mm) * belt.scale : 0;
    let along = belt.px(mm);
    let across = 0;
    if (lane && off > 0) {
      const down = Math.min(off * 0.95, (its.place === "lane" ? 0.96 : 0.4) * belt.chute + belt.thick / 2);
      const below = Math.max(0, down - belt.thick / 2);
      along = belt.px(lane.divert_mm) + Math.min(down, belt.thick / 2) * 0.36 + belt.slant * (below / belt.chute);
      along += its.long / 2;
      across = down;
      if (its.place === "lane" && down >= 0.9 * belt.chute) its.ended ||= this.now;
    } else if (mm > belt.to) {
      its.ended ||= this.now;
    }
    if (its.place === "lost") its.ended ||= this.now;
    its.seen = its.ended ? Math.max(0, 1 - (this.now - its.ended) / FADE_US) : 1;
    if (mm < belt.from) its.seen = 0;
    [its.x, its.y] = belt.spot(along - its.long / 2, across);
    return off > 0;
  }

  // ---- how it is drawn ----------------------------------------------------------------------------------------------

  // Lies over a picture of that size, which is drawn anew.
  fit(width, height, length) {
    const { belt } = this;
    const half = belt.thick / 2;
    const { portal, check } = belt.layout;
    this.size = [width, height];
    this.canvas.style.setProperty("width", `${width}px`);
    this.canvas.style.setProperty("height", `${height}px`);
    this.cleat = 250 * belt.scale;
    const line = (across) => `M${belt.at(0, across)}L${belt.at(length, across)}`;
    this.cleats = new Path2D(line(-half * 0.5) + line(half * 0.5));
    const antenna = belt.px(portal.antenna_mm);
    this.field = new Path2D(belt.box(antenna - 30, antenna + 30, -half, half));
    const roof = (along) => belt.box(along - 7, along + 7, -half - 2, half + 2); // between its posts
    this.roofs = new Path2D([portal, check].filter(Boolean).map((its) => roof(belt.px(its.antenna_mm))).join(""));
    for (const its of this.items.values()) this.measure(its);
    this.resolve();
  }

  // As many pixels as the screen has; a picture that is wider than its room is drawn smaller.
  resolve() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const [whole, high] = this.size;
    const scale = Math.min(width / whole, height / high);
    this.dots = devicePixelRatio;
    this.inset = [(width - whole * scale) / 2, (height - high * scale) / 2];
    this.scale = scale;
    this.canvas.width = Math.round(width * this.dots);
    this.canvas.height = Math.round(height * this.dots);
    this.forget();
  }

  // Colours may be others now.
  forget() {
    this.looks.clear();
    this.sprites.clear();
    for (const its of this.items.values()) its.sprite = null;
  }

  // What style.css says of a thing of these classes: as much of its shape, its rim or tape, and its sign.
  look(classes, hue) {
    const key = `${classes} ${hue}`;
    const known = this.looks.get(key);
    if (known) return known;
    const tote = this.belt.layout.job === "verify";
    const parts = [svg("rect"), tote ? svg("rect", { class: "rim" }) : svg("path", { class: "tape" }), svg("text", { class: "sign" })];
    replace(this.samples, svg("g", { class: classes, style: hue === undefined ? {} : { "--hue": hue } }, ...parts));
    const look = parts.map((part) => this.read(part));
    this.looks.set(key, look);
    return look;
  }

  // The same of a single shape.
  shape(classes) {
    let known = this.looks.get(classes);
    if (!known) {
      const sample = svg("path", { class: classes });
      replace(this.samples, sample);
      this.looks.set(classes, (known = this.read(sample)));
    }
    return known;
  }

  read(node) {
    const style = getComputedStyle(node);
    return {
      fill: style.fill, stroke: style.stroke, width: parseFloat(style.strokeWidth), opacity: Number(style.opacity),
      dashes: (style.strokeDasharray.match(/[\d.]+/g) ?? []).map(Number),
      font: `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`,
    };
  }

  paint() {
    if (this.dots !== devicePixelRatio) this.resolve();
    const { belt, context, canvas } = this;
    const [left, top] = this.inset;
    const scale = this.scale * this.dots;
    const whole = [scale, 0, 0, scale, left * this.dots, top * this.dots];
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.setTransform(...whole);
    const cleats = this.shape("running");
    context.globalAlpha = cleats.opacity;
    context.strokeStyle = cleats.stroke;
    context.lineWidth = cleats.width;
    context.setLineDash([2, this.cleat - 2]);
    context.lineDashOffset = -(((this.now / 1e6) * belt.layout.speed_mm_s * belt.scale) % this.cleat);
    context.stroke(this.cleats);
    const [dark, bright] = [this.shape("field"), this.shape("field on")];
    context.globalAlpha = dark.opacity + (bright.opacity - dark.opacity) * this.lit;
    context.fillStyle = dark.fill;
    context.fill(this.field);
    context.setTransform(1, 0, 0, 1, 0, 0);
    let seen = (context.globalAlpha = 1);
    for (const its of this.items.values()) {
      if (its.seen === 0) continue;
      const sprite = (its.sprite ??= this.sprite(its));
      if (seen !== its.seen) context.globalAlpha = seen = its.seen;
      // On whole pixels, where it costs the least.
      context.drawImage(sprite, Math.round(its.x * scale + whole[4]) - sprite.width / 2, Math.round(its.y * scale + whole[5]) - sprite.height / 2);
    }
    context.setTransform(...whole);
    const roof = this.shape("roof");
    context.globalAlpha = roof.opacity;
    context.fillStyle = roof.fill;
    context.fill(this.roofs);
  }

  sprite(its) {
    const classes = `item ${its.kind}${its.place === "lost" ? " place-lost" : ""}${its === this.over ? " over" : ""}`;
    const key = `${classes} ${its.hue} ${its.long}`;
    let sprite = this.sprites.get(key);
    if (!sprite) this.sprites.set(key, (sprite = this.drawSprite(its, this.look(classes, its.hue))));
    return sprite;
  }

  // A tote is open at the top; a parcel is taped along its middle.
  drawSprite(its, [body, inner, sign]) {
    const { upright, layout } = this.belt;
    const tote = layout.job === "verify";
    const [w, h] = upright ? [its.wide, its.long] : [its.long, its.wide];
    const scale = this.scale * this.dots;
    const sides = [w, h].map((side) => 2 * Math.ceil(((Math.max(side, SIGN) + 4) * scale) / 2));
    const canvas = new OffscreenCanvas(...sides);
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, sides[0] / 2, sides[1] / 2);
    const stroke = (part) => {
      context.globalAlpha = part.opacity;
      context.strokeStyle = part.stroke;
      context.lineWidth = part.width;
      context.setLineDash(part.dashes);
      context.stroke();
    };
    context.beginPath();
    context.roundRect(-w / 2, -h / 2, w, h, tote ? 6 : 3.5);
    context.globalAlpha = body.opacity;
    context.fillStyle = body.fill;
    context.fill();
    stroke(body);
    context.beginPath();
    if (tote) {
      context.roundRect(4 - w / 2, 4 - h / 2, w - 8, h - 8, 3);
    } else {
      context.moveTo(upright ? 0 : -w / 2, upright ? -h / 2 : 0);
      context.lineTo(upright ? 0 : w / 2, upright ? h / 2 : 0);
    }
    stroke(inner);
    context.globalAlpha = sign.opacity;
    context.fillStyle = sign.fill;
    context.font = sign.font;
    context.textAlign = "center";
    context.fillText(SIGNS[its.kind] ?? "", 0, 4);
    return canvas.transferToImageBitmap();
  }

  // ---- what lies under a pointer ---------------------------------------------------------------------------------------

  // The newest item at a place of the window; one within ``grace`` pixels where none is hit. What ended is not there.
  hit({ clientX, clientY }, grace) {
    const box = this.canvas.getBoundingClientRect();
    const x = (clientX - box.left - this.inset[0]) / this.scale;
    const y = (clientY - box.top - this.inset[1]) / this.scale;
    const { upright } = this.belt;
    const under = (more) => [...this.items.values()].findLast((its) => {
      const [w, h] = upright ? [its.wide, its.long] : [its.long, its.wide];
      return its.seen === 1 && Math.abs(its.x - x) <= w / 2 + more && Math.abs(its.y - y) <= h / 2 + more;
    });
    return under(0) ?? under(grace) ?? null;
  }

  point(event) {
    this.pointer = event && { clientX: event.clientX, clientY: event.clientY };
    const before = this.over;
    this.touch();
    if (before !== this.over && this.scale) this.paint();
  }

  // Things move under a pointer that rests, too.
  touch() {
    const over = this.pointer && this.hit(this.pointer, GRACE.other);
    if (over !== this.over) {
      for (const its of [this.over, over]) if (its) its.sprite = null;
      this.over = over;
      this.canvas.classList.toggle("over", Boolean(over));
    }
    const title = this.over ? this.words(this.over) : "";
    if (this.canvas.title !== title) this.canvas.title = title;
  }

  // Each that is drawn now: what it is, and the middle of it in the window.
  drawn() {
    const box = this.canvas.getBoundingClientRect();
    return [...this.items.values()].filter((its) => its.seen > 0).map((its) => ({
      key: this.key(its), kind: its.kind, place: its.place, seen: its.seen,
      x: box.left + this.inset[0] + its.x * this.scale, y: box.top + this.inset[1] + its.y * this.scale,
    }));
  }
}
