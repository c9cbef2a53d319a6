// Figures, verdicts, what needs attention, devices.
// Public names: figures, verdicts, refusal, attention, worst, devices, machines, needs, offBy.

import { alarmRow, calling, covers, silent } from "./alarms.js";
import { el, replace } from "./dom.js";
import { plcSeries, spark } from "./history.js";
import { clock, deviceName, has, short, t, told, whole } from "./words.js";

const SLOW_US = 100_000;
const sum = (lines, pick) => lines.reduce((total, line) => total + pick(line), 0);
const share = (part, all) => (all ? `${((100 * part) / all).toFixed(part && part < all ? 1 : 0)} %` : "–");
const ms = (us) => (us / 1000).toFixed(us < 100_000 ? 1 : 0);

// ``history``: what the last minutes are drawn from.
export function figures(node, lines, history) {
  const sort = lines.filter((line) => line.info.layout.job === "sort");
  const verify = lines.filter((line) => line.info.layout.job === "verify");
  const [sorted, verified, all] = [history.of("sort"), history.of("verify"), history.of()];
  const cards = [];
  // ``look``: "alarm" where the number itself is bad, "late" where the one in its note is.
  const card = (key, value, note, drawn, look = "", unit = "") =>
    cards.push(
      el(
        "div",
        { class: `figure ${look}`, "data-figure": key },
        el("span", { class: "label" }, t(`figures.${key}`)),
        el("span", { class: "value", style: { "--long": value.length + unit.length * 0.6 } }, value, unit && el("small", {}, ` ${unit}`)),
        el("span", { class: "note" }, note),
        drawn,
      ),
    );
  const drawn = (its, key, look) => (its?.[key] ? spark(its[key], look) : null);
  const bars = { bars: true };
  const parcels = sum(sort, (line) => line.counts.inducted);
  if (sort.length) card("parcels", whole(sum(sort, (line) => line.counts.per_hour)), t("figures.rate.note"), drawn(sorted, "rate"));
  if (verify.length) {
    card("totes", whole(sum(verify, (line) => line.counts.per_hour)), t("figures.rate.note"), drawn(verified, "rate"));
    const good = sum(verify, (line) => line.counts.totes_verified);
    const bad = sum(verify, (line) => line.counts.totes_refused);
    const note = t("figures.verified.note", { bad: whole(bad), all: whole(good + bad) });
    card("verified", share(good, good + bad), note, drawn(verified, "verified", { least: null }));
  }
  if (sort.length) {
    const unread = sum(sort, (line) => line.counts.no_read);
    const note = t("figures.noread.note", { bad: whole(unread), all: whole(parcels) });
    card("noread", share(unread, parcels), note, drawn(sorted, "noread"));
    const wrong = sum(lines, (line) => line.counts.missorted);
    const lost = sum(lines, (line) => line.counts.lost);
    const failed = sum(lines, (line) => line.counts.failed);
    card("missorted", whole(wrong), t("figures.missorted.note", { lost, failed }), drawn(all, "wrong", bars), wrong + lost > 0 ? "alarm" : "");
    const late = sum(lines, (line) => line.counts.defaulted);
    card("defaulted", whole(late), t("figures.defaulted.note"), drawn(all, "defaulted", bars), late > 0 ? "alarm" : "");
    const slow = sort.filter((line) => line.reaction.count).sort((a, b) => b.reaction.p99_us - a.reaction.p99_us)[0];
    card(
      "reaction",
      slow ? ms(slow.reaction.p50_us) : "–",
      slow ? t("figures.reaction.note", { p99: ms(slow.reaction.p99_us) }) : "",
      drawn(sorted, "p99"),
      !slow || slow.reaction.p99_us <= SLOW_US ? "" : slow.reaction.p50_us > SLOW_US ? "alarm" : "late",
      slow ? t("unit.ms") : "",
    );
  }
  const left = (all?.margin ?? []).filter((us) => us !== null);
  if (left.length) {
    const least = Math.min(...left);
    const note = t("figures.margin.note", { minutes: history.minutes });
    card("margin", ms(least), note, drawn(all, "margin"), least < 0 ? "alarm" : "", t("unit.ms"));
  }
  const plcs = history.window ? plcSeries(history.window) : {};
  const newest = (values) => (values ?? []).findLast((us) => us !== null) ?? null;
  if (newest(plcs.roundtrip) !== null) {
    const age = newest(plcs.heartbeat);
    const note = age === null ? "" : t("figures.plc.note", { age: whole(Math.round(age / 1000)) });
    card("plc", ms(newest(plcs.roundtrip)), note, spark(plcs.roundtrip), "", t("unit.ms"));
  }
  if (all?.alarms) {
    const came = all.alarms.map((count, at) => (count ?? 0) + history.window.alarms[at]);
    card("alarms", whole(came.reduce((a, b) => a + b, 0)), t("figures.alarms.note", { minutes: history.minutes }), spark(came, bars));
  }
  replace(node, ...cards);
}

export function verdicts(node, lines, open) {
  const all = lines.flatMap((line) => line.verdicts.map((verdict) => ({ verdict, title: line.info.title || line.info.layout.name })));
  all.sort((a, b) => b.verdict.at_us - a.verdict.at_us);
  const rows = all.slice(0, 40).map(({ verdict, title }) => {
    const word = verdict.verified ? "verified" : "refused";
    const name = verdict.tote ? short(verdict.tote) : t("tote.unknown");
    const about = verdict.verified
      ? [t("verdict.items", { count: verdict.matched })]
      : verdict.findings.map((finding) => say(finding));
    return el(
      "li",
      { class: word },
      el("button", { type: "button", disabled: !verdict.tote, title: verdict.tote, onclick: () => open(verdict.tote) },
        el("span", { class: "mark", "aria-hidden": "true" }, verdict.verified ? "✓" : "✕"),
        el("span", { class: "what" },
          el("b", {}, name), ` ${t(`verdict.${word}`)}${verdict.final ? "" : ` (${t("verdict.provisional")})`}`,
          el("small", {}, [verdict.order && t("order", { id: verdict.order }), title].filter(Boolean).join(" · "))),
        el("time", {}, clock(verdict.at_us)),
        el("span", { class: "why" }, ...about.map((text) => el("span", {}, text)))),
    );
  });
  replace(node, ...(rows.length ? rows : [el("li", { class: "empty" }, t("verdicts.none"))]));
}

// The newest refused tote of a line, for the room beside its lanes.
export function refusal(line, open) {
  const verdict = line.verdicts.find((known) => !known.verified);
  if (!verdict) return null;
  const name = verdict.tote ? short(verdict.tote) : t("tote.unknown");
  return el("div", { class: "refusal" },
    el("small", {}, `${t("legend.refused")} · ${clock(verdict.at_us)}`),
    el("button", { type: "button", class: "link", disabled: !verdict.tote, onclick: () => open(verdict.tote) }, name),
    ...verdict.findings.slice(0, 3).map((finding) => el("span", {}, say(finding))));
}

function say(finding) {
  if (finding.kind === "unreadable" && !finding.subject) return t("finding.notag");
  const subject = finding.subject.startsWith("(") ? short(finding.subject) : finding.subject;
  return t(`finding.${finding.kind}`, { ...finding, subject });
}

// What speaks for a device, so that it is not said twice.
const ALARM_OF = { "plc": "plc-down.", "host": "fenced.", "reader": "reader-down.", "points": "points-down.", "packml": "packml-down.", "publish": "target-down.", "site-store": "site-store-down.", "journal": "journal-down.", "journal-room": "journal-full.", "disk": "disk-low.", "disk-slow": "disk-slow.", "files": "file-damaged.", "config": "config-refused.", "standby": "no-standby." };
const alarmOf = (device) => {
  const [kind, name] = device.split(/\.(.*)/s);
  return `${ALARM_OF[kind]}${name ?? ""}`;
};

// What people should do something about now: alarms, and lanes, devices, journals, store that no alarm speaks for.
export function needs(state) {
  const found = calling(state.alarms).map((alarm) => ({ kind: "alarm", alarm }));
  for (const its of state.health?.troubles ?? []) {
    const since = its.since_us && t("alarms.since", { time: clock(its.since_us) });
    found.push({ kind: "trouble", text: told(its.said, its.text), detail: [since, told(its.advised, its.advice)].filter(Boolean).join(" · ") });
  }
  for (const device of state.devices.values()) {
    if (device.up === false && !covers(state.alarms, alarmOf(device.name))) {
      found.push({ kind: "trouble", text: t("trouble.device", { name: deviceName(device.name) }), detail: told(device.said, device.reason), at_us: device.since_us });
    }
  }
  for (const line of state.since ? state.lines : []) {
    const { portal, check } = line.info.layout;
    const unheard = (its) => its.readers.map((name) => state.devices.get(`reader.${name}`))
      .filter((device) => device && device.up === null && !covers(state.alarms, alarmOf(device.name)));
    const mute = [portal, check].filter(Boolean).map(unheard);
    // One portal is enough, so both must be unheard.
    for (const device of mute.every((some) => some.length) ? mute.flat() : []) {
      const values = { name: deviceName(device.name), line: line.info.title || line.info.layout.name };
      found.push({ kind: "trouble", text: t("trouble.unheard", values), detail: t("trouble.todo.unheard", values) });
    }
  }
  for (const line of state.lines) {
    for (const lane of line.lanes.values()) {
      for (const word of ["full", "disabled"]) {
        if (!lane[word]) continue;
        if (word === "full" && covers(state.alarms, `lane-full.${line.info.layout.name}.${lane.number}`)) continue;
        const its = line.info.layout.lanes.find((known) => known.number === lane.number);
        const title = line.info.title || line.info.layout.name;
        found.push({
          kind: word,
          text: t("trouble.lane", { line: title, lane: t("lane.short", { number: lane.number, name: its?.name ?? "" }), state: t(`lane.${word}`) }),
          detail: word === "disabled" ? offBy(lane) : "",
        });
      }
    }
  }
  return found;
}

// Who turned a lane off, and when; empty = not known.
export function offBy(lane) {
  if (!lane.off_us) return "";
  return t(lane.by ? "lane.off.by" : "lane.off.machine", { by: lane.by, time: clock(lane.off_us, false) });
}

const RANK = { high: 1, medium: 2, low: 4 };

// The worst first: what blinds us, then what nobody acknowledged by priority, then the rest.
function rank(need) {
  if (need.alarm) return RANK[need.alarm.priority] + (need.alarm.state === "acknowledged" ? 10 : 0);
  return { trouble: 1, full: 3, disabled: 5 }[need.kind];
}

const WORST = 3;

// The three worst, whole, over everything else.
export function worst(node, state, openAlarm) {
  const all = needs(state).map((need, at) => ({ need, at })).sort((a, b) => rank(a.need) - rank(b.need) || a.at - b.at);
  const rows = all.slice(0, WORST).map(({ need }) => (need.alarm ? alarmRow(need.alarm, openAlarm) : needRow(need)));
  const more = all.length - rows.length;
  node.hidden = !rows.length;
  replace(node, el("ol", { class: "feed" }, ...rows),
    more ? el("a", { class: "page more", href: "/alarms" }, t("alarms.worst.more", { count: more })) : null);
}

function needRow(need) {
  return el("li", { class: `need ${need.kind}` },
    el("span", { class: "mark", "aria-hidden": "true" }, "▲"),
    el("span", { class: "what" }, el("b", {}, need.text), need.detail && el("small", {}, need.detail)),
    need.at_us ? el("time", {}, clock(need.at_us)) : null);
}

// Whose own text is for engineers, and stands in plain words in the item's story.
const TECHNICAL = new Set(["command-dropped"]);
const unfolded = new Set();

// Notices of one kind in one row, with what that kind means; unfolded each by itself.
function notices(all, open) {
  const kinds = Map.groupBy(all, (anomaly) => anomaly.code);
  return [...kinds].map(([code, its]) => {
    const title = has(`anomaly.${code}`) ? t(`anomaly.${code}`) : t("anomaly.other");
    const each = its.slice(0, 20).map((anomaly) => {
      const about = anomaly.track_id && anomaly.line ? `${anomaly.line}#${anomaly.track_id}` : anomaly.subject;
      const item = anomaly.track_id ? t("anomaly.item", { track: anomaly.track_id }) : short(anomaly.subject);
      const said = TECHNICAL.has(code) ? [anomaly.line, item] : [told(anomaly.said, anomaly.text)];
      return el("li", { class: "seen" },
        el("button", { type: "button", disabled: !about, onclick: () => open(about) },
          el("span", { class: "mark", "aria-hidden": "true" }, "•"),
          el("span", { class: "what" }, el("small", {}, said.filter(Boolean).join(" · "))), el("time", {}, clock(anomaly.at_us))));
    });
    const fold = (event) => (event.currentTarget.open ? unfolded.add(code) : unfolded.delete(code));
    return el("li", { class: "folded", "data-code": code },
      el("details", { open: unfolded.has(code), ontoggle: fold },
        el("summary", {},
          el("b", {}, its.length > 1 ? t("attention.times", { what: title, count: its.length }) : title), el("time", {}, clock(its[0].at_us)),
          el("small", {}, has(`anomaly.about.${code}`) ? t(`anomaly.about.${code}`) : "")),
        el("ol", { class: "feed" }, ...each)));
  });
}

export function attention(node, state, open, openAlarm) {
  const now = needs(state).map((need) => (need.alarm ? alarmRow(need.alarm, openAlarm) : needRow(need)));
  const seen = notices(state.anomalies, open);
  const quiet = silent(state.alarms).map((alarm) => alarmRow(alarm, openAlarm));
  if (!now.length) now.push(el("li", { class: "empty" }, t("attention.none")));
  if (quiet.length) now.push(el("li", { class: "divider" }, t("alarms.silent")), ...quiet);
  if (seen.length) now.push(el("li", { class: "divider" }, t("attention.noticed")));
  replace(node, ...now, ...seen);
}

export function devices(node, all) {
  const rows = [...all.values()].map((device) => {
    const word = device.up === null ? "unknown" : device.up ? "up" : "down";
    return el("li", { class: word, title: told(device.said, device.reason) }, el("span", { class: "dot", "aria-hidden": "true" }),
      el("span", {}, deviceName(device.name)), el("small", {}, t(`device.${word}`)));
  });
  replace(node, ...rows);
}

const EXECUTE = 6;

// Lines as PackML machines: what the machine itself counts, else what was sorted.
export function machines(node, all, title) {
  const modes = [...all.values()].some((its) => its.mode); // 0 = it says none
  const heads = ["line", "state", "since", ...(modes ? ["mode"] : []), "processed", "defective"];
  node.classList.toggle("few", !modes);
  const counts = new Set(["processed", "defective"]);
  const head = el("tr", {}, ...heads.map((name) => el("th", { class: counts.has(name) ? "count" : "" }, t(`machines.${name}`))));
  const rows = [...all.values()].map((its) => {
    const state = has(`machine.state.${its.state}`) ? t(`machine.state.${its.state}`) : its.state;
    const jams = its.jams.length ? ` (${t("machines.jam", { eyes: its.jams.join(", ") })})` : "";
    const mode = has(`machine.mode.${its.mode}`) ? t(`machine.mode.${its.mode}`) : its.mode;
    return el("tr", { class: its.state === EXECUTE ? "" : "stopped", "data-machine": its.line },
      el("td", {}, title(its.line)), el("td", {}, el("b", {}, state), jams), el("td", {}, its.since_us ? clock(its.since_us) : "–"),
      modes && el("td", {}, mode), el("td", { class: "count" }, its.told_processed < 0 ? its.processed : its.told_processed),
      el("td", { class: "count" }, its.told_defective < 0 ? its.defective : its.told_defective));
  });
  replace(node, el("thead", {}, head), el("tbody", {}, ...rows));
}
