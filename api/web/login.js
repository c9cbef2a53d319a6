// The page to sign in: whoever comes by a link from elsewhere is signed in already, and goes on.
// Public names: none.

const session = await fetch("/api/v1/session").then((answer) => answer.json()).catch(() => ({}));
const next = document.querySelector("input[name=next]").value;
if (session.name) location.replace(next);
