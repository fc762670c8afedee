// Loaded into the shell before anything else: leads the hosts of the replica set to the ports where the test serves them.
const net = require("net");

const ports = JSON.parse(process.env.MEMBER_PORTS);

for (const name of ["connect", "createConnection"]) {
  const original = net[name];
  net[name] = (options, ...rest) => {
    const port = ports[`${options.host}:${options.port}`];
    return original.call(net, port === undefined ? options : { ...options, host: "127.0.0.1", port: port }, ...rest);
  };
}
