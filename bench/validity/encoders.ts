/** Encoders against each other: each sees its own features of the same composites. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mean } from "../../src/core/statistics.ts";
import { encoderDifferences } from "../../src/evidence/encoders.ts";
import { STATEMENTS } from "../../src/evidence/statements.ts";
import type { Design } from "./model.ts";
import { makeWorld, type World } from "./model.ts";
import { type BlockFeatures, drawStudy, judge } from "./study.ts";

/** Which features each encoder sees: two of six, which share two, one of all and one of five. */
export const SEEN = [
  [0, 1, 2, 3, 4, 5],
  [4, 5, 6, 7, 8, 9],
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  [0, 2, 4, 6, 8],
];
const COMPARED = ["original", "different", "neighbor"];

export interface EncoderSummary {
  readonly name: string;
  readonly replicates: number;
  readonly adjustment: string;
  /** Per statement: studies in which all intervals hold their differences, and all intervals one by one, percent. */
  readonly statements: readonly { readonly statement: string; readonly all: number; readonly each: number }[];
}

/** The world as an encoder sees it that has these features. */
export function worldSeen(world: World, seen: readonly number[]): World {
  const pick = (v: Float64Array) => Float64Array.from(seen, (j) => v[j]);
  return {
    ...world,
    design: { ...world.design, dimension: seen.length },
    own: world.own.map(pick),
    medium: world.medium.map(pick),
    neighbors: world.neighbors.map(pick),
  };
}

/** A study as an encoder sees it that has these of `d` features. */
export function studySeen(
  d: number,
  study: readonly BlockFeatures[],
  seen: readonly number[],
): BlockFeatures[] {
  return study.map((block) => ({
    ...block,
    features: block.features.map((x) => {
      if (x === undefined) return undefined;
      const out = new Float64Array((x.length / d) * seen.length);
      for (let i = 0, at = 0; at < out.length; i += d) for (const j of seen) out[at++] = x[i + j];
      return out;
    }),
  }));
}

/** Runs (or reads) the replicates of one design. */
export function compareEncoders(design: Design, replicates: number, folder: string): EncoderSummary {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${design.name}.${replicates}.json`);
  if (!existsSync(path)) {
    const world = makeWorld(design);
    const rows: Record<string, number[][]> = {};
    let adjustment = "";
    for (let r = 0; r < replicates; r++) {
      const study = drawStudy(world, r);
      const judged = SEEN.map((seen) =>
        judge(worldSeen(world, seen), studySeen(design.dimension, study, seen)),
      );
      for (const id of COMPARED) {
        const statement = STATEMENTS.find((s) => s.id === id)!;
        const truth = judged.map((j) =>
          mean(
            j.judgments.classes.map((_, c) =>
              statement.terms(j.judgments).reduce((sum, t) => sum + t.weight * j.truth.get(t.setting)![c], 0),
            ),
          ),
        );
        const contestants = judged.map((j, e) => ({ encoder: `${e}`, judgments: j.judgments }));
        const found = encoderDifferences(statement, contestants, world.groups, { flips: 1000, seed: r });
        adjustment = found[0].adjustment;
        (rows[id] ??= []).push(
          found.flatMap((f) => [truth[Number(f.first)] - truth[Number(f.second)], f.low ?? -1, f.high ?? 1]),
        );
      }
    }
    writeFileSync(`${path}.part`, JSON.stringify({ adjustment, rows }));
    renameSync(`${path}.part`, path);
  }
  const { adjustment, rows } = JSON.parse(readFileSync(path, "utf8")) as {
    adjustment: string;
    rows: Record<string, number[][]>;
  };
  return {
    name: design.name,
    replicates,
    adjustment,
    statements: Object.entries(rows).map(([statement, of]) => {
      const pairs = of[0].length / 3;
      const truth = Array.from({ length: pairs }, (_, p) => mean(of.map((row) => row[3 * p])));
      const held = of.map((row) => truth.map((t, p) => row[3 * p + 1] <= t && t <= row[3 * p + 2]));
      return {
        statement,
        all: 100 * mean(held.map((h) => (h.every(Boolean) ? 1 : 0))),
        each: 100 * mean(held.flat().map((h) => (h ? 1 : 0))),
      };
    }),
  };
}
