/** What a foreign medium costs, split by whether it is of the cell's own batch. */
import { numberOf } from "./background.ts";
import type { BatchRequest } from "./batch-labels.ts";
import type { Part } from "./components.ts";
import type { Grouping } from "./estimate.ts";
import type { StatedNumber } from "./further.ts";
import type { PredictedBlock, Predictions } from "./predictions.ts";
import { weightedHeld } from "./sample.ts";

/** Cells of a class with donors of one kind on one background from which, and clusters of theirs, a comparison is made. */
const FEWEST_CELLS = 5;
const FEWEST_CLUSTERS = 2;

/** What comes of the comparison. */
export interface MediumSplit {
  readonly numbers: StatedNumber[];
  /** Share of donors that are of another batch than their cell, of those where both are known; null without any. */
  readonly otherBatch: number | null;
}

/** 1 for rows of one class on one background whose donor is of the cell's own batch, or of another. */
type Kinds = Readonly<Record<"own" | "other", Uint8Array>>;

/**
 * Accuracy lost from `self` to `cell-free` by the probes that were trained on originals: of cells whose donor is of their
 * own batch (`medium-own-batch`), of those whose donor is of another (`medium-other-batch`), and by how much more the
 * latter lose (`medium-batch`): what of it comes with another batch. Cells are compared with themselves in `self`, on the
 * backgrounds on which a class has donors of both kinds.
 *
 * Probes trained anew in `cell-free`, as the ladder's, cannot show it: a batch that helps to tell classes in `self` is
 * of no use to them whatever donors they see, so that cells of both kinds lose alike.
 */
export function mediumSplit(request: BatchRequest, { blocks }: Predictions, grouping: Grouping): MediumSplit {
  const { classes, batch, cluster } = request;
  const self = blocks.find((b) => b.setting === "self");
  let [others, all] = [0, 0];
  const found = classes.map((_, own) =>
    blocks.flatMap((block) => {
      const { setting, background, cells } = block;
      if (setting !== "cell-free" || background === own || batch === null || cells[own] === null) return [];
      const donors = request.donors("cell-free", background, own);
      if (donors === null) return [];
      const same = batch[own].map((b, row) => {
        const lent = donors[row] < 0 ? -1 : batch[background][donors[row]];
        return b < 0 || lent < 0 ? -1 : Number(b === lent);
      });
      const kinds = {
        own: Uint8Array.from(same, (s) => Number(s === 1)),
        other: Uint8Array.from(same, (s) => Number(s === 0)),
      };
      others += total(kinds.other);
      all += total(kinds.own) + total(kinds.other);
      return enough(kinds, cluster[own]) ? [{ block, kinds }] : [];
    }),
  );
  const otherBatch = all === 0 ? null : others / all;
  if (self === undefined || classes.some((_, own) => self.cells[own] === null))
    return { numbers: [], otherBatch };
  const partsOf = (weights: Readonly<Record<keyof Kinds, number>>) =>
    found.map((of, own) =>
      of.flatMap(({ block, kinds }): Part[] => {
        const [before, after] = [right(self, own), right(block, own)];
        const lost = before.map((v, i) => v - after[i]);
        return (["own", "other"] as const)
          .filter((kind) => weights[kind] !== 0)
          .map((kind) => ({
            held: weightedHeld(lost, kinds[kind]),
            share: weights[kind] / (lost.length * of.length),
            lender: block.background,
            donor: block.donor[own],
          }));
      }),
    );
  const state = (statement: string, weights: Readonly<Record<keyof Kinds, number>>) =>
    numberOf({ statement, kind: "difference" }, cluster, partsOf(weights), grouping);
  const numbers = [
    state("medium-own-batch", { own: 1, other: 0 }),
    state("medium-other-batch", { own: 0, other: 1 }),
    state("medium-batch", { own: -1, other: 1 }),
  ].filter((n) => n !== null);
  return { numbers, otherBatch };
}

/** 1 for every row of a class that is predicted right. */
function right({ cells }: PredictedBlock, own: number): Float64Array {
  return Float64Array.from(cells[own]!.predicted, (p) => Number(p === own));
}

function enough(kinds: Kinds, cluster: Int32Array): boolean {
  return [kinds.own, kinds.other].every(
    (kind) =>
      total(kind) >= FEWEST_CELLS && new Set(cluster.filter((_, i) => kind[i] === 1)).size >= FEWEST_CLUSTERS,
  );
}

function total(of: Uint8Array): number {
  return of.reduce((n, v) => n + v, 0);
}
