import { callBytes } from "../evaluate/logistic/calls.ts";
import { type Asked, calledRows, callRows } from "../evaluate/logistic/streamed/call.ts";
import { heldBytes } from "../evaluate/logistic/streamed/cost.ts";
import { fitStreamed, type StreamedModel } from "../evaluate/logistic/streamed/fit.ts";
import type { ProbePool } from "../evaluate/logistic/streamed/pool.ts";
import type { RowSource } from "../evaluate/logistic/streamed/slices.ts";
import { memoryLeft } from "../files/machine.ts";
import {
  ORIGINAL,
  type PredictedBlock,
  type PredictionRequest,
  type Predictions,
  roomFor,
  rowsWhere,
} from "./predictions.ts";

/** Bytes of calls that are held at once, in whole blocks. */
const CALLED_BYTES = 1 << 27;

/** Rows of one class. */
interface Part {
  readonly own: number;
  readonly rows: Int32Array;
}

/**
 * As `predictHeldOut`, with probes that are fitted and tested in pieces on all threads (`fitStreamed`): for rows and classes
 * that are too many for one.
 *
 * @param between awaited after every look at all rows
 * @param fitted called with every group's probe, before any block
 * @param called is given every block when all its cells are called; what it gives back is held in its place
 * @throws StudyError where a class has no cells outside a group
 */
export async function predictStreamed(
  pool: ProbePool,
  request: Omit<PredictionRequest, "fit">,
  between: () => Promise<void>,
  fitted: (model: StreamedModel) => void,
  called: (block: PredictedBlock) => PredictedBlock = (block) => block,
): Promise<Predictions> {
  const { classes, group, cluster, count } = request;
  const shape = { dimension: request.dimension, classes: classes.length };
  const models: StreamedModel[] = [];
  for (let k = 0; k < count; k++) {
    const train = partsOf(group, (g) => g !== k);
    const labels = Int32Array.from(train.flatMap(({ own, rows }) => Array.from(rows, () => own)));
    const model = await fitStreamed(pool, sourceOf(request, train), labels, classes.length, {
      between,
      heldBytes: heldBytes(shape, pool.threads, memoryLeft()),
    });
    fitted(model);
    models.push(model);
  }
  const tested = models.map((_, k) => partsOf(group, (g) => g === k));
  const rows = group.reduce((n, of) => n + of.length, 0);
  const together = Math.max(1, Math.floor(CALLED_BYTES / (rows * callBytes(true))));
  const blocks: PredictedBlock[] = [];
  for (let first = 0; first < request.blocks.length; first += together) {
    const some = request.blocks.slice(first, first + together).map((of) => roomFor(request, of));
    for (const [k, model] of models.entries()) {
      await callRows(
        pool,
        model,
        some.flatMap((block) => askedOf(request, block, tested[k])),
      );
      await between();
    }
    blocks.push(...some.map(called));
  }
  return { classes, cluster, blocks };
}

function partsOf(group: readonly Int32Array[], wanted: (group: number) => boolean): Part[] {
  return group.map((of, own) => ({ own, rows: rowsWhere(of, wanted) }));
}

/** Original crops of the parts, one part after the other. */
function sourceOf({ dimension, read }: PredictionRequest, parts: readonly Part[]): RowSource {
  const starts = [0];
  for (const { rows } of parts) starts.push(starts[starts.length - 1] + rows.length);
  return {
    rows: starts[parts.length],
    dimension,
    read(from, count, out) {
      let part = 0;
      while (starts[part + 1] <= from) part++;
      for (let at = from; at < from + count; part++) {
        const { own, rows } = parts[part];
        const to = Math.min(starts[part + 1], from + count);
        if (to === at) continue;
        const wanted = rows.subarray(at - starts[part], to - starts[part]);
        read(ORIGINAL, own, wanted, out.subarray((at - from) * dimension, (to - from) * dimension));
        at = to;
      }
    },
  };
}

/** The rows of a block, so many at a time as are called at once. */
function askedOf(
  { dimension, read }: PredictionRequest,
  block: PredictedBlock,
  parts: readonly Part[],
): Asked[] {
  const present = parts.filter(({ own }) => block.cells[own] !== null);
  return batches(present, calledRows(dimension)).map((batch) => ({
    labels: Int32Array.from(batch.flatMap(({ own, rows }) => Array.from(rows, () => own))),
    background: block.background,
    read(out) {
      let at = 0;
      for (const { own, rows } of batch)
        read(block, own, rows, out.subarray(at, (at += rows.length * dimension)));
    },
    done(calls) {
      let at = 0;
      for (const { own, rows } of batch) {
        const cells = block.cells[own]!;
        for (const row of rows) {
          cells.predicted[row] = calls.predicted[at];
          cells.probability[row] = calls.probability[at];
          cells.own[row] = calls.own[at];
          if (cells.lent !== null) cells.lent[row] = calls.lent![at];
          cells.margin[row] = calls.margin[at++];
        }
      }
    },
  }));
}

/** Parts of at most `most` rows together. */
function batches(parts: readonly Part[], most: number): Part[][] {
  const out: Part[][] = [];
  let [last, left]: [Part[], number] = [[], 0];
  for (const { own, rows } of parts)
    for (let from = 0; from < rows.length; ) {
      if (left === 0) {
        out.push((last = []));
        left = most;
      }
      const some = rows.subarray(from, from + left);
      last.push({ own, rows: some });
      left -= some.length;
      from += some.length;
    }
  return out;
}
