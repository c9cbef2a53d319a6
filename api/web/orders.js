// Pages that the server renders: times in the reader's zone, that zone for times that are typed, and the name of who types, kept for the next form.
// Public names: localTimes.

export function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.valueOf())) time.textContent = at.toLocaleString(document.documentElement.lang === "en" ? "en-GB" : "zh-TW", { hour12: false, dateStyle: "short", timeStyle: "medium" });
  }
}

localTimes(document);
for (const input of document.querySelectorAll("input[data-zone]")) {
  input.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
}
for (const input of document.querySelectorAll("input[data-keep]")) {
  const key = `lanewise.${input.dataset.keep}`;
  input.value ||= localStorage.getItem(key) ?? "";
  input.form.addEventListener("submit", () => localStorage.setItem(key, input.value));
}
