// Makes the replica set and its users. Runs after every start of the first member; each step may be repeated.
const members = Number(process.env.MEMBERS);
const hosts = Array.from({ length: members }, (_, number) => `mongodb-${number}.mongodb:27017`);
const admin = { user: process.env.ADMIN_USERNAME, pwd: process.env.ADMIN_PASSWORD };
const stores = Object.keys(process.env).filter((name) => name.startsWith("STORE_")).map((name) => process.env[name]);

function until(what, step) {
  for (;;) {
    try {
      return step();
    } catch (error) {
      print(`waiting: ${what}: ${error.message}`);
      sleep(1000);
    }
  }
}

function must(condition, text) {
  if (!condition) throw new Error(text);
}

function makeFirstMember() {
  // Only from the member itself, and only while there is no user, does the server allow this without authentication.
  const local = until("the server starts", () => connect("mongodb://localhost:27017/admin?directConnection=true"));
  if (!local.hello().setName) local.adminCommand({ replSetInitiate: { _id: "rs0", members: [{ _id: 0, host: hosts[0] }] } });
  until("there is a primary", () => must(local.hello().primary, "none yet"));
  try {
    must(local.auth(admin.user, admin.pwd), "not yet made");
  } catch (error) {
    local.createUser({ user: admin.user, pwd: admin.pwd, roles: ["root"] });
  }
}

function addMembers(database) {
  const config = database.adminCommand({ replSetGetConfig: 1 }).config;
  const missing = hosts.filter((host) => !config.members.some((member) => member.host === host));
  for (const host of missing) {
    config.version += 1;
    config.members.push({ _id: Math.max(...config.members.map((member) => member._id)) + 1, host: host });
    until(`${host} joins`, () => must(database.adminCommand({ replSetReconfig: config }).ok, "refused"));
  }
}

function keepUser(client, url) {
  const [, user, password, name] = url.match(/^mongodb:\/\/([^:]+):([^@]+)@[^/]+\/([^?]+)/).map(decodeURIComponent);
  const database = client.getSiblingDB(name);
  const backup = user === "backup";
  const roles = backup ? ["backup"] : [{ role: "readWrite", db: name }];
  if (database.getUser(user)) database.updateUser(user, { pwd: password, roles: roles });
  else database.createUser({ user: user, pwd: password, roles: roles });
}

if (process.env.HOSTNAME === "mongodb-0") {
  makeFirstMember();
  const credentials = `${encodeURIComponent(admin.user)}:${encodeURIComponent(admin.pwd)}`;
  const client = until("the primary answers", () => connect(`mongodb://${credentials}@${hosts[0]}/admin?replicaSet=rs0`));
  addMembers(client);
  stores.forEach((url) => until("a user is kept", () => keepUser(client, url)));
}
