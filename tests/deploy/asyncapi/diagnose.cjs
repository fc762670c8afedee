// node diagnose.cjs FOLDER/node_modules < document: print the diagnostics of the AsyncAPI parser as a JSON list.
const path = require("node:path");
const { Parser } = require(path.join(process.argv[2], "@asyncapi", "parser"));

const text = require("node:fs").readFileSync(0, "utf8");
new Parser().parse(text).then(({ document, diagnostics }) => {
  const found = diagnostics.map((one) => `${one.severity} ${one.code} ${one.path.join("/")}: ${one.message}`);
  if (!document && found.length === 0) {
    found.push("the parser made no document");
  }
  process.stdout.write(JSON.stringify(found));
});
