/** Start: `cellswap --help` from the built package against an empty Node program. Build first (`npm run build`). */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { interleaved, option, ratios, record, show, smoke, spread } from "./harness.ts";

const cli = resolve(import.meta.dirname, "../dist/cli.js");

/** Seconds of wall time of `node ...args`. */
function time(...args: string[]): number {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
  if (status !== 0) throw new Error(`node ${args.join(" ")} exits with ${status}`);
  return (performance.now() - start) / 1000;
}

if (!existsSync(cli)) {
  if (!smoke) throw new Error("dist/cli.js is not there; run npm run build");
  console.log("skipped: dist/cli.js is not there; run npm run build");
} else {
  const rounds = await interleaved(
    { "node -e 0": () => time("-e", "0"), "cellswap --help": () => time(cli, "--help") },
    Number(option("rounds", "25")),
  );
  const against = ratios(rounds, "cellswap --help", "node -e 0");
  for (const [name, values] of Object.entries(rounds))
    console.log(`${name}: ${show(values.map((s) => s * 1000))} ms`);
  console.log(`cellswap --help / node -e 0: ${show(against, 2)}`);
  record("start", { helpOfEmpty: spread(against), rounds: against.length });
}
