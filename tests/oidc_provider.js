// A provider of OpenID Connect, built on oidc-provider: node oidc_provider.js FOLDER REDIRECT. Says its issuer as JSON.
// Who signs in as "NAME GROUP,GROUP" is of these groups; whatever password is given is right.

import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [folder, redirect] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(`${folder}/node_modules/oidc-provider/lib/index.js`).href);
for (const quiet of ["info", "warn", "error"]) console[quiet] = () => {};

const server = createServer((request, answer) => handle(request, answer));
let handle = () => {};
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: "lanewise", client_secret: "a secret of the client's", redirect_uris: [redirect] }],
    claims: { openid: ["sub"], profile: ["name", "preferred_username", "groups"] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    cookies: { keys: ["of the test"] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => {
        const [name, groups] = id.split(" ");
        return { sub: id, name: `${name} of the provider`, preferred_username: name, groups: (groups ?? "").split(",") };
      },
    }),
  });
  handle = provider.callback();
  process.stdout.write(`${JSON.stringify({ issuer })}\n`);
});
process.stdin.on("end", () => process.exit(0)).resume();
