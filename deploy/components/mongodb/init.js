// Makes the replica set and its users. Runs after every start of the first member; each step may be repeated.
const members = Number(process.env.MEMBERS);
const hosts = Array.from({ length: members }, (_, number) => `mongodb-${number}.mongodb:27017`);
const admin = { user: process.env.ADMIN_USERNAME, pwd: process.env.ADMIN_PASSWORD };
const TRIES = 600; // one a second: then the start fails with the reason, and is made again

function until(what, step) {
  for (let tries = 1; ; tries += 1) {
    try {
      const result = step(); // not 'return step()': mongosh would wait for it outside of this try
      return result;
    } catch (error) {
      if (tries === TRIES) throw new Error(`gave up: ${what}: ${error.message}`);
      print(`waiting: ${what}: ${error.message}`);
      sleep(1000);
    }
  }
}

function must(condition, text) {
  if (!condition) throw new Error(text);
}

// What mongorestore needs to replay what was written during a dump: the role 'restore' is not enough for it.
const REPLAY = { role: "marktplatzOplogReplay", db: "admin" };
const WHOLE_SERVER = {
  STORE_BACKUP: [{ role: "backup", db: "admin" }],
  STORE_RESTORE: [{ role: "restore", db: "admin" }, REPLAY],
};

// A store's account lies in its database, mongodb://USER:PASSWORD@HOSTS/DATABASE?replicaSet=rs0, those of backup and restore in
// 'admin'. Their URLs name no database: mongodump would dump that one alone, and refuses to with --oplog.
function accountOf(variable) {
  const whole = variable in WHOLE_SERVER;
  const form = whole ? "/?authSource=admin&replicaSet=rs0" : "/DATABASE?replicaSet=rs0";
  const parts = process.env[variable].match(/^mongodb:\/\/([^:@/]+):([^@/]+)@[^/]+\/([^?/]*)(\?.*)?$/);
  must(parts && (parts[3] === "") === whole, `${variable} must be mongodb://USER:PASSWORD@HOSTS${form}`);
  const [user, pwd, path] = parts.slice(1, 4).map((part) => decodeURIComponent(part));
  if (whole) return { user: user, pwd: pwd, database: "admin", roles: WHOLE_SERVER[variable] };
  return { user: user, pwd: pwd, database: path, roles: [{ role: "readWrite", db: path }] };
}

function direct(host) {
  return connect(`mongodb://${host}/admin?directConnection=true&serverSelectionTimeoutMS=5000`);
}

// A member that has lost its data must wait until the others take it in again: a set of its own would be a second truth.
function mayInitiate(local) {
  return hosts.slice(1).every((host) => !direct(host).hello().setName) && !local.hello().setName;
}

function initiate(local) {
  if (!local.hello().setName && mayInitiate(local)) {
    local.adminCommand({ replSetInitiate: { _id: "rs0", members: [{ _id: 0, host: hosts[0] }] } });
  }
  must(local.hello().primary, "no primary yet");
}

function keepAdministrator(local) {
  try {
    local.auth(admin.user, admin.pwd);
    return;
  } catch (error) {
    print(`not signed in as administrator: ${error.message}`);
  }
  try {
    // Only from the member itself, and only while there is no user, does the server allow this without authentication.
    local.createUser({ user: admin.user, pwd: admin.pwd, roles: ["root"] });
  } catch (error) {
    throw new Error(`the administrator's password is not the one in the secret 'mongodb', or the server is away: ${error.message}`);
  }
}

function addMember(client, host) {
  // Read anew at every try: the one before may have counted although its answer got lost.
  const config = client.adminCommand({ replSetGetConfig: 1 }).config;
  if (config.members.some((member) => member.host === host)) return;
  config.version += 1;
  config.members.push({ _id: Math.max(...config.members.map((member) => member._id)) + 1, host: host });
  client.adminCommand({ replSetReconfig: config });
}

function keepReplay(client) {
  const database = client.getSiblingDB(REPLAY.db);
  if (database.getRole(REPLAY.role)) return;
  const privileges = [{ resource: { anyResource: true }, actions: ["anyAction"] }];
  database.createRole({ role: REPLAY.role, privileges: privileges, roles: [] });
}

function keepUser(client, account) {
  const database = client.getSiblingDB(account.database);
  if (database.getUser(account.user)) database.updateUser(account.user, { pwd: account.pwd, roles: account.roles });
  else database.createUser({ user: account.user, pwd: account.pwd, roles: account.roles });
}

if (process.env.HOSTNAME === "mongodb-0") {
  const accounts = Object.keys(process.env).filter((name) => name.startsWith("STORE_")).map(accountOf);
  const local = until("the server starts", () => direct("localhost:27017"));
  until("the replica set", () => initiate(local));
  until("the administrator", () => keepAdministrator(local));
  const credentials = `${encodeURIComponent(admin.user)}:${encodeURIComponent(admin.pwd)}`;
  const client = until("the primary answers", () => connect(`mongodb://${credentials}@${hosts.join(",")}/admin?replicaSet=rs0`));
  hosts.slice(1).forEach((host) => until(`${host} joins`, () => addMember(client, host)));
  if (accounts.some((account) => account.roles.includes(REPLAY))) until(`role ${REPLAY.role}`, () => keepReplay(client));
  accounts.forEach((account) => until(`account ${account.user}`, () => keepUser(client, account)));
}
