import { existsSync } from "node:fs";
import { z } from "zod";
import { InterruptedError, STOPPED } from "../errors.ts";
import type { PairFit } from "../evaluate/crossvalidate.ts";
import type { PairGrid } from "../evaluate/grid.ts";
import { allPairs } from "../evaluate/pair-sample.ts";
import type { PairSplits, Split } from "../evaluate/split.ts";
import type { FeatureSet } from "../features/features.ts";
import { shortHash } from "../features/key.ts";
import type { PairScore } from "../types.ts";
import type { Block, PlanIndex } from "./block.ts";
import type { Work } from "./cost/work.ts";
import { keep, readValue } from "./kept.ts";
import type { StudyLayout } from "./layout.ts";

/** Results of one block, as kept in the study folder. */
export interface BlockResult extends Block {
  readonly encoder: string;
  readonly pairs: readonly PairResult[];
}

/** Result of one pair of classes in one block. */
export interface PairResult extends Omit<PairScore, "encoder" | "setting" | "background"> {
  /** Hash of what the fit depends on: the features of both classes and their split. */
  readonly key: string;
  /** Out-of-fold hits, one bit per row of class1 then class2, in the order of the selection, base64. */
  readonly correct: string;
}

/** What is not a number (a deviation of one fold) is kept as null. */
const number = z.number().nullable();

/** Pairs of a block as the study folder keeps them. */
export const PAIRS = z.array(
  z.strictObject({
    key: z.string(),
    class1: z.string(),
    class2: z.string(),
    accuracy: number,
    sd: number,
    folds: z.array(number),
    gap: number,
    cells: number,
    correct: z.base64(),
  }),
);

/** Raised whenever the same features and split give other fits. */
export const PROBE_VERSION = 4;

/** What is evaluated: blocks of feature sets, for the same cells. */
export interface Evaluation {
  /** Where finished blocks are kept. */
  readonly layout: Pick<StudyLayout, "block">;
  readonly sets: readonly Pick<FeatureSet, "name" | "dimension" | "key" | "read">[];
  readonly blocks: readonly Block[];
  readonly classes: readonly string[];
  /** Cells of each class. */
  readonly rows: readonly Int32Array[];
  readonly index: PlanIndex;
  /** Positions of the pairs of classes that are evaluated, first < second; all by default. */
  readonly pairs?: readonly (readonly [number, number])[] | undefined;
  readonly splits: PairSplits;
  /** Called when a block is evaluated, not where all are there already. */
  readonly grid: () => PairGrid;
  readonly signal?: AbortSignal | undefined;
  /** Counts what is fitted. */
  readonly work?: Work;
  /** Called with finished and all pairs of classes, those of blocks that an earlier run left included. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Evaluates all blocks of all sets, or reads what an earlier run left. The next block starts beside the current one, so
 * that no core waits for another's last pair, and uses the memory of the one before.
 */
export async function evaluateBlocks(evaluation: Evaluation): Promise<BlockResult[]> {
  const jobs = evaluation.sets.flatMap((set) => evaluation.blocks.map((block) => ({ set, block })));
  const memory: SharedArrayBuffer[] = [];
  const pairs = (evaluation.pairs ?? allPairs(evaluation.classes.length)).length;
  let done = 0;
  const onPairs = (count: number) => {
    done += count;
    evaluation.onProgress?.(done, jobs.length * pairs);
  };
  onPairs(0);
  const start = (k: number) =>
    k < jobs.length ? evaluateBlock(evaluation, jobs[k].set, jobs[k].block, memory, onPairs) : undefined;
  const results: BlockResult[] = [];
  let next = start(0);
  while (next !== undefined) {
    const current = next;
    next = start(results.length + 1);
    // Whatever befalls it is told in its turn, or not at all where an earlier one fails.
    next?.catch(() => {});
    results.push(await current);
  }
  return results;
}

/**
 * Every pair is known by a key of its own, so that a class more makes the pairs with it and no others. `memory` holds
 * buffers that earlier blocks no longer need; `onPairs` is called with numbers of pairs that are done.
 */
async function evaluateBlock(
  evaluation: Evaluation,
  set: Evaluation["sets"][number],
  block: Block,
  memory: SharedArrayBuffer[],
  onPairs: (count: number) => void,
): Promise<BlockResult> {
  const asked = (evaluation.pairs ?? allPairs(evaluation.classes.length)).length;
  const { path, pairs } = lookUpPairs(evaluation, set, block);
  const lacking = pairs.filter((p) => p.result === undefined);
  // Pairs that the block lacks count as done.
  onPairs(asked - lacking.length);
  if (evaluation.work !== undefined) evaluation.work.fits += fitsOf(evaluation, lacking);
  const fits = await fitPairs(evaluation, set, lacking, memory, () => onPairs(1));
  lacking.forEach((p, n) => {
    p.result = pairResult(p.key, p.a.name, p.b.name, fits[n]);
  });
  const results = pairs.map((p) => p.result!);
  return { encoder: set.name, ...block, pairs: keep(path, blockKey(pairs), results) };
}

/** How many machines {@link evaluateBlocks} would fit. */
export function lackingFits(evaluation: LookedUp): number {
  const { layout, classes, rows, index, pairs = allPairs(classes.length) } = evaluation;
  let fits = 0;
  for (const set of evaluation.sets)
    for (const block of evaluation.blocks)
      if (existsSync(layout.block(set.name, block))) {
        const found = lookUpPairs(evaluation, set, block).pairs;
        fits += fitsOf(
          evaluation,
          found.filter((p) => p.result === undefined),
        );
      } else {
        // Where no run left any, keys need not be made.
        const there = classes.map((name, c) => (index.rows(block, name, rows[c]) === null ? null : { c }));
        const both = pairs.flatMap(([i, k]) => {
          const [a, b] = [there[i], there[k]];
          return a === null || b === null ? [] : [{ a, b }];
        });
        fits += fitsOf(evaluation, both);
      }
  return fits;
}

/** The key of a block as it will be kept, and how many machines it lacks. */
export function blockWork(
  evaluation: Omit<LookedUp, "blocks" | "sets">,
  set: LookedUp["sets"][number],
  block: Block,
): { readonly key: string; readonly fits: number } {
  const { pairs } = lookUpPairs(evaluation, set, block);
  const lacking = pairs.filter((p) => p.result === undefined);
  return { key: blockKey(pairs), fits: fitsOf(evaluation, lacking) };
}

/** Key of a block with pairs of these keys. */
function blockKey(pairs: readonly { readonly key: string }[]): string {
  return shortHash(pairs.map(({ key }) => key));
}

function fitsOf(
  { splits }: Pick<Evaluation, "splits">,
  pairs: readonly { readonly a: Pick<Present, "c">; readonly b: Pick<Present, "c"> }[],
): number {
  return pairs.reduce((n, { a, b }) => n + splits(a.c, b.c)[0].length, 0);
}

/** What says which pairs an earlier run left. */
export type LookedUp = Pick<
  Evaluation,
  "layout" | "blocks" | "classes" | "rows" | "index" | "pairs" | "splits"
> & {
  readonly sets: readonly Pick<FeatureSet, "name" | "key">[];
};

/** The pairs of a block that has both classes, with what an earlier run left of them. */
function lookUpPairs(
  evaluation: Omit<LookedUp, "blocks" | "sets">,
  set: LookedUp["sets"][number],
  block: Block,
): { path: string; pairs: { a: Present; b: Present; key: string; result: PairResult | undefined }[] } {
  const { layout, classes, rows, index, splits } = evaluation;
  const asked = evaluation.pairs ?? allPairs(classes.length);
  const present = classes.map((name, c) => {
    const planRows = index.rows(block, name, rows[c]);
    return planRows === null ? null : { name, c, planRows, key: set.key(index.plan, planRows) };
  });
  const path = layout.block(set.name, block);
  const known = new Map((readValue<PairResult[]>(path, PAIRS) ?? []).map((p) => [p.key, p]));
  const pairs = asked.flatMap(([first, second]) => {
    const [a, b] = [present[first], present[second]];
    if (a === null || b === null) return [];
    const key = shortHash([PROBE_VERSION, a.name, b.name, a.key, b.key, ...splits(a.c, b.c).map(splitKey)]);
    return [{ a, b, key, result: known.get(key) }];
  });
  return { path, pairs };
}

interface Present {
  readonly name: string;
  /** Position among the classes of the study. */
  readonly c: number;
  readonly planRows: Int32Array;
}

/** Fits pairs of classes; only the features of classes that are in one of them are read. */
async function fitPairs(
  { splits, grid, signal }: Evaluation,
  set: Evaluation["sets"][number],
  pairs: readonly { readonly a: Present; readonly b: Present }[],
  memory: SharedArrayBuffer[],
  onFit: () => void,
): Promise<PairFit[]> {
  if (pairs.length === 0) return [];
  const needed = [...new Set(pairs.flatMap(({ a, b }) => [a, b]))];
  const bytes = needed.reduce((sum, { planRows }) => sum + planRows.length * set.dimension * 4, 0);
  const free = memory.findIndex((b) => b.byteLength >= bytes);
  const buffer = free < 0 ? new SharedArrayBuffer(bytes) : memory.splice(free, 1)[0];
  let offset = 0;
  const classes = needed.map(({ name, planRows }) => {
    const features = new Float32Array(buffer, offset, planRows.length * set.dimension);
    offset += features.byteLength;
    set.read(planRows, features);
    return { name, features };
  });
  const at = new Map(needed.map((own, i) => [own, i]));
  const wanted = pairs.map(({ a, b }) => [at.get(a)!, at.get(b)!] as const);
  const fits = await stoppable(
    () => grid().evaluate(classes, set.dimension, (i, j) => splits(needed[i].c, needed[j].c), wanted, onFit),
    signal,
  );
  memory.push(buffer);
  return fits;
}

const splitKeys = new WeakMap<Split, string>();

/** Hash of a split, made once for each. */
function splitKey(split: Split): string {
  let key = splitKeys.get(split);
  if (key === undefined)
    splitKeys.set(split, (key = shortHash(split.map(({ train, test }) => [[...train], [...test]]))));
  return key;
}

/** Gives up waiting for `work` when the run is stopped. */
export function stoppable<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new InterruptedError(STOPPED));
    if (signal?.aborted) return stop();
    signal?.addEventListener("abort", stop, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => signal?.removeEventListener("abort", stop));
  });
}

function pairResult(key: string, class1: string, class2: string, fit: PairFit): PairResult {
  const { accuracy, sd, folds, gap, correct } = fit;
  return { key, class1, class2, accuracy, sd, folds, gap, cells: correct.length, correct: packBits(correct) };
}

/** Bits (0/1 values) as base64, eight to a byte, lowest bit first. */
export function packBits(bits: Uint8Array): string {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, i) => {
    bytes[i >> 3] |= bit << (i & 7);
  });
  return Buffer.from(bytes).toString("base64");
}

/** The inverse of {@link packBits} for `count` bits. */
export function unpackBits(text: string, count: number): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  return Uint8Array.from({ length: count }, (_, i) => (bytes[i >> 3] >> (i & 7)) & 1);
}

/** The block's scores as rows of the result tables. */
export function scores({ encoder, setting, background, pairs }: BlockResult): PairScore[] {
  return pairs.map(({ correct: _, key: __, ...p }) => ({ encoder, setting, background, ...p }));
}
