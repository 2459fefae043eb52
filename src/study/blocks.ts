import { join } from "node:path";
import { InterruptedError, STOPPED } from "../errors.ts";
import type { PairFit } from "../evaluate/crossvalidate.ts";
import type { PairGrid } from "../evaluate/grid.ts";
import type { PairSplits } from "../evaluate/split.ts";
import { readFeatureRows } from "../features/store.ts";
import { NpyReader } from "../files/npy.ts";
import { type PairScore, SETTINGS, type Setting, type SwapPlan } from "../types.ts";
import { keep, readKept } from "./kept.ts";

/** One setting with one background: the unit that is evaluated, stored and resumed. */
export interface Block {
  readonly setting: Setting;
  /** Class that both backgrounds come from; null where each class keeps its own or there is none. */
  readonly background: string | null;
}

/** Results of one block, as kept in `results/blocks/`. */
export interface BlockResult extends Block {
  readonly encoder: string;
  readonly pairs: readonly (Omit<PairScore, "encoder" | "setting" | "background"> & {
    /** Out-of-fold hits, one bit per row of class1 then class2, in the order of the selection, base64. */
    readonly correct: string;
  })[];
}

/** The blocks of a study in the order of the ladder. */
export function listBlocks(settings: readonly Setting[], backgrounds: readonly string[]): Block[] {
  return settings.flatMap((setting): Block[] =>
    setting === "different" || setting === "cell-free"
      ? backgrounds.map((background) => ({ setting, background }))
      : [{ setting, background: null }],
  );
}

/** Finds the plan's row of (setting, background, cell); rows of a plan are sorted by these. */
export class PlanIndex {
  readonly #plan: SwapPlan;
  readonly #ranges = new Map<string, [start: number, end: number]>();

  constructor(plan: SwapPlan) {
    this.#plan = plan;
    for (let start = 0, row = 1; row <= plan.count; row++) {
      const same =
        row < plan.count &&
        plan.setting[row] === plan.setting[start] &&
        plan.background[row] === plan.background[start];
      if (same) continue;
      this.#ranges.set(`${SETTINGS[plan.setting[start]]} ${plan.background[start]}`, [start, row]);
      start = row;
    }
  }

  /**
   * Rows of the plan for `cells` of class `own` in a block; null where the plan lacks any of them. `different` on its
   * own class's background is the setting `same`.
   */
  rows({ setting, background }: Block, own: string, cells: Int32Array): Int32Array | null {
    const actual = setting === "different" && background === own ? "same" : setting;
    const from = actual === "same" ? own : background;
    const range = this.#ranges.get(`${actual} ${from === null ? -1 : this.#plan.classes.indexOf(from)}`);
    if (range === undefined || cells.length === 0) return null;
    const rows = Int32Array.from(cells, (cell) => this.#find(cell, range));
    return rows.includes(-1) ? null : rows;
  }

  #find(cell: number, [start, end]: [number, number]): number {
    const { cell: cells } = this.#plan;
    let low = start;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cells[middle] < cell) low = middle + 1;
      else high = middle;
    }
    return low < end && cells[low] === cell ? low : -1;
  }
}

/** What is evaluated: blocks of feature sets, for the same cells. */
export interface Evaluation {
  /** Study folder; finished blocks are kept in its `results/blocks/`. */
  readonly folder: string;
  /** Features of each encoder and output: its name, and the .npy in the plan's order. */
  readonly sets: readonly { readonly name: string; readonly path: string }[];
  readonly blocks: readonly Block[];
  readonly classes: readonly string[];
  /** Cells of each class. */
  readonly rows: readonly Int32Array[];
  readonly index: PlanIndex;
  /** Splits of two of the classes, given by their positions. */
  readonly splits: PairSplits;
  /** Called when a block is evaluated, not where all are there already. */
  readonly grid: () => PairGrid;
  readonly signal?: AbortSignal | undefined;
  /** Called with finished and all blocks. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Evaluates all blocks of all sets, or reads what an earlier run left. The next block starts beside the current one, so
 * that no core waits for another's last pair, and uses the memory of the one before.
 */
export async function evaluateBlocks(evaluation: Evaluation): Promise<BlockResult[]> {
  const jobs = evaluation.sets.flatMap((set) => evaluation.blocks.map((block) => ({ set, block })));
  const memory: SharedArrayBuffer[] = [];
  const start = (k: number) =>
    k < jobs.length ? evaluateBlock(evaluation, jobs[k].set, jobs[k].block, memory) : undefined;
  const results: BlockResult[] = [];
  let next = start(0);
  while (next !== undefined) {
    evaluation.onProgress?.(results.length, jobs.length);
    const current = next;
    next = start(results.length + 1);
    // Whatever befalls it is told in its turn, or not at all where an earlier one fails.
    next?.catch(() => {});
    results.push(await current);
  }
  evaluation.onProgress?.(results.length, jobs.length);
  return results;
}

/** `memory` holds buffers that earlier blocks no longer need. */
async function evaluateBlock(
  { folder, classes, rows, index, splits, grid, signal }: Evaluation,
  set: Evaluation["sets"][number],
  block: Block,
  memory: SharedArrayBuffer[],
): Promise<BlockResult> {
  const name =
    block.background === null ? block.setting : `${block.setting}.${classes.indexOf(block.background)}`;
  const path = join(folder, "results", "blocks", set.name, `${name}.json`);
  const kept = readKept<BlockResult>(path);
  if (kept !== undefined) return kept;
  const file = new NpyReader(set.path);
  const dimension = file.shape[1];
  const found = classes.flatMap((name, c) => {
    const planRows = index.rows(block, name, rows[c]);
    return planRows === null ? [] : [{ name, c, planRows }];
  });
  const bytes = found.reduce((sum, { planRows }) => sum + planRows.length * dimension * 4, 0);
  const free = memory.findIndex((b) => b.byteLength >= bytes);
  const buffer = free < 0 ? new SharedArrayBuffer(bytes) : memory.splice(free, 1)[0];
  let at = 0;
  const present = found.map(({ name, planRows }) => {
    const features = new Float32Array(buffer, at, planRows.length * dimension);
    at += features.byteLength;
    readFeatureRows(file, planRows, features);
    return { name, features };
  });
  file.close();
  const fits =
    present.length < 2
      ? []
      : await stoppable(
          () => grid().evaluate(present, dimension, (a, b) => splits(found[a].c, found[b].c)),
          signal,
        );
  memory.push(buffer);
  let next = 0;
  const pairs = present.flatMap((a, i) =>
    present.slice(i + 1).map((b) => pair(a.name, b.name, fits[next++])),
  );
  return keep<BlockResult>(path, { encoder: set.name, ...block, pairs });
}

/** Gives up waiting for `work` when the run is stopped. */
function stoppable<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new InterruptedError(STOPPED));
    if (signal?.aborted) return stop();
    signal?.addEventListener("abort", stop, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => signal?.removeEventListener("abort", stop));
  });
}

function pair(class1: string, class2: string, fit: PairFit): BlockResult["pairs"][number] {
  const { accuracy, sd, folds, gap, correct } = fit;
  return { class1, class2, accuracy, sd, folds, gap, cells: correct.length, correct: packBits(correct) };
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
  return pairs.map(({ correct: _, ...p }) => ({ encoder, setting, background, ...p }));
}
