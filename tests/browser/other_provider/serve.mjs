// node serve.mjs FOLDER/node_modules: an identity provider for one client, on a free port of this machine.
// Standard input: one line of JSON, the client. Standard output: lines of JSON, first {"issuer": ...}, then what happens.
import { createServer } from "node:http";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import path from "node:path";

console.info = console.log = console.error; // what it notes for developers is no event
const { Provider } = await import(pathToFileURL(path.join(process.argv[2], "oidc-provider", "lib", "index.js")).href);
const lines = createInterface({ input: process.stdin });
const [line] = await once(lines, "line");
const { audience, ...client } = JSON.parse(line);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

const server = createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [client],
  claims: { openid: ["sub"], profile: ["name"] },
  conformIdTokenClaims: false,
  // Its own agent refuses addresses of a private network, where the portal is in a test.
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
  pkce: { required: () => true },
  issueRefreshToken: () => true,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: `Frau ${id}` }) }),
  ttl: { IdToken: 600, Session: 3600, Grant: 3600, RefreshToken: 3600 },
  features: {
    backchannelLogout: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => "urn:marktplatz:apis",
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: "", audience, accessTokenFormat: "jwt", accessTokenTTL: 600, jwt: { sign: { alg: "RS256" } } }),
    },
  },
});
for (const event of ["grant.success", "grant.error", "revocation.error", "backchannel.success", "backchannel.error", "end_session.success", "authorization.error", "server_error"]) {
  provider.on(event, (ctx, second) => say({ event, grant: ctx?.oidc?.params?.grant_type, error: (second instanceof Error ? second : undefined)?.message }));
}
provider.on("grant.revoked", () => say({ event: "grant.revoked" }));
server.on("request", provider.callback());
say({ issuer });
await once(lines, "close");
process.exit(0);
