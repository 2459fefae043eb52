// Loaded into npm and everything that it starts: looks up no host but the registry's.
const dns = require("node:dns");
const { lookup } = dns;
const registry = new URL(process.env.REGISTRY).hostname;

dns.lookup = (host, ...rest) => {
  if (![registry, "localhost", "127.0.0.1"].includes(host)) {
    console.error(`.ci/only-registry.cjs: ${host} was asked for`);
    process.exit(1);
  }
  return lookup(host, ...rest);
};
