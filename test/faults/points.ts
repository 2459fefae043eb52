import { mulberry32, namedSeed } from "../../src/core/rng.ts";
import type { Operation } from "./harness.ts";

/** Where a command is killed: before an operation, or in the middle of it where it writes bytes. */
export interface KillPoint {
  readonly at: number;
  readonly half: boolean;
}

/** All points of a command with this record, or `most` of them drawn evenly, in the order of the operations. */
export function killPoints(operations: readonly Operation[], most: number, name: string): KillPoint[] {
  const all = operations
    .filter(({ op }) => op !== "look")
    .flatMap(({ op }, i) => [
      { at: i + 1, half: false },
      ...(op === "write" ? [{ at: i + 1, half: true }] : []),
    ]);
  if (all.length <= most) return all;
  const random = mulberry32(namedSeed(1, name));
  return Array.from({ length: most }, (_, k) => all[Math.floor(((k + random()) * all.length) / most)]);
}
