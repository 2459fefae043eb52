import { type LogisticModel, predictScores } from "../../evaluate/logistic/logistic.ts";
import { allPairs } from "../../evaluate/pair-sample.ts";
import type { Fold, Split } from "../../evaluate/split.ts";
import { fitOriginals, type PredictionRequest } from "../../evidence/predictions.ts";
import { augmentedBlocks } from "../../remedy/augmented.ts";
import { fitDfr } from "../../remedy/dfr.ts";
import { type BlockResult, type PairResult, stoppable } from "../blocks.ts";
import { keep } from "../kept.ts";
import { keptPredictions } from "../predicted.ts";
import { predictionRequest } from "../transfer.ts";
import {
  classRows,
  fitsOf,
  keptBlock,
  pairOf,
  pause,
  type Remedied,
  type RemedyEvaluation,
  type RemedyResult,
  remedied,
} from "./remedied.ts";

/** Hits of a pair of classes in one block, those of the first class's rows before those of the second's. */
interface Hits {
  readonly pair: readonly [number, number];
  /** Among the blocks of the evaluation. */
  readonly block: number;
  readonly correct: Uint8Array;
  readonly gap: number | null;
}

/**
 * Evaluates probes that are trained on originals and composites among cells of other classes, or reads what an earlier
 * run left: one linear machine per pair of classes and closed group, trained on the other groups' cells and tested on
 * this group's in every block that both classes have. The probe of all classes is trained on the same blocks.
 *
 * @throws StudyError for fewer than two closed groups
 */
export async function evaluateAugmented(evaluation: RemedyEvaluation): Promise<RemedyResult> {
  const of = remedied(evaluation, "augmented");
  const results = await evaluated(of, () => augmentedHits(of));
  const request = predictionRequest(of);
  const blocks = augmentedBlocks(request.blocks).map((b) => request.blocks[b]);
  const fit = (_: number, train: readonly Int32Array[]) => fitOriginals(request, train, blocks);
  return { results, predictions: await predicted(of, { ...request, fit }) };
}

/**
 * Evaluates the retrained last layer ({@link fitDfr}), or reads what an earlier run left. A cell counts as right in a
 * pair where its class has the higher score of the two.
 *
 * @throws StudyError for fewer than two closed groups, or what the fit refuses
 */
export async function evaluateDfr(evaluation: RemedyEvaluation): Promise<RemedyResult> {
  const of = remedied(evaluation, "dfr");
  const modelOf = fitsOf(of, (train) => fitDfr(train, of.classes.length));
  const results = await evaluated(of, () => dfrHits(of, modelOf));
  const predictions = await predicted(of, { ...predictionRequest(of), fit: modelOf });
  return { results, predictions };
}

/** The blocks as an earlier run left them; where one is lacking, all from the hits of the pairs. */
async function evaluated(of: Remedied, hits: () => Promise<Hits[]>): Promise<BlockResult[]> {
  const known = of.blocks.map((block) => keptBlock(of, block));
  if (known.every((block) => block !== undefined)) return known;
  const pairs: PairResult[][] = of.blocks.map(() => []);
  for (const { block, pair, correct, gap } of await hits()) pairs[block].push(pairOf(of, pair, correct, gap));
  return of.blocks.map((block, b) => ({
    encoder: of.name,
    ...block,
    pairs: keep(of.layout.block(of.name, block), of.key, pairs[b]),
  }));
}

function predicted(of: Remedied, probes: PredictionRequest) {
  const { layout, name, key, signal } = of;
  return keptPredictions({ layout, name, key, probes }, () => pause(signal), of.work);
}

/** A class's rows of all blocks stand one behind the other; a fold tests those of its group in all of them. */
async function augmentedHits(of: Remedied): Promise<Hits[]> {
  const { classes, set, grid, signal, rows, numbered, present } = of;
  const features = classes.map((name, c) => ({ name, features: classRows(of, c).features }));
  const made = new Map<string, Split>();
  const splitOf = (c: number, train: readonly number[], test: readonly number[]) => {
    const key = `${c} ${train} ${test}`;
    let split = made.get(key);
    if (split === undefined) {
      const [from, on] = [train, test].map((list) => list.map((b) => present[c].indexOf(b)));
      made.set(key, (split = blockSplit(of.splits[c], rows[c].length, from, on)));
    }
    return split;
  };
  const pairs = (of.pairs ?? allPairs(classes.length)).map(([a, b]) => {
    const shared = present[a].filter((block) => present[b].includes(block));
    const train = augmentedBlocks(numbered, [a, b]).filter((block) => shared.includes(block));
    return { a, b, shared, splits: [splitOf(a, train, shared), splitOf(b, train, shared)] as const };
  });
  const splits = new Map(pairs.map((p) => [`${p.a} ${p.b}`, p.splits]));
  if (of.work !== undefined) of.work.fits += pairs.length * of.groups.count;
  const fits = await stoppable(
    () =>
      grid().evaluate(
        features,
        set.dimension,
        (a, b) => splits.get(`${a} ${b}`)!,
        pairs.map(({ a, b }) => [a, b] as const),
      ),
    signal,
  );
  return pairs.flatMap(({ a, b, shared }, p) => {
    const { correct, gap } = fits[p];
    const before = present[a].length * rows[a].length;
    return shared.map((block): Hits => {
      const first = present[a].indexOf(block) * rows[a].length;
      const second = before + present[b].indexOf(block) * rows[b].length;
      const own = new Uint8Array(rows[a].length + rows[b].length);
      own.set(correct.subarray(first, first + rows[a].length));
      own.set(correct.subarray(second, second + rows[b].length), rows[a].length);
      return { pair: [a, b], block, correct: own, gap };
    });
  });
}

/** Folds over the rows of several blocks of `rows` rows each, given by the positions of those that train and test. */
function blockSplit(split: Split, rows: number, train: readonly number[], test: readonly number[]): Split {
  const over = (list: Int32Array, blocks: readonly number[]) =>
    Int32Array.from(blocks.flatMap((at) => Array.from(list, (row) => at * rows + row)));
  return split.map((fold): Fold => ({ train: over(fold.train, train), test: over(fold.test, test) }));
}

/** A row's class is the one of the pair with the higher score; the second one of equals, as a machine has it. */
async function dfrHits(of: Remedied, modelOf: (k: number) => LogisticModel): Promise<Hits[]> {
  const { classes, groups, rows, splits, present, signal } = of;
  const count = classes.length;
  // Per class and block: scores of every row, rows x classes.
  const scores = rows.map((list, c) => present[c].map(() => new Float64Array(list.length * count)));
  for (let k = 0; k < groups.count; k++) {
    const model = modelOf(k);
    await pause(signal);
    rows.forEach((_, c) => {
      const { test } = splits[c][k];
      const { features, dimension } = classRows(of, c, test);
      scores[c].forEach((out, at) => {
        const size = test.length * dimension;
        const found = predictScores(model, features.subarray(at * size, (at + 1) * size));
        test.forEach((row, i) => {
          out.set(found.subarray(i * count, (i + 1) * count), row * count);
        });
      });
    });
  }
  const scoreOf = (c: number, block: number) => scores[c][present[c].indexOf(block)];
  return (of.pairs ?? allPairs(count)).flatMap(([a, b]) =>
    present[a]
      .filter((block) => present[b].includes(block))
      .map((block): Hits => {
        const correct = new Uint8Array(rows[a].length + rows[b].length);
        for (const [own, before] of [
          [a, 0],
          [b, rows[a].length],
        ]) {
          const of = scoreOf(own, block);
          for (let i = 0; i < rows[own].length; i++) {
            const isFirst = of[i * count + a] > of[i * count + b];
            correct[before + i] = isFirst === (own === a) ? 1 : 0;
          }
        }
        return { pair: [a, b], block, correct, gap: null };
      }),
  );
}
