// The menus in the head of every page: one is open at a time, and none when somebody looks elsewhere.
// Public names: none.

const menus = [...document.querySelectorAll("details.menu")];

function close(but) {
  for (const menu of menus) if (menu !== but) menu.open = false;
}

document.addEventListener("click", (event) => close(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && menus.find((menu) => menu.open);
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
