/**
 * Runs before the dependencies' own install scripts when the package is installed. On Linux that of onnxruntime-node
 * fetches files for CUDA from a host of its own, and the installation fails where that host is out of reach. cellswap
 * runs networks on the CPU: unless the environment says otherwise, the script is told what ONNXRUNTIME_NODE_INSTALL=skip
 * tells it.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, resolve } from "node:path";

const SKIP =
  'if (!Object.keys(process.env).some((name) => /^(npm_config_)?onnxruntime_node_install/i.test(name))) process.env.ONNXRUNTIME_NODE_INSTALL = "skip"; // cellswap\n';

// In the repository package.json's allowScripts and the lock file say the same.
const installed = basename(resolve(import.meta.dirname, "../..")) === "node_modules";
try {
  const script = createRequire(import.meta.url).resolve("onnxruntime-node/script/install.js");
  const text = readFileSync(script, "utf8");
  if (installed && !text.startsWith(SKIP)) {
    // Renamed and not written over: some package managers link the file to one that other projects share.
    writeFileSync(`${script}.new`, SKIP + text);
    renameSync(`${script}.new`, script);
  }
} catch {
  // Not there yet, or not ours to change: the script then does what it does by itself.
}
