import { checkCommand } from "../encode/command/file.ts";
import { DataError } from "../errors.ts";
import { processTag } from "../files/parts.ts";
import { mediumOf } from "../swap/plan.ts";
import { partOf } from "../swap/runs.ts";
import { type Piece, piecesOf } from "../swap/segments.ts";
import type { SwapPlan } from "../types.ts";
import { encodeRows } from "./encoding.ts";
import { type ExtractOptions, type ExtractRequest, isMissing, requestedShelves } from "./extract.ts";
import type { Missing } from "./features.ts";
import { encodingOrder } from "./order.ts";
import { discardAttempt, FillingPart, isComplete, renewAttempt } from "./part.ts";

/** A part of features that is to be made, and how many of its rows are not made yet. */
interface Filling {
  readonly missing: Missing;
  readonly dimension: number;
  left: number;
}

/** How often what is begun is renewed, milliseconds. */
const RENEWAL = 60_000;

/** Order in which pieces are dealt and made: those of one background and number stand together, as they share donors. */
export function pieceOrder(pieces: readonly Piece[]): number[] {
  const backgrounds = [...new Set(pieces.map(({ background }) => background))];
  const rank = new Map(backgrounds.map((background, b) => [background, b]));
  return pieces
    .map((_, p) => p)
    .sort(
      (a, b) =>
        rank.get(pieces[a].background)! - rank.get(pieces[b].background)! ||
        pieces[a].number - pieces[b].number ||
        a - b,
    );
}

/** 1 for every cell of a store of `count` whose crop or mask the composites of some pieces take. */
export function cellsOf(plan: SwapPlan, chosen: readonly number[], count: number): Uint8Array {
  const cells = new Uint8Array(count);
  const pieces = piecesOf(plan);
  for (const p of chosen)
    for (let row = pieces[p].start; row < pieces[p].end; row++) {
      cells[plan.cell[row]] = 1;
      const donor = mediumOf(plan, row);
      if (donor >= 0) cells[donor] = 1;
    }
  return cells;
}

/**
 * Makes what lacks of some pieces of a plan, as one of several processes, on any machines, that make others of the same
 * folder, or the same at the same time: parts are filled under names of this process and get their own when they are
 * whole, one after the other. What is there is taken as it is. A process that is stopped leaves the parts that are whole.
 * @param chosen positions among {@link piecesOf} of the plan, in their {@link pieceOrder}
 * @returns composites that were made
 * @throws CellswapError as `extract`; InterruptedError after `signal`
 */
export async function extractPieces(
  request: ExtractRequest,
  chosen: readonly number[],
  options: ExtractOptions = {},
): Promise<number> {
  const { plan, encoders } = request;
  const pieces = piecesOf(plan);
  const shelves = requestedShelves(request, pieces, { look: true });
  const attempt = processTag();
  const fillings = new Map<string, Filling>();
  for (const [e, outputs] of shelves.entries())
    for (const [o, list] of outputs.entries())
      for (const p of chosen) {
        const { missing } = list[p];
        if (missing === null) continue;
        const dimension = encoders[e].dimensions[o];
        fillings.set(missing.base, { missing, dimension, left: missing.count });
      }
  const lacks = (e: number, row: number) => {
    const p = partOf(pieces, row);
    return shelves[e].some((list) => isMissing(list[p], row - pieces[p].start));
  };
  const order = rowsInOrder(plan, pieces, chosen).filter((row) => shelves.some((_, e) => lacks(e, row)));
  const lacking = shelves.map((_, e) => Uint8Array.from(order, (row) => (lacks(e, row) ? 1 : 0)));
  const encodings = lacking.map((marks) => marks.reduce((n, lack) => n + lack, 0));
  options.onLacking?.(order.length, encoders, encodings);
  const total = encodings.reduce((a, b) => a + b, 0);
  let done = 0;
  options.onProgress?.(0, total);
  // Before any thread writes into them.
  for (const { missing, dimension } of fillings.values())
    new FillingPart(missing.base, missing.count, dimension, attempt).close();
  const finish = (e: number, { missing: { base, count, rows }, dimension }: Filling) => {
    const { encoder } = encoders[e];
    // Nothing is kept under the hash of another program.
    if (encoder.kind === "command") checkCommand(encoder);
    try {
      if (!isComplete(base)) new FillingPart(base, count, dimension, attempt).finish(rows());
    } catch (error) {
      // Another attempt was faster, and this one's files are removed.
      if (!isComplete(base)) throw error instanceof RangeError ? removed(base, error) : error;
    }
    discardAttempt(base, attempt);
    fillings.delete(base);
    options.onPart?.(base);
  };
  const renewal = setInterval(() => {
    for (const base of fillings.keys())
      try {
        renewAttempt(base, attempt);
      } catch {
        // A disk that does not answer for a while; what is lost is told where it is written.
      }
  }, RENEWAL);
  try {
    await encodeRows(
      request,
      { pieces, shelves, lacking, order, attempt },
      options,
      ({ rows, first, encoded }) => {
        for (const [i, row] of rows.entries()) {
          const p = partOf(pieces, row);
          shelves.forEach((outputs, e) => {
            if (lacking[e][first + i] === 0) return;
            for (const list of outputs) {
              const { missing } = list[p];
              if (missing === null || !isMissing(list[p], row - pieces[p].start)) continue;
              const filling = fillings.get(missing.base);
              if (filling !== undefined && --filling.left === 0) finish(e, filling);
            }
          });
        }
        done += encoded;
        options.onProgress?.(done, total);
      },
    );
  } finally {
    clearInterval(renewal);
    for (const base of fillings.keys()) discardAttempt(base, attempt);
  }
  return order.length;
}

/** What became of an attempt whose process stood still, as others see only that it did not answer. */
function removed(base: string, cause: unknown): DataError {
  return new DataError(
    "was begun by this process, which did not answer for five minutes, and removed by another; run the same command again",
    { path: `${base}.npy`, cause },
  );
}

/** Rows of pieces, those of one background and number sorted by the crop whose background they show. */
function rowsInOrder(plan: SwapPlan, pieces: readonly Piece[], chosen: readonly number[]): Int32Array {
  const parts: Int32Array[] = [];
  for (let first = 0; first < chosen.length; ) {
    const { background, number } = pieces[chosen[first]];
    let end = first + 1;
    for (; end < chosen.length; end++) {
      const next = pieces[chosen[end]];
      if (next.background !== background || next.number !== number) break;
    }
    const own = chosen.slice(first, end).map((p) => pieces[p]);
    const rows = new Int32Array(own.reduce((n, { start, end: to }) => n + to - start, 0));
    let filled = 0;
    for (const { start, end: to } of own) for (let row = start; row < to; row++) rows[filled++] = row;
    const shown = {
      count: rows.length,
      cell: rows.map((r) => plan.cell[r]),
      donor: rows.map((r) => plan.donor[r]),
    };
    parts.push(encodingOrder(shown).map((i) => rows[i]));
    first = end;
  }
  const all = new Int32Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
