import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { mulberry32, normal } from "../../src/core/rng.ts";
import type { ClassRows, RemedyBlock } from "../../src/remedy/rows.ts";
import type { Setting } from "../../src/settings.ts";

/** Maps of drawn cells, as `scripts/make-remedy-fixtures.py` has them. */
export interface MapCase {
  readonly name: string;
  readonly dimension: number;
  readonly train: readonly ClassRows[];
  readonly shrinkage: number;
  /** Dimension x dimension. */
  readonly project: Float64Array;
  readonly whiten: Float64Array;
  readonly leace: Float64Array;
  readonly mean: Float64Array;
  /** Probabilities of every fourth row of the groups class x background. */
  readonly dfr: Float64Array;
}

type Written = Record<Exclude<keyof MapCase, "name" | "dimension" | "train" | "shrinkage">, string> &
  Pick<MapCase, "name" | "dimension" | "shrinkage"> & {
    classes: { blocks: [Setting, number][]; cells: number; features: string }[];
  };

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, "base64")).buffer;
const doubles = (text: string) => new Float64Array(bytes(text));

export const mapCases: MapCase[] = (
  JSON.parse(readFileSync(resolve(import.meta.dirname, "../fixtures/remedy/maps.json"), "utf8")) as Written[]
).map((c) => ({
  name: c.name,
  dimension: c.dimension,
  shrinkage: c.shrinkage,
  project: doubles(c.project),
  whiten: doubles(c.whiten),
  leace: doubles(c.leace),
  mean: doubles(c.mean),
  dfr: doubles(c.dfr),
  train: c.classes.map(({ blocks, cells, features }, own) => ({
    own,
    cells,
    dimension: c.dimension,
    blocks: blocks.map(([setting, background]) => ({ setting, background })),
    features: new Float32Array(bytes(features)),
  })),
}));

/** Cells whose every row is the sum of what its class, the cell and the background give. */
export function drawnRows(
  options: { classes?: number; cells?: number; dimension?: number; seed?: number } = {},
): ClassRows[] {
  const { classes = 3, cells = 6, dimension = 5, seed = 3 } = options;
  const random = mulberry32(seed);
  const draw = (n: number, size: number) => Float64Array.from({ length: n }, () => size * normal(random));
  const seen = Array.from({ length: classes }, () => draw(dimension, 1));
  return Array.from({ length: classes }, (_, own): ClassRows => {
    const names = Array.from({ length: classes }, (_, background) => background);
    const blocks: RemedyBlock[] = [
      { setting: "original", background: -1 },
      { setting: "self", background: -1 },
      ...names.map((background) => ({ setting: "cell-free" as const, background })),
      ...names.filter((b) => b !== own).map((background) => ({ setting: "different" as const, background })),
    ];
    const [mine, ...each] = [draw(dimension, 1), ...Array.from({ length: cells }, () => draw(dimension, 1))];
    const features = new Float32Array(blocks.length * cells * dimension);
    blocks.forEach(({ background }, b) => {
      for (let i = 0; i < cells; i++)
        for (let j = 0; j < dimension; j++)
          features[(b * cells + i) * dimension + j] =
            mine[j] + each[i][j] + seen[background < 0 ? own : background][j] + 0.2 * normal(random);
    });
    return { own, cells, dimension, blocks, features };
  });
}

/** Largest difference of two lists of one length. */
export function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`${a.length} numbers and ${b.length}`);
  let far = 0;
  for (let i = 0; i < a.length; i++) far = Math.max(far, Math.abs(a[i] - b[i]));
  return far;
}
