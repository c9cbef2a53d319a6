// The page: keeps the picture, hands it to its parts, and lets people ask and act.

import { keepName, nameKept, openAlarm } from "./alarms.js";
import { Belt } from "./belt.js";
import { el, replace } from "./dom.js";
import { History } from "./history.js";
import { ask, follow, gone, needToken, tell } from "./link.js";
import { Lookup } from "./lookup.js";
import { Points, openPoint, points } from "./points.js";
import { Sound } from "./sound.js";
import { attention, devices, figures, machines, needs, offBy, refusal, verdicts, worst } from "./panels.js";
import { askToken } from "./token.js";
import { LANGUAGES, clock, language, setLanguage, t } from "./words.js";

const $ = (id) => document.getElementById(id);
const KEEP_VERDICTS = 40;
const KEEP_ANOMALIES = 60;
const QUIET_US = 15_000_000;

const state = {
  site: "", lines: [], devices: new Map(), machines: new Map(), anomalies: [], alarms: new Map(), points: new Points(),
  health: null, since: 0, described: "",
  link: "connecting", heard: 0, offset: null,
};
const byName = new Map();
let lookup = null;
let stale = true;
const asked = new URLSearchParams(location.search);
const screen = asked.has("screen"); // a picture on a wall: nothing to press
const sound = new Sound($("sound"));
const history = new History($("spans"), $("history"), () => {
  stale = true;
});

// ---- what the server says -----------------------------------------------------------------------------------------

function line(info) {
  const made = { info, lanes: new Map(), verdicts: [], counts: {}, reaction: { count: 0 } };
  made.belt = new Belt(info, (key) => lookup.open(key), openLane);
  made.view = el("section", { class: `line ${info.layout.job}` },
    el("h2", {}, info.title || info.layout.name, el("small", {})), made.belt.stage);
  return made;
}

// Host time minus this browser's: the message that came fastest tells it best.
function hear(nowUs) {
  const offset = nowUs - Date.now() * 1000;
  if (state.offset === null || offset > state.offset) state.offset = offset;
  else state.offset -= Math.min(2000, state.offset - offset);
  state.heard = Date.now();
  state.link = "live";
}

// Behind a break of the connection the lines may be others.
async function lookAgain() {
  const answer = await ask("/api/lines").catch(() => null);
  if (answer?.ok && state.described && JSON.stringify(answer.value) !== state.described) location.reload();
}

function on(kind, value) {
  hear(value.now_us);
  if (kind === "snapshot") {
    takeSnapshot(value);
    lookAgain();
  }
  else if (kind === "changes") takeChanges(value);
  else if (kind === "health") takeHealth(value);
}

function takeSnapshot(value) {
  state.since = value.since_us;
  for (const its of state.lines) {
    const view = value.lines[its.info.layout.name];
    if (!view) continue;
    its.lanes = new Map(view.lanes.map((lane) => [lane.number, lane]));
    its.verdicts = view.verdicts;
    its.counts = view.counts;
    its.reaction = view.reaction;
    its.belt.snapshot(view, state.since);
  }
  state.devices = new Map(value.devices.map((device) => [device.name, device]));
  state.machines = new Map(value.machines.map((machine) => [machine.line, machine]));
  state.anomalies = value.anomalies;
  state.points.take(value.points);
  state.alarms = new Map(value.alarms.map((alarm) => [alarm.alarm, alarm]));
  stale = true;
}

function takeChanges(value) {
  state.since = value.since_us;
  for (const [name, change] of Object.entries(value.lines)) {
    const its = byName.get(name);
    if (!its) continue;
    for (const item of change.items) its.belt.setItem(item);
    for (const lane of change.lanes) {
      its.lanes.set(lane.number, lane);
      its.belt.setLane(lane);
    }
    for (const verdict of change.verdicts) {
      const same = (known) => known.passage === verdict.passage && known.track === verdict.track;
      its.verdicts = [verdict, ...its.verdicts.filter((known) => !same(known))].slice(0, KEEP_VERDICTS);
    }
    its.counts = change.counts ?? its.counts;
    its.reaction = change.reaction ?? its.reaction;
  }
  for (const device of value.devices) state.devices.set(device.name, device);
  state.points.take(value.points);
  for (const machine of value.machines) state.machines.set(machine.line, machine);
  for (const alarm of value.alarms) {
    if (alarm.state === "normal") state.alarms.delete(alarm.alarm);
    else state.alarms.set(alarm.alarm, alarm);
  }
  for (const anomaly of value.anomalies) state.anomalies.unshift(anomaly);
  state.anomalies.length = Math.min(state.anomalies.length, KEEP_ANOMALIES);
  stale = true;
}

function takeHealth(value) {
  const before = JSON.stringify(state.health?.troubles);
  state.health = value;
  if (before !== JSON.stringify(value.troubles)) stale = true;
}

// ---- what people see ------------------------------------------------------------------------------------------------

function status() {
  const node = $("status");
  const age = state.heard ? Math.round((Date.now() - state.heard) / 1000) : 0;
  let kind = "live";
  let text = t("status.live");
  const blind = state.health?.troubles.find((its) => its.blind);
  if (state.link === "connecting" && !state.heard) [kind, text] = ["wait", t("status.connecting")];
  else if (state.link === "lost" || age > 4) [kind, text] = ["stale", t("status.stale", { age })];
  else if (blind) [kind, text] = ["stale", t("status.frozen", { what: t(blind.code, blind.values) })];
  else {
    const count = needs(state).length;
    const last = Math.max(0, ...(state.health?.controllers ?? []).map((its) => its.last_us));
    if (last && state.health.now_us - last > QUIET_US) [kind, text] = ["wait", t("status.quiet", { time: clock(last) })];
    if (count) [kind, text] = ["need", t(count === 1 ? "status.attention.one" : "status.attention", { count })];
  }
  if (node.textContent !== text) node.textContent = text;
  node.className = `status ${kind}`;
  document.body.classList.toggle("stale", kind === "stale");
}

function panels() {
  stale = false;
  const since = state.since ? t("figures.since", { time: clock(state.since, false) }) : "";
  replace($("site"), state.site, el("span", { class: "since" }, [state.site && since ? " · " : "", since].join("")));
  figures($("figures"), state.lines.filter((its) => its.counts.inducted !== undefined), history);
  verdicts($("verdicts"), state.lines, (key) => lookup.open(key));
  const act = (alarm) => openAlarm($("alarm"), alarm, (key) => lookup.open(key));
  worst($("worst"), state, act);
  sound.hear(state.alarms);
  attention($("attention"), state, (key) => lookup.open(key), act);
  devices($("devices"), state.devices);
  points($("points"), state.points, (key) => openPoint($("point"), state.points, key, (name) => lookup.open(name)));
  machines($("machines"), state.machines, (line) => byName.get(line)?.info.title || line);
  for (const its of state.lines) its.belt.say(refusal(its, (key) => lookup.open(key)));
}

// Lists are not rebuilt under somebody's fingers.
function busy() {
  return document.activeElement?.closest(".side") !== null && document.activeElement?.matches(":focus-visible");
}

function words() {
  document.documentElement.lang = language();
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t(node.dataset.label));
  for (const node of document.querySelectorAll("[data-hint]")) node.placeholder = t(node.dataset.hint);
  for (const node of document.querySelectorAll("[data-language]")) {
    node.setAttribute("aria-pressed", String(node.dataset.language === language()));
  }
  history.words();
  sound.words();
  for (const its of state.lines) its.view.querySelector("h2 small").textContent = t(`job.${its.info.layout.job}`);
  size();
  panels();
  status();
  if ($("story").open) lookup.render();
}

// On a desk the lines share the height that is left; on a phone the page is as long as it needs.
function size() {
  const wide = innerWidth > 1180;
  const others = state.lines.length - 1;
  const rows = 1 + Math.ceil(others / 2);
  const left = innerHeight - $("lines").getBoundingClientRect().top - scrollY - 20 - (rows - 1) * 14;
  state.lines.forEach((its, at) => {
    const stage = its.view.querySelector(".stage");
    const part = at === 0 ? (others ? 0.54 : 1) : 0.46 / Math.max(1, rows - 1);
    const height = wide ? Math.max(190, Math.min(520, left * part - 47)) : 270;
    if (stage.clientWidth > 50) its.belt.draw(stage.clientWidth, height);
  });
}

function openLane(belt, its) {
  const dialog = $("lane");
  const { lane, view } = its;
  const disabled = Boolean(view?.disabled);
  const verb = disabled ? "enable" : "disable";
  const note = el("p", { class: "note", role: "status" });
  const name = el("input", { id: "by", required: true, maxlength: 80, autocomplete: "name", value: nameKept() });
  const send = async (event) => {
    event.preventDefault();
    keepName(name.value.trim());
    const path = `/api/lines/${encodeURIComponent(belt.layout.name)}/lanes/${lane.number}`;
    const answer = await tell(path, { enabled: disabled, by: name.value.trim() }).catch(gone);
    note.textContent = answer.ok ? t("lane.asked") : t("failed", { why: answer.value.problems.join("; ") });
    if (answer.ok) setTimeout(() => dialog.close(), 900);
  };
  const states = [view?.full && t("lane.full"), disabled && t("lane.disabled"), disabled && offBy(view)].filter(Boolean).join(" · ") || t("lane.open");
  replace(
    dialog,
    el("h2", { id: "lane-title" }, `${belt.info.title || belt.layout.name}: ${t("lane.short", { number: lane.number, name: lane.name })}`),
    el("p", {}, [t(`role.${lane.role}`), [lane.carrier, ...lane.services].filter(Boolean).join(" "), states].filter(Boolean).join(" · ")),
    el("p", { class: "note" }, t(`lane.ask.why.${verb}`)),
    el("form", { onsubmit: send },
      el("label", { for: "by" }, t("lane.ask.by")), name,
      el("div", { class: "buttons" },
        el("button", { type: "button", class: "plain", onclick: () => dialog.close() }, t("cancel")),
        el("button", { type: "submit", class: disabled ? "" : "risky" }, t(`lane.ask.${verb}`)))),
    note,
  );
  dialog.showModal();
}

// ---- begin -----------------------------------------------------------------------------------------------------------

async function describe() {
  for (;;) {
    const answer = await ask("/api/lines").catch(() => null);
    if (answer?.ok) return answer.value;
    await new Promise((done) => setTimeout(done, 1000));
  }
}

async function begin() {
  needToken(askToken);
  document.body.classList.toggle("screen", screen);
  document.querySelector("main").inert = screen;
  words();
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      if (button.dataset.language in LANGUAGES) setLanguage(button.dataset.language);
      words();
    });
  }
  const described = await describe();
  state.described = JSON.stringify(described);
  state.lines = described.map(line);
  await state.points.load().catch(() => null);
  // The line with the most lanes first: it needs the whole width.
  state.lines.sort((a, b) => b.info.layout.lanes.length - a.info.layout.lanes.length);
  for (const its of state.lines) byName.set(its.info.layout.name, its);
  replace($("lines"), ...state.lines.map((its) => its.view));
  lookup = new Lookup($("story"), new Map(state.lines.map((its) => [its.info.layout.name, { ...its.info, title: its.info.title || its.info.layout.name }])));
  history.begin(state.lines);
  $("figures").addEventListener("click", () => history.open());
  $("search").addEventListener("submit", (event) => {
    event.preventDefault();
    const key = $("key").value.trim();
    if (key) lookup.find(key);
  });
  if (asked.get("story")) lookup.open(asked.get("story"));
  new ResizeObserver(size).observe($("lines"));
  addEventListener("resize", size);
  words();
  const story = new URLSearchParams(location.search).get("story");
  if (story) lookup.open(story);

  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let last = 0;
  const frame = (at) => {
    requestAnimationFrame(frame);
    if (state.offset === null || (calm.matches && at - last < 400)) return;
    last = at;
    // A picture that is not renewed stops instead of pretending.
    const age = Date.now() - state.heard;
    const now = age > 4000 ? state.heard + 4000 : Date.now();
    for (const its of state.lines) its.belt.frame(now * 1000 + state.offset);
  };
  requestAnimationFrame(frame);
  setInterval(() => {
    for (const its of state.lines) its.belt.second();
    status();
  }, 1000);
  setInterval(() => {
    if (!stale || busy()) return;
    panels();
    status();
  }, 250);
  const answer = await ask("/api/health").catch(() => null);
  if (answer?.ok) state.site = answer.value.site;
  await follow("/api/live", on, () => {
    state.link = "lost";
  });
}

begin();
