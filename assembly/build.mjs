// Compiles the kernels and embeds them: `node assembly/build.mjs`; with `--check` only compares what is there.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const target = join(root, "src/evaluate/svm/kernels.generated.ts");
const folder = mkdtempSync(join(tmpdir(), "kernels-"));
const options = ["-O3", "--runtime", "stub", "--noAssert", "--enable", "simd", "--importMemory"];
try {
  const wasm = join(folder, "kernels.wasm");
  execFileSync(
    process.execPath,
    [join(root, "node_modules/assemblyscript/bin/asc.js"), join(root, "assembly/index.ts"), "-o", wasm, ...options],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  const text = `// Written by assembly/build.mjs from assembly/*.ts; do not edit.\n\n/** The compiled kernels, base64. */\nexport const KERNELS =\n  "${readFileSync(wasm).toString("base64")}";\n`;
  if (process.argv.includes("--check")) {
    if (readFileSync(target, "utf8") !== text) {
      console.error("src/evaluate/svm/kernels.generated.ts is out of date: run `node assembly/build.mjs`");
      process.exitCode = 1;
    }
  } else writeFileSync(target, text);
} finally {
  rmSync(folder, { recursive: true });
}
