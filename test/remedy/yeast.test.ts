import { expect, test } from "vitest";
import { fitLogistic, predictClasses } from "../../src/evaluate/logistic/logistic.ts";
import { type AffineMap, applyAffine, identityMap } from "../../src/remedy/affine.ts";
import { augmentedBlocks } from "../../src/remedy/augmented.ts";
import { fitLeace } from "../../src/remedy/leace.ts";
import { fitProjection } from "../../src/remedy/project.ts";
import type { ClassRows, RemedyBlock } from "../../src/remedy/rows.ts";
import { fitWhitening } from "../../src/remedy/whiten.ts";
import { hasReference, PROTEINS, type ReferenceFeatures, referenceFeatures } from "../evaluate/reference.ts";

/** Original crops and swapped ones of the real yeast cells in some fields; backgrounds are other proteins'. */
function cells(of: ReferenceFeatures, inside: (field: number) => boolean): ClassRows[] {
  return PROTEINS.map((_, own) => {
    const list = [...of.label.keys()].filter(
      (row) => of.usable[row] && of.label[row] === own && inside(of.field[row]),
    );
    const others = [...PROTEINS.keys()].filter((p) => p !== own);
    const blocks: RemedyBlock[] = [
      { setting: "original", background: -1 },
      ...others.map((background) => ({ setting: "different" as const, background })),
    ];
    const features = blocks.map(({ background }) =>
      background < 0 ? of.pick("original", null, list) : of.pick("inpaint", PROTEINS[background], list),
    );
    const all = new Float32Array(blocks.length * list.length * of.dimension);
    features.forEach((x, b) => {
      all.set(x, b * x.length);
    });
    return { own, cells: list.length, dimension: of.dimension, blocks, features: all };
  });
}

const block = ({ features, cells: n, dimension: d }: ClassRows, b: number) =>
  features.subarray(b * n * d, (b + 1) * n * d);

/** Five-way accuracy on `test`, mean over proteins: of originals, and among other proteins' cells. */
function accuracies(
  train: ClassRows[],
  test: ClassRows[],
  map: AffineMap,
  used: (of: ClassRows) => number[],
) {
  const parts = train.flatMap((of) => used(of).map((b) => ({ of, x: applyAffine(map, block(of, b)) })));
  const x = Float32Array.from(parts.flatMap((p) => [...p.x]));
  const labels = parts.flatMap(({ of }) => new Array<number>(of.cells).fill(of.own));
  const model = fitLogistic(x, labels, map.outputs, PROTEINS.length, { standardize: true, balanced: true });
  const right = (setting: string) => {
    const shares = test.map((of) => {
      const predicted = of.blocks.flatMap((b, at) =>
        b.setting === setting ? [...predictClasses(model, applyAffine(map, block(of, at)))] : [],
      );
      return predicted.filter((p) => p === of.own).length / predicted.length;
    });
    return shares.reduce((sum, s) => sum + s, 0) / shares.length;
  };
  return { original: right("original"), different: right("different") };
}

/** Of an independent run of these remedies in Python: as is, then among other cells under each. */
const KNOWN = {
  deeploc: { original: 0.619, none: 0.305, leace: 0.307, whiten: 0.311, augmented: 0.391 },
  pifia: { original: 0.684, none: 0.506, leace: 0.507, whiten: 0.499, augmented: 0.594 },
} as const;

test.skipIf(!hasReference).each(["deeploc", "pifia"] as const)(
  "real yeast cells, %s: linear maps leave what the neighbors do, swapped crops in training do not",
  (name) => {
    const of = referenceFeatures(name);
    const [train, held] = [cells(of, (field) => field !== 4), cells(of, (field) => field === 4)];
    const originals = () => [0];
    const known = KNOWN[name];
    const none = accuracies(train, held, identityMap(of.dimension), originals);
    expect(Math.abs(none.original - known.original)).toBeLessThan(0.001);
    expect(Math.abs(none.different - known.none)).toBeLessThan(0.001);
    const maps = { leace: fitLeace, whiten: fitWhitening };
    for (const remedy of ["leace", "whiten"] as const) {
      const { different } = accuracies(train, held, maps[remedy](train), originals);
      expect(Math.abs(different - known[remedy]), remedy).toBeLessThan(0.01);
    }
    const projected = accuracies(train, held, fitProjection(train), originals);
    expect(projected.different).toBeLessThan(none.different + 0.03);
    expect(projected.original).toBeLessThan(none.original);
    const augmented = accuracies(train, held, identityMap(of.dimension), ({ blocks }) =>
      augmentedBlocks(blocks),
    );
    expect(Math.abs(augmented.different - known.augmented)).toBeLessThan(0.01);
    expect(augmented.original).toBeLessThan(none.original);
  },
);
