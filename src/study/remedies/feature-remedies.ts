import type { PairFit } from "../../evaluate/crossvalidate.ts";
import { allPairs } from "../../evaluate/pair-sample.ts";
import type { Split } from "../../evaluate/split.ts";
import { fitOriginals } from "../../evidence/predictions.ts";
import { type AffineMap, applyAffine, composeAffine } from "../../remedy/affine.ts";
import { modelOf, scoreMap } from "../../remedy/dfr.ts";
import { fitLeace } from "../../remedy/leace.ts";
import type { RemedyKind } from "../../remedy/name.ts";
import { fitProjection } from "../../remedy/project.ts";
import type { ClassRows } from "../../remedy/rows.ts";
import { fitWhitening } from "../../remedy/whiten.ts";
import type { Block } from "../block.ts";
import { type BlockResult, stoppable } from "../blocks.ts";
import { keep } from "../kept.ts";
import { keptPredictions } from "../predicted.ts";
import { predictionRequest } from "../transfer.ts";
import {
  fitsOf,
  keptBlock,
  pairOf,
  pause,
  type Remedied,
  type RemedyEvaluation,
  type RemedyResult,
  remedied,
} from "./remedied.ts";

/** Remedies that map features, with how each is fitted; `value` is the number behind its name (directions). */
export const MAPPINGS = {
  project: (train, value) => fitProjection(train, value === null ? {} : { directions: value }),
  whiten: fitWhitening,
  leace: fitLeace,
} as const satisfies Readonly<
  Record<string, (train: readonly ClassRows[], value: number | null) => AffineMap>
>;
export type Mapping = keyof typeof MAPPINGS;

/** Whether a remedy maps features. */
export function isMapping(kind: RemedyKind | null): kind is Mapping {
  return kind !== null && Object.hasOwn(MAPPINGS, kind);
}

/**
 * Evaluates a remedy that maps features, or reads what an earlier run left. For every closed group the map is fitted on
 * the other groups' cells in all blocks; under it pairwise probes are trained on the other groups and tested on this one,
 * block by block as without a remedy, and so is the probe of all classes that was trained on originals.
 *
 * @throws StudyError for fewer than two closed groups, or what the remedy's fit refuses
 */
export async function evaluateMapped(
  evaluation: RemedyEvaluation,
  remedy: Mapping,
  value: number | null = null,
): Promise<RemedyResult> {
  const of = remedied(evaluation, remedy, value);
  const { name, key, blocks, layout, signal } = of;
  const mapOf = fitsOf(of, (train) => MAPPINGS[remedy](train, value));
  const splits = of.splits.map((split, c) => stacked(split, of.rows[c].length));
  // One block ahead, so that no core waits for another's last pair.
  const start = (b: number) => (b < blocks.length ? evaluateBlock(of, blocks[b], mapOf, splits) : undefined);
  const results: BlockResult[] = [];
  let next = start(0);
  while (next !== undefined) {
    const current = next;
    next = start(results.length + 1);
    next?.catch(() => {});
    results.push(await current);
    await pause(signal);
  }
  const request = predictionRequest(of);
  const probes = {
    ...request,
    fit: (k: number, train: readonly Int32Array[]) => {
      const map = mapOf(k);
      const model = fitOriginals(request, train, undefined, (x) => applyAffine(map, x, x));
      return modelOf(composeAffine(map, scoreMap(model)), model);
    },
  };
  const predictions = await keptPredictions({ layout, name, key, probes }, () => pause(signal), of.work);
  return { results, predictions };
}

/** Every class as many times as there are groups, each time under another group's map. */
async function evaluateBlock(
  of: Remedied,
  block: Block,
  mapOf: (k: number) => AffineMap,
  splits: readonly Split[],
): Promise<BlockResult> {
  const known = keptBlock(of, block);
  if (known !== undefined) return known;
  const { set, classes, rows, index, groups, grid, signal, group } = of;
  const present = classes.flatMap((name, c) => {
    const planRows = index.rows(block, name, rows[c]);
    if (planRows === null) return [];
    const size = planRows.length * set.dimension;
    const plain = new Float32Array(size);
    set.read(planRows, plain);
    const features = new Float32Array(new SharedArrayBuffer(4 * size * groups.count));
    for (let k = 0; k < groups.count; k++)
      applyAffine(mapOf(k), plain, features.subarray(k * size, (k + 1) * size));
    return [{ name, c, features }];
  });
  const at = new Map(present.map(({ c }, i) => [c, i]));
  const pairs = (of.pairs ?? allPairs(classes.length)).flatMap(([a, b]) => {
    const [i, j] = [at.get(a), at.get(b)];
    return i === undefined || j === undefined ? [] : [[i, j] as const];
  });
  const split = (i: number) => splits[present[i].c];
  if (of.work !== undefined) of.work.fits += pairs.length * groups.count;
  const fits =
    pairs.length === 0
      ? []
      : await stoppable(
          () => grid().evaluate(present, set.dimension, (i, j) => [split(i), split(j)], pairs),
          signal,
        );
  const results = pairs.map(([i, j], n) => {
    const [a, b] = [present[i].c, present[j].c];
    return pairOf(of, [a, b], unstacked(fits[n], group[a], group[b], groups.count), fits[n].gap);
  });
  return { encoder: of.name, ...block, pairs: keep(of.layout.block(of.name, block), of.key, results) };
}

/** Fold k with the rows of copy k of `rows` rows. */
function stacked(split: Split, rows: number): Split {
  return split.map(({ train, test }, k) => ({
    train: train.map((row) => k * rows + row),
    test: test.map((row) => k * rows + row),
  }));
}

/** Hits of the rows of both classes, each from its own group's copy. */
function unstacked({ correct }: PairFit, first: Int32Array, second: Int32Array, count: number): Uint8Array {
  const out = new Uint8Array(first.length + second.length);
  first.forEach((k, i) => {
    out[i] = correct[k * first.length + i];
  });
  second.forEach((k, i) => {
    out[first.length + i] = correct[count * first.length + k * second.length + i];
  });
  return out;
}
