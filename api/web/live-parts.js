// Parts of a page that the server renders, shown anew every few seconds, but not under somebody's fingers.
// Public names: none.

const EVERY_MS = 5000;

async function renew() {
  if (document.hidden || document.activeElement?.closest("[data-live]")) return;
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    if ([...part.querySelectorAll("input[name=reason]")].some((input) => input.value)) continue;
    const anew = page.getElementById(part.id);
    if (anew) part.replaceChildren(...anew.childNodes);
  }
  document.dispatchEvent(new Event("renewed"));
}

if (document.querySelector("[data-live]")) setInterval(renew, EVERY_MS);
