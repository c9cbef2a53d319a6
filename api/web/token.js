// Asks people for the token of the site, in the page's dialog.
// Public names: askToken.

import { el, replace } from "./dom.js";
import { t } from "./words.js";

let asking = null;

export function askToken() {
  asking ??= new Promise((done) => {
    const dialog = document.getElementById("token");
    const input = el("input", { id: "secret", type: "password", required: true, autocomplete: "off" });
    const give = (event) => {
      event.preventDefault();
      dialog.close(input.value.trim());
    };
    replace(
      dialog,
      el("h2", { id: "token-title" }, t("token.title")), el("p", { class: "note" }, t("token.why")),
      el("form", { onsubmit: give }, el("label", { for: "secret" }, t("token.title")), input,
        el("div", { class: "buttons" }, el("button", { type: "submit" }, t("token.go")))),
    );
    dialog.addEventListener("close", () => {
      asking = null;
      done(dialog.returnValue || null);
    }, { once: true });
    dialog.returnValue = "";
    dialog.showModal();
  });
  return asking;
}
