// The search in the head of every page: what a scanner types while nobody is in a field goes there, and is looked for.
// Public names: none.

// Nobody types so fast, and no scanner is slower.
const GAP_MS = 60;
const LEAST = 4;
const GS = "\x1d";
const WRITTEN = "textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=submit], [type=button])";
let typed = "";
let last = 0;

// Where a scan belongs on this page: to its station, or to the search.
function field() {
  return document.querySelector("dialog[open]")
    ? null
    : document.querySelector("main input[name=scan]") ?? document.querySelector(".top .search input");
}

addEventListener("keydown", (event) => {
  if (document.activeElement?.closest(WRITTEN)) return;
  if (event.timeStamp - last > GAP_MS) typed = "";
  last = event.timeStamp;
  if (event.key === "Enter") {
    const into = typed.length >= LEAST && field();
    if (into) {
      event.preventDefault();
      event.stopPropagation();
      into.value = typed;
      into.form.requestSubmit();
    }
    typed = "";
    return;
  }
  const key = event.ctrlKey && event.key === "]" ? GS : event.key;
  if (key.length !== 1 || event.metaKey || event.altKey || (event.ctrlKey && key !== GS)) return;
  if (typed) event.preventDefault();
  typed += key;
}, true);

// A live page without stories of its own shows the page of what was found.
document.querySelector("form[data-find]")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const key = event.target.querySelector("input").value.trim();
  if (key) location.assign(`/find?${new URLSearchParams({ q: key })}`);
});
