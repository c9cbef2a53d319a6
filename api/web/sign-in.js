// Shows the token once, so that the server knows this browser on the pages that it renders, and goes on to the page.
// Public names: none.

import { needToken, tell } from "./link.js";
import { askToken } from "./token.js";

needToken(askToken);
const next = new URLSearchParams(location.search).get("next") ?? "";
while (!(await tell("/api/v1/page-session", {})).ok);
location.replace(/^\/[a-z]/.test(next) ? next : "/orders");
