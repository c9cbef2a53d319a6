// The list of alarms drawn anew whenever one changes, by the server that drew it first.
// Public names: none.

import { follow } from "./link.js";
import { localTimes } from "./orders.js";

const list = document.getElementById("list");
let asked = false;

async function renew() {
  if (asked) return; // one is under way and will be asked again
  asked = true;
  await new Promise((done) => setTimeout(done, 250));
  asked = false;
  const answer = await fetch("/alarms").catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = fresh.getElementById("list");
  const before = document.activeElement?.closest("[data-alarm]")?.dataset.alarm;
  if (!now) return;
  localTimes(now);
  list.replaceChildren(...now.childNodes);
  document.querySelector("#work h2").replaceWith(fresh.querySelector("#work h2"));
  if (before) list.querySelector(`[data-alarm="${CSS.escape(before)}"] :is(button, a)`)?.focus();
}

follow("/api/live", (kind, value) => {
  if (kind === "snapshot" || (kind === "changes" && value.alarms.length)) renew();
}, () => {});
