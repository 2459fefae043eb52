import { rmSync } from "node:fs";
import { join } from "node:path";
import { mulberry32, namedSeed } from "../../src/core/rng.ts";
import { Disk, LOSSES, stateKey, write } from "./disk.ts";
import { check, type Prepared, type Product, read } from "./harness.ts";

/** What power cuts at many moments of a command showed. */
export class PowerCuts {
  /** Operations after which the power was cut, states of the disk that followed, and those among them that differ. */
  prefixes = 0;
  states = 0;
  looked = 0;
  old = 0;
  new = 0;
  refused = 0;
  readonly faults: string[] = [];
  /** What next runs refused. */
  readonly refusals: string[] = [];

  add(other: PowerCuts): void {
    for (const key of ["prefixes", "states", "looked", "old", "new", "refused"] as const)
      this[key] += other[key];
    this.faults.push(...other.faults);
    this.refusals.push(...other.refusals);
  }

  toString(): string {
    return `${this.prefixes} prefixes, ${this.states} states, ${this.looked} that differ looked at: ${this.old} old, ${this.new} new, ${this.refused} refused; ${this.refusals.length} next runs refused; ${this.faults.length} faults`;
  }
}

/** Cuts the power after every operation of a command; of the states that differ at most `most` are looked at, drawn evenly. */
export async function cutPower(product: Product, prepared: Prepared, most: number): Promise<PowerCuts> {
  const { base, template, operations, scenario } = prepared;
  const cuts = new PowerCuts();
  const root = join(base, "whole");
  const differing = new Map<string, { prefix: number; loss: (typeof LOSSES)[number] }>();
  walk((prefix, disk) => {
    for (const loss of LOSSES) {
      cuts.states++;
      const key = stateKey(disk.after(loss));
      if (!differing.has(key)) differing.set(key, { prefix, loss });
    }
    cuts.prefixes++;
  });
  const random = mulberry32(namedSeed(2, scenario.name));
  const all = [...differing.values()];
  const chosen = new Set(
    all.length <= most
      ? all
      : Array.from({ length: most }, (_, k) => all[Math.floor(((k + random()) * all.length) / most)]),
  );
  const disk = new Disk(template, root);
  let done = 0;
  for (const { prefix, loss } of chosen) {
    while (done < prefix) disk.apply(operations[done++]);
    const folder = join(base, `cut-${prefix}-${loss}`);
    write(disk.after(loss), folder);
    cuts.looked++;
    const found = scenario.read === null ? null : await read(scenario, folder);
    if (found !== null)
      if (found === prepared.old) cuts.old++;
      else if (found === prepared.new) cuts.new++;
      else cuts.refused++;
    // A refusal is right where bytes are lost; what is wrong then is damage that passes, or a next run that makes it so.
    for (const fault of await check(product, prepared, folder)) {
      const where = `${scenario.name}, after operation ${prefix}, ${loss}: ${fault}`;
      if (/^neither old nor new: (?:refused|damaged)/.test(fault)) continue;
      if (/^the next run: /.test(fault) && !fault.includes("unexpected")) cuts.refusals.push(where);
      else cuts.faults.push(where);
    }
    rmSync(folder, { recursive: true, force: true });
  }
  return cuts;

  function walk(at: (prefix: number, disk: Disk) => void): void {
    const walked = new Disk(template, root);
    at(0, walked);
    operations.forEach((operation, i) => {
      walked.apply(operation);
      if (operation.op !== "look") at(i + 1, walked);
    });
  }
}
