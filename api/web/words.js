// What people read, in the chosen language: words of the server's table by their codes, numbers, times and names.
// Public names: LANGUAGES, language, setLanguage, t, has, say, told, clock, whole, short, deviceName.
//
// The words stand in edge/views/words/, and nowhere in these files.

const PLACE = /\{(\w+)(?::([^}]*))?\}/g;
// By language: the words by their codes.
export const LANGUAGES = await table();
const KEEP = "lanewise.language";
let current = pick();

async function table() {
  for (;;) {
    const answer = await fetch("/api/words").catch(() => null);
    if (answer?.ok) return answer.json();
    await new Promise((done) => setTimeout(done, 1000));
  }
}

function pick() {
  const kept = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem(KEEP);
  if (kept in LANGUAGES) return kept;
  return navigator.languages.some((name) => name.toLowerCase().startsWith("zh")) ? "zh-Hant" : "en";
}

export function language() {
  return current;
}

export function setLanguage(name) {
  current = name;
  localStorage.setItem(KEEP, name);
}

export function has(code) {
  return code in LANGUAGES[current];
}

// The words of a code: {name} stands for a value, {name:, } for a list with what is written between its values. A value
// may be a code with values again.
export function t(code, values = {}, inLanguage = current) {
  const words = LANGUAGES[inLanguage][code] ?? code;
  return words.replace(PLACE, (place, name, between = "") => word(values[name] ?? place, between, inLanguage));
}

// A value as it stands among words.
export function word(value, between, inLanguage = current) {
  if (Array.isArray(value)) return value.map((one) => word(one, "", inLanguage)).join(between);
  return value.code ? t(value.code, value.values, inLanguage) : String(value);
}

// What the server says in the words of any language, said, where it does; else the text beside it.
export function told(said, text) {
  return said && (!said.code || has(said.code)) ? word(said, "") : (text ?? "");
}

// An entry of a timeline; one that a newer server tells and this page has no words for, in English.
export function say(entry) {
  return has(entry.code) ? t(entry.code, entry.values) : entry.text;
}

const clocks = new Map(); // to make one takes longer than to read it a hundred times

// Time of day of microseconds since 1970.
export function clock(us, seconds = true) {
  const key = `${current} ${seconds}`;
  if (!clocks.has(key)) {
    const options = { hour: "2-digit", minute: "2-digit", hour12: false, ...(seconds && { second: "2-digit" }) };
    clocks.set(key, new Intl.DateTimeFormat(current === "en" ? "en-GB" : "zh-TW", options));
  }
  return clocks.get(key).format(us / 1000);
}

export function whole(number) {
  return number.toLocaleString(current === "en" ? "en-GB" : "zh-TW");
}

// An identity as people say it: a tote by its serial, a parcel by its last digits, an item by article and serial.
export function short(identity) {
  const item = /^\(01\)(\d{14})\(21\)(.+)$/.exec(identity);
  if (item) return t("item", { id: `${item[1].slice(-6)}/${item[2]}` });
  const tote = /^\(8003\)\d{14}(.+)$/.exec(identity);
  if (tote) return t("tote", { id: tote[1] });
  const parcel = /^\(00\)\d*(\d{6})$/.exec(identity);
  if (parcel) return t("parcel", { id: `…${parcel[1]}` });
  return identity;
}

// A device as people say it: plc.sorter, reader.sorter, site-store, journal.
export function deviceName(device) {
  const [kind, name] = device.split(/\.(.*)/s);
  return has(`device.${kind}`) ? t(`device.${kind}`, { name }) : device;
}
