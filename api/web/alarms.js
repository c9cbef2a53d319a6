// Alarms: the list of those that are not normal, and the dialog where people act on one.
// Public names: calling, silent, covers, unseen, alarmRow, openAlarm, nameKept, keepName.

import { el, replace } from "./dom.js";
import { gone, tell } from "./link.js";
import { clock, language, t, told } from "./words.js";

const NAME = "lanewise.name";
const SILENT = new Set(["shelved", "suppressed", "out-of-service"]);
const RANK = { high: 0, medium: 1, low: 2 };
const ANYWHERE = ["shelve", "out-of-service"];
const ACTIONS = {
  "unacknowledged": ["acknowledge", ...ANYWHERE],
  "acknowledged": ANYWHERE,
  "returned-unacknowledged": ["acknowledge", ...ANYWHERE],
  "latched-unacknowledged": ["acknowledge", ...ANYWHERE],
  "latched": ["reset", ...ANYWHERE],
  "shelved": ["unshelve", ...ANYWHERE],
  "suppressed": ANYWHERE,
  "out-of-service": ["in-service"],
  "normal": ANYWHERE,
};

// What was asked for stays asked although the list is drawn anew meanwhile.
const asked = new Set();
const once = (alarm) => `${alarm.alarm} ${alarm.at_us}`;

export const nameKept = () => document.body.dataset.me ?? localStorage.getItem(NAME) ?? "";
export const keepName = (name) => localStorage.setItem(NAME, name);

const urgency = (a, b) =>
  (a.state === "acknowledged") - (b.state === "acknowledged") || RANK[a.priority] - RANK[b.priority] || b.at_us - a.at_us;
export const calling = (alarms) => [...alarms.values()].filter((alarm) => !SILENT.has(alarm.state)).sort(urgency);
export const silent = (alarms) => [...alarms.values()].filter((alarm) => SILENT.has(alarm.state)).sort(urgency);

export const unseen = (alarm) => alarm.state === "unacknowledged";

// Whether an alarm speaks for a device or a lane, so that it is not said twice.
export function covers(alarms, start) {
  return [...alarms.keys()].some((name) => name === start || (start.endsWith(".") && name.startsWith(start)));
}

const place = (alarm) => alarm.alarm.slice(alarm.kind.length + 1);
const title = (alarm) => `${t(`alarm.${alarm.kind}`)}: ${place(alarm)}`;

// A site's own words stay as they are; the defaults are said in the reader's language.
function words(alarm, part) {
  const key = `alarm.${alarm.kind}.${part}`;
  return alarm[part] === t(key, {}, "en") ? t(key) : alarm[part];
}

function about(alarm) {
  return [
    t(`alarms.state.${alarm.state}`), told(alarm.said, alarm.text),
    alarm.first_out && t("alarms.first"), alarm.suppressed_by && t("alarms.because", { alarm: alarm.suppressed_by }),
    alarm.until_us && t("alarms.until", { time: clock(alarm.until_us, false) }), alarm.by && t("alarms.by", { name: alarm.by }),
  ].filter(Boolean).join(" · ");
}

export function alarmRow(alarm, open) {
  const quick = ACTIONS[alarm.state].includes("acknowledge") && nameKept();
  const mark = SILENT.has(alarm.state) ? "–" : alarm.state === "acknowledged" ? "△" : "▲";
  return el("li", { class: `need alarm ${alarm.priority} ${alarm.state}`, "data-alarm": alarm.alarm },
    el("button", { type: "button", onclick: () => open(alarm) },
      el("span", { class: "mark", "aria-hidden": "true" }, mark),
      el("span", { class: "what" }, el("b", {}, title(alarm)), el("small", {}, about(alarm)),
        alarm.active && !SILENT.has(alarm.state) && el("small", { class: "todo" }, words(alarm, "action"))),
      el("time", {}, clock(alarm.at_us))),
    quick && el("button", {
      type: "button", class: "quick", disabled: asked.has(once(alarm)),
      onclick: (event) => acknowledge(event.currentTarget, alarm),
    }, t("alarms.ask.acknowledge")));
}

async function acknowledge(button, alarm) {
  button.disabled = true;
  asked.add(once(alarm));
  const answer = await ask(alarm, "acknowledge", { by: nameKept() });
  if (!answer.ok) {
    button.disabled = false;
    asked.delete(once(alarm));
    button.title = answer.value.problems.join("; ");
  }
  button.blur();
}

function ask(alarm, action, wish) {
  return tell(`/api/alarms/${encodeURIComponent(alarm.alarm)}/${action}`, wish)
    .catch(gone);
}

export function openAlarm(dialog, alarm, story) {
  const note = el("p", { class: "note", role: "status" });
  const name = el("input", { id: "by", required: true, maxlength: 80, autocomplete: "name", value: nameKept() });
  const comment = el("input", { id: "comment", maxlength: 400, autocomplete: "off" });
  const calls = alarm.state === "unacknowledged" || alarm.state === "acknowledged";
  const actions = [...(alarm.kind === "fenced" && calls ? ["take-over"] : []), ...(alarm.kind === "config-refused" ? ["take-config"] : []), ...ACTIONS[alarm.state]];
  const minutes = el("select", { id: "minutes" },
    ...[10, 30, 60, 240, 480].map((count) => el("option", { value: count, selected: count === 30 }, t("alarms.minutes", { count }))));
  const send = async (event) => {
    event.preventDefault();
    const action = event.submitter.value;
    keepName(name.value.trim());
    const wish = { by: name.value.trim(), comment: comment.value.trim() };
    if (action === "shelve") wish.minutes = Number(minutes.value);
    const answer = await ask(alarm, action, wish);
    note.textContent = answer.ok ? t("alarms.asked") : t("failed", { why: answer.value.problems.join("; ") });
    if (answer.ok) setTimeout(() => dialog.close(), 900);
  };
  const parts = ["cause", "consequence", "action"].flatMap((part) => [
    el("dt", {}, t(`alarms.${part}`)), el("dd", { lang: language() }, words(alarm, part)),
  ]);
  replace(
    dialog,
    el("h2", { id: "alarm-title" }, title(alarm)),
    el("p", {}, [t(`alarms.priority.${alarm.priority}`), about(alarm), t("alarms.since", { time: clock(alarm.since_us || alarm.at_us) })].join(" · ")),
    el("dl", {}, ...parts),
    el("form", { onsubmit: send },
      el("label", { for: "by" }, t("lane.ask.by")), name,
      el("label", { for: "comment" }, t("alarms.comment")), comment,
      actions.includes("shelve") && el("label", { for: "minutes" }, t("alarms.shelve.for")), actions.includes("shelve") && minutes,
      el("div", { class: "buttons" },
        el("button", { type: "button", class: "plain", onclick: () => dialog.close() }, t("close")),
        el("button", { type: "button", class: "plain", onclick: () => { dialog.close(); story(alarm.alarm); } }, t("alarms.story")),
        ...actions.map((action) => el("button", { type: "submit", value: action, class: action === "out-of-service" ? "risky" : "" }, t(`alarms.ask.${action}`))))),
    note,
  );
  dialog.showModal();
}
