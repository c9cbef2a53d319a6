// The last minutes of the key figures: asks for them, draws them small in the figures and larger in a dialog.
// Public names: History, series, plcSeries, spark.

import { el, replace, svg } from "./dom.js";
import { ask } from "./link.js";
import { clock, t, whole } from "./words.js";

const KEEP = "lanewise.minutes";
const MINUTES = [15, 60];
const EVERY_MS = 5000;
const US_AN_HOUR = 3_600_000_000;

const known = (values) => values.filter((value) => value !== null);
const add = (lists) => lists.reduce((total, list) => total.map((value, at) => value + list[at]));
const worst = (lists, pick) => lists[0].map((_, at) => {
  const values = known(lists.map((list) => list[at]));
  return values.length ? pick(...values) : null;
});

// What is drawn of some lines: for each figure its values, oldest first, null where nothing is known.
export function series(window, names) {
  const lines = names.map((name) => window.lines[name]).filter(Boolean);
  if (!lines.length) return {};
  const from = window.known_us ? Math.floor((window.known_us - window.from_us) / window.step_us) : Infinity;
  const count = (key) => add(lines.map((line) => line[key])).map((value, at) => (at < from ? null : value));
  const share = (part, all) => part.map((value, at) => (all[at] ? (100 * value) / all[at] : null));
  const inducted = count("inducted");
  const whole = inducted.length - 1;
  const current = window.now_us - window.from_us - whole * window.step_us;
  const rate = inducted.map((value, at) => {
    // A step that has only just begun says nothing about an hour, nor does the one in which the first record was made.
    if (value === null || at === from || (at === whole && current * 3 < window.step_us)) return null;
    return Math.round((value * US_AN_HOUR) / (at === whole ? current : window.step_us));
  });
  const verified = count("verified");
  const judged = add([verified.map((value) => value ?? 0), add(lines.map((line) => line.refused))]);
  return {
    rate,
    verified: share(verified, judged),
    noread: share(count("no_read"), add(lines.map((line) => line.decided))),
    wrong: count("wrong"),
    defaulted: count("defaulted"),
    alarms: count("alarms"),
    p50: worst(lines.map((line) => line.reaction_p50_us), Math.max),
    p99: worst(lines.map((line) => line.reaction_p99_us), Math.max),
    margin: worst(lines.map((line) => line.margin_us), Math.min),
  };
}

// The PLCs' worst of each point, of all or of one.
export function plcSeries(window, names = Object.keys(window.plcs)) {
  const plcs = names.map((name) => window.plcs[name]).filter(Boolean);
  if (!plcs.length) return {};
  const pick = (key) => worst(plcs.map((plc) => plc[key]), Math.max);
  return { roundtrip: pick("round_trip_us"), heartbeat: pick("heartbeat_age_us") };
}

// A small picture of values. ``bars``: things that are counted; else a line from ``least`` (null = its own
// least) up; ``most``: the scale reaches at least so far.
export function spark(values, { bars = false, least = 0, most = -Infinity, width = 120, height = 22 } = {}) {
  const drawn = svg("svg", { class: "spark", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  const there = known(values);
  const low = Math.min(least ?? Infinity, ...there);
  const high = Math.max(most, ...there, bars ? 1 : low);
  const x = (at) => (at * width) / (values.length - 1);
  const y = (value) => height - 2 - (high > low ? ((value - low) * (height - 4)) / (high - low) : 0);
  drawn.append(svg("line", { class: "ground", x1: 0, x2: width, y1: height - 1, y2: height - 1 }));
  if (bars) {
    const wide = width / values.length;
    values.forEach((value, at) => {
      if (value) drawn.append(svg("rect", { x: at * wide, y: y(value), width: wide * 0.8, height: height - 1 - y(value) }));
    });
    return drawn;
  }
  let path = "";
  values.forEach((value, at) => {
    if (value === null) return;
    const alone = (values[at - 1] ?? null) === null;
    path += `${alone ? "M" : "L"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    if (alone && (values[at + 1] ?? null) === null) path += "h1";
  });
  if (path) drawn.append(svg("path", { d: path }));
  return drawn;
}

const percent = (value) => `${value.toFixed(value > 0 && value < 99.95 ? 1 : 0)} %`;
const ms = (us) => `${(us / 1000).toFixed(Math.abs(us) < 100_000 ? 1 : 0)} ${t("unit.ms")}`;
// Of each row: which series, how it is drawn, what is said of it.
const ROWS = [
  ["rate", {}, (values) => t("history.now", { now: whole(values.at(-1)) })],
  ["verified", { least: null }, (values) => t("history.least", { least: percent(Math.min(...values)) })],
  ["noread", {}, (values) => t("history.most", { most: percent(Math.max(...values)) })],
  ["wrong", { bars: true }, (values) => t("history.count", { count: whole(values.reduce((a, b) => a + b, 0)) })],
  ["defaulted", { bars: true }, (values) => t("history.count", { count: whole(values.reduce((a, b) => a + b, 0)) })],
  ["p50", {}, (values) => t("history.most", { most: ms(Math.max(...values)) })],
  ["p99", {}, (values) => t("history.most", { most: ms(Math.max(...values)) })],
  ["margin", {}, (values) => t("history.least", { least: ms(Math.min(...values)) })],
  ["alarms", { bars: true }, (values) => t("history.count", { count: whole(values.reduce((a, b) => a + b, 0)) })],
];
const OF_JOB = { sort: new Set(["verified"]), verify: new Set(["noread", "wrong", "p50", "p99"]) };

// ``lines``: as the page keeps them. ``told``: called when there are newer numbers.
export class History {
  constructor(buttons, dialog, told) {
    this.window = null;
    this.buttons = buttons;
    this.dialog = dialog;
    this.told = told;
    this.lines = [];
    const kept = Number(localStorage.getItem(KEEP));
    this.minutes = MINUTES.includes(kept) ? kept : MINUTES[0];
    buttons.addEventListener("click", (event) => {
      const { minutes, history } = event.target.dataset;
      if (minutes) this.choose(Number(minutes));
      if (history !== undefined) this.open();
    });
    dialog.addEventListener("click", (event) => {
      if (event.target.dataset.minutes) this.choose(Number(event.target.dataset.minutes));
    });
  }

  begin(lines) {
    this.lines = lines;
    this.renew();
    setTimeout(() => this.renew(), EVERY_MS / 4); // a server that has just begun is still reading its journals
    setInterval(() => this.renew(), EVERY_MS);
  }

  choose(minutes) {
    this.minutes = minutes;
    localStorage.setItem(KEEP, String(minutes));
    this.words();
    this.renew();
  }

  // Asks again; what cannot be had stays as it was, and the page says elsewhere that the server is gone.
  async renew() {
    const { minutes } = this;
    const answer = await ask(`/api/history?minutes=${minutes}`).catch(() => null);
    if (!answer?.ok || minutes !== this.minutes) return;
    this.window = answer.value;
    this.told();
    if (this.dialog.open) this.render();
  }

  of(job) {
    return this.window && series(this.window, this.lines.filter((line) => !job || line.info.layout.job === job).map((line) => line.info.layout.name));
  }

  open() {
    this.render();
    this.dialog.showModal();
  }

  chooser() {
    return MINUTES.map((minutes) =>
      el("button", { type: "button", "data-minutes": minutes, "aria-pressed": String(minutes === this.minutes) }, t("history.minutes", { minutes })));
  }

  words() {
    replace(this.buttons, ...this.chooser(), el("button", { type: "button", "data-history": true }, t("history.open")));
    if (this.dialog.open) this.render();
  }

  render() {
    const focused = this.dialog.querySelector(":focus")?.dataset.minutes;
    const since = this.window ? t("history.span", { from: clock(this.window.from_us, false), to: clock(this.window.now_us, false) }) : "";
    replace(this.dialog,
      el("header", {},
        el("h2", { id: "history-title" }, t("history.title"), el("small", {}, ` ${since}`)),
        el("div", { class: "spans", role: "group", "aria-label": t("history.span.label") }, ...this.chooser()),
        el("button", { type: "button", class: "plain", onclick: () => this.dialog.close() }, t("close"))),
      ...(this.window ? [...this.lines.map((line) => this.line(line)), this.plcs()] : []));
    if (focused) this.dialog.querySelector(`[data-minutes="${focused}"]`)?.focus();
  }

  line({ info }) {
    const { name, job, lanes } = info.layout;
    const its = series(this.window, [name]);
    const counted = this.window.lines[name]?.lanes ?? {};
    const rows = ROWS.filter(([key]) => !OF_JOB[job].has(key)).map(([key, look, say]) => this.row(t(`history.${key}`), its[key] ?? [], look, say));
    const most = Math.max(1, ...Object.values(counted).flat());
    const inLanes = lanes.map((lane) =>
      this.row(t("lane.short", lane), counted[lane.number] ?? [], { bars: true, most }, (values) => t("history.items", { count: whole(values.reduce((a, b) => a + b, 0)) })));
    return el("section", { class: "history-line", "data-line": name }, el("h3", {}, info.title || name),
      el("div", { class: "rows" }, el("table", {}, el("tbody", {}, ...rows)), el("table", {}, el("tbody", {}, ...inLanes))));
  }

  plcs() {
    const most = (values) => t("history.most", { most: ms(Math.max(...values)) });
    const table = (key) => el("table", {}, el("tbody", {}, ...Object.keys(this.window.plcs).map((name) =>
      this.row(t(`history.${key}`, { name }), plcSeries(this.window, [name])[key], {}, most))));
    return el("section", { class: "history-line", "data-plcs": true }, el("h3", {}, t("history.plcs")),
      el("div", { class: "rows" }, table("roundtrip"), table("heartbeat")));
  }

  row(label, values, look, say) {
    const there = known(values);
    return el("tr", {}, el("th", { scope: "row" }, label), el("td", {}, spark(values, { ...look, width: 300, height: 26 })),
      el("td", { class: "said" }, there.length ? say(there) : "–"));
  }
}
