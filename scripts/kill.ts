/**
 * Kills every command that writes at its writes, and looks at what is left: `node --import tsx scripts/kill.ts [--kills N]
 * [--only NAME] [--part K/N]`, after `npm run build`. Prints a line per command, and one per fault; exit code 1 where there is one.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Product, prepare, trial } from "../test/faults/harness.ts";
import { killPoints } from "../test/faults/points.ts";
import { SCENARIOS } from "../test/faults/scenarios.ts";

const { values } = parseArgs({
  options: { kills: { type: "string" }, only: { type: "string" }, part: { type: "string" } },
});
const most = values.kills === undefined ? Number.POSITIVE_INFINITY : Number(values.kills);
const [part, parts] = (values.part ?? "1/1").split("/").map(Number);
const base = mkdtempSync(join(tmpdir(), "cellswap-kill-"));
const product = new Product(resolve(import.meta.dirname, "../dist"));
let [kills, wrong] = [0, 0];
for (const [s, scenario] of SCENARIOS.entries()) {
  if (values.only !== undefined && !scenario.name.includes(values.only)) continue;
  const prepared = await prepare(product, scenario, join(base, String(s)));
  const points = killPoints(prepared.operations, most, scenario.name).filter(
    (_, i) => i % parts === part - 1,
  );
  let [killed, faulty] = [0, 0];
  for (const { at, half } of points) {
    const result = await trial(product, prepared, at, half);
    if (result.killed) killed++;
    if (result.faults.length > 0) {
      faulty++;
      const where = `${scenario.name}, ${half ? "in" : "before"} operation ${at}`;
      for (const fault of result.faults.slice(0, 3))
        console.log(`  ${where}: ${fault.split("\n")[0].slice(0, 300)}`);
    }
  }
  kills += killed;
  wrong += faulty;
  console.log(
    `${scenario.name}: ${prepared.operations.filter(({ op }) => op !== "look").length} operations, ${killed} kills, ${faulty} with a fault`,
  );
  if (faulty === 0) rmSync(join(base, String(s)), { recursive: true, force: true });
}
console.log(`${kills} kills, ${wrong} with a fault`);
if (wrong === 0) rmSync(base, { recursive: true, force: true });
process.exit(wrong === 0 ? 0 : 1);
