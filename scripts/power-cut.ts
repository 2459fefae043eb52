/**
 * Records what every command writes and cuts the power after each operation, on disks that had kept all, or only what was
 * synced, of it: `node --import tsx scripts/power-cut.ts [--states N] [--only NAME]`, after `npm run build`. What is read
 * then must be the old, the new, or refused, and the next run must end in the bytes of an unbroken one, or refuse. Prints a
 * line per command; exit code 1 where damage passes.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Product, prepare } from "../test/faults/harness.ts";
import { cutPower, PowerCuts } from "../test/faults/power.ts";
import { SCENARIOS } from "../test/faults/scenarios.ts";

const { values } = parseArgs({ options: { states: { type: "string" }, only: { type: "string" } } });
const most = values.states === undefined ? Number.POSITIVE_INFINITY : Number(values.states);
const base = mkdtempSync(join(tmpdir(), "cellswap-power-"));
const product = new Product(resolve(import.meta.dirname, "../dist"));
const total = new PowerCuts();
for (const [s, scenario] of SCENARIOS.entries()) {
  if (values.only !== undefined && !scenario.name.includes(values.only)) continue;
  const prepared = await prepare(product, scenario, join(base, String(s)));
  const cuts = await cutPower(product, prepared, most);
  console.log(`${scenario.name}: ${cuts}`);
  for (const line of [...cuts.faults.slice(0, 5), ...cuts.refusals.slice(0, 3)])
    console.log(`  ${line.slice(0, 400)}`);
  total.add(cuts);
  rmSync(join(base, String(s)), { recursive: true, force: true });
}
console.log(String(total));
rmSync(base, { recursive: true, force: true });
process.exit(total.faults.length === 0 ? 0 : 1);
