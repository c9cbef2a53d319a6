// A shared station locks itself: nothing of what is on it stays when nobody touches it for a while.
// Public names: none.

const idle = Number(document.body.dataset.lock) * 1000;
let last = Date.now();
const touched = () => {
  last = Date.now();
};
for (const kind of ["keydown", "pointerdown"]) addEventListener(kind, touched, { passive: true });
setInterval(() => {
  if (Date.now() - last > idle) location.replace(`/login?said=locked&next=${encodeURIComponent(location.pathname + location.search)}`);
}, 1000);
