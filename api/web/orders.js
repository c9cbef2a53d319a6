// Pages that the server renders: times in the reader's zone, and the name of who types, kept for the next form.
// Public names: none.

function tellTimes() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.valueOf())) time.textContent = at.toLocaleString(document.documentElement.lang, { dateStyle: "short", timeStyle: "medium" });
  }
}

tellTimes();
document.addEventListener("renewed", tellTimes);
function keepNames() {
  for (const input of document.querySelectorAll("input[data-keep]")) {
    const key = `lanewise.${input.dataset.keep}`;
    input.value ||= localStorage.getItem(key) ?? "";
    input.form.addEventListener("submit", () => localStorage.setItem(key, input.value));
  }
}
keepNames();
document.addEventListener("renewed", keepNames);
