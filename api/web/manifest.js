// A load's manifest as a page to print: manifest.html?load=NAME

import { el, replace } from "./dom.js";
import { ask, gone, needToken } from "./link.js";
import { askToken } from "./token.js";
import { clock, language, t } from "./words.js";

const name = new URLSearchParams(location.search).get("load") ?? "";
const place = document.getElementById("manifest");
document.documentElement.lang = language();
document.title = t("dock.load", { id: name });
needToken(askToken);

const day = (us) => new Date(us / 1000).toLocaleDateString(language() === "en" ? "en-GB" : "zh-TW");

function show({ load, opened_us: opened, closed_us: closed, by, reason, complete, lines }) {
  const count = (status) => lines.filter((line) => line.status === status).length;
  const statuses = ["aboard", "missing", "wrong", "undetermined"].filter((status) => count(status));
  replace(
    place,
    el("h1", {}, t("dock.load", { id: load.id })),
    el("p", {}, [load.dock, load.carrier, ...load.services, load.trailer && t("dock.trailer", { trailer: load.trailer })].filter(Boolean).join(" · ")),
    el("p", {}, [`${day(opened)} ${clock(opened, false)} – ${closed ? clock(closed, false) : "…"}`, t("alarms.by", { name: by }), complete ? t("dock.complete") : reason].filter(Boolean).join(" · ")),
    el("p", {}, statuses.map((status) => `${t(`dock.${status}`)}: ${count(status)}`).join(" · ")),
    el("button", { type: "button", onclick: () => print() }, t("dock.print")),
    el("table", {},
      el("thead", {}, el("tr", {}, ...["number", "parcel", "status", "order", "time"].map((key) => el("th", {}, t(`dock.column.${key}`))))),
      el("tbody", {}, ...lines.map((line, at) => el("tr", { class: line.status === "aboard" ? "" : "bad" },
        el("td", {}, at + 1), el("td", {}, line.parcel), el("td", {}, [t(`dock.${line.status}`), line.note].filter(Boolean).join(": ")),
        el("td", {}, [line.order, line.service].filter(Boolean).join(" ")), el("td", {}, line.at_us ? clock(line.at_us) : ""))))),
    el("p", { class: "sign" }, el("span", {}, t("dock.sign.dock")), el("span", {}, t("dock.sign.driver"))),
  );
}

const answer = await ask(`/api/loads/${encodeURIComponent(name)}`).catch(gone);
if (answer.ok) show(answer.value);
else replace(place, el("p", {}, answer.value.problems.join("; ")));
