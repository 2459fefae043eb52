import { rmSync } from "node:fs";
import { expect } from "vitest";
import { mulberry32 } from "../../src/core/rng.ts";
import { start } from "./command.ts";

/**
 * Runs a command that writes the folder `out` some times and kills it at a drawn moment between two shares of the time
 * `ms` that it takes; each attempt goes on from the last one. One that ends before its kill is begun anew, and killed
 * twice as soon from then on: how long a run takes depends on what else the machine does.
 *
 * @returns the number of kills, at least one
 */
export async function killAtRandom(
  args: (attempt: number) => readonly string[],
  {
    out,
    ms,
    attempts,
    seed,
    between: [low, high],
  }: {
    readonly out: string;
    readonly ms: number;
    readonly attempts: number;
    readonly seed: number;
    readonly between: readonly [number, number];
  },
): Promise<number> {
  const random = mulberry32(seed);
  let kills = 0;
  for (let attempt = 0, takes = ms; attempt < attempts || kills === 0; attempt++) {
    const child = start(args(attempt));
    const timer = setTimeout(() => child.kill("SIGKILL"), takes * (low + (high - low) * random()));
    const { code, errors } = await child.ended;
    clearTimeout(timer);
    expect([0, null], errors.join("\n")).toContain(code);
    if (code === null) kills++;
    else {
      rmSync(out, { recursive: true, force: true });
      takes /= 2;
    }
  }
  return kills;
}
