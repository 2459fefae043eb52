import { join } from "node:path";
import { CellStoreWriter } from "../../src/cells/store.ts";
import { namedSeed } from "../../src/core/rng.ts";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { openEncoder } from "../../src/encode/open.ts";
import { readParquet } from "../../src/files/table.ts";
import { writeCellFeatures } from "../../src/remedy/cell-features.ts";
import { distanceOfClasses } from "../../src/remedy/class-distance.ts";
import { lengthOf, meanShift } from "../../src/remedy/shift.ts";
import { exposed, type RenderedCell, type Rendering, renderCells } from "./rendered.ts";

/** Exposures over which the truth is averaged. */
const EXPOSURES = 6;

/** What the influence column of one output of an encoder says, against the truth. */
export interface Comparison {
  readonly output: string;
  /** Cells that have neighbors in their crops; only these are compared. */
  readonly cells: number;
  /** By cell: true influence, the column, its standard error. */
  readonly truth: Float64Array;
  readonly found: Float64Array;
  readonly error: Float64Array;
  /** Distance in feature space that is 1 in the column. */
  readonly distance: number;
}

/** What {@link compareInfluence} needs. */
export interface ComparisonRequest {
  /** Folder for the cells and their features. */
  readonly folder: string;
  /** Paths of descriptions of encoders for simulated yeast. */
  readonly encoders: readonly string[];
  readonly rendering: Rendering;
  /** Runs are made with each of these numbers of donors. */
  readonly donors: readonly number[];
  readonly workers?: number;
}

const SHAPE = { channels: ["GFP", "RFP"], height: 64, width: 64 };

/**
 * Renders cells with and without their neighbors, gives the cells as imaged to `cellswap features --remedy recompose`, and
 * holds its influence column against the move of the features from the one rendering to the other. The truth knows
 * nothing of composites; its unit is the distance between classes of the cells rendered alone. Comparisons come by number of
 * donors, then by output.
 */
export async function compareInfluence(request: ComparisonRequest): Promise<Comparison[][]> {
  const { folder, rendering, donors, workers } = request;
  const cells = join(folder, "cells");
  const writer = new CellStoreWriter(cells, SHAPE, "full", "rendered");
  const files = request.encoders.map((path) => readEncoder(path));
  const opened = await Promise.all(files.map((file) => openEncoder(file, { ...SHAPE, masks: "full" })));
  const dimensions = opened.flatMap((encoder) => encoder.dimensions);
  const encode = async (counts: Float32Array, mask: Uint8Array, seed: number) => {
    const crop = exposed(counts, seed);
    const all: Float32Array[] = [];
    for (const encoder of opened) {
      const out = encoder.dimensions.map((n) => new Float32Array(n));
      await encoder.encode(crop, mask, 1, out);
      all.push(...out);
    }
    return all;
  };
  const who: Pick<RenderedCell, "localization" | "field">[] = [];
  const moves: Float64Array[][] = [];
  const alone: Float64Array[][] = [];
  for (const { id, protein, field, localization, crop, mask, ...rendered } of renderCells(rendering)) {
    writer.append(crop, mask, {
      Metadata_Cell: id,
      Metadata_Protein: protein,
      Metadata_Field: field,
      Metadata_Localization: localization,
    });
    const x = dimensions.map((n) => new Float64Array(EXPOSURES * n));
    const mean = dimensions.map((n) => new Float64Array(n));
    for (let e = 0; e < EXPOSURES; e++) {
      const seed = namedSeed(rendering.seed, "exposure", id, e);
      const full = await encode(rendered.full, mask, namedSeed(seed, "full"));
      const without = await encode(rendered.alone, mask, namedSeed(seed, "alone"));
      dimensions.forEach((n, o) => {
        for (let j = 0; j < n; j++) {
          x[o][e * n + j] = full[o][j] - without[o][j];
          mean[o][j] += without[o][j] / EXPOSURES;
        }
      });
    }
    who.push({ localization, field });
    moves.push(x);
    alone.push(mean);
  }
  writer.finish({ verdict: who.map(() => "ok"), measures: new Map() });
  for (const encoder of opened) await encoder.release();
  const names = [...new Set(who.map((w) => w.localization))];
  const classes = names.map((name) =>
    Int32Array.from(who.keys()).filter((i) => who[i].localization === name),
  );
  const truths = dimensions.map((dimension, o) => {
    const set = {
      dimension,
      read: (rows: ArrayLike<number>, into: Float32Array) => {
        for (let i = 0; i < rows.length; i++) into.set(alone[rows[i]][o], i * dimension);
      },
    };
    const { distance } = distanceOfClasses(set, classes, (i) => who[i].field);
    return moves.map((x) => lengthOf(meanShift(x[o], EXPOSURES, dimension)).length / distance);
  });
  const found: Comparison[][] = [];
  for (const k of donors) {
    const comparisons: Comparison[] = [];
    for (const file of files) {
      const out = join(folder, `features-${k}.parquet`);
      const options = { out, remedy: `recompose-${k}`, ...(workers === undefined ? {} : { workers }) };
      const { outputs, remedy } = await writeCellFeatures(cells, file, options);
      const { columns } = await readParquet(out);
      const column = (name: string) => columns.get(name) as Float64Array;
      const beset = Array.from(column("Metadata_Neighbors").keys()).filter(
        (i) => column("Metadata_Neighbors")[i] > 0,
      );
      for (const { name } of outputs) {
        const truth = truths[comparisons.length];
        const own = `Metadata_NeighborInfluence${outputs.length === 1 ? "" : `_${name}`}`;
        const of = (values: ArrayLike<number>) => Float64Array.from(beset, (i) => values[i]);
        comparisons.push({
          output: name,
          cells: beset.length,
          truth: of(truth),
          found: of(column(own)),
          error: of(column(`${own}_SE`)),
          distance: remedy!.distance[name],
        });
      }
    }
    found.push(comparisons);
  }
  return found;
}

/** How well a column agrees with the truth. */
export interface Agreement {
  /** Rank correlation over cells; NaN where all values are the same. */
  readonly spearman: number;
  /** Least squares line of the column on the truth, and the standard deviation of what is left. */
  readonly slope: number;
  readonly intercept: number;
  readonly spread: number;
}

export function agreement({ truth, found }: Pick<Comparison, "truth" | "found">): Agreement {
  const { slope, intercept } = line(truth, found);
  const left = Float64Array.from(found, (v, i) => v - intercept - slope * truth[i]);
  const spread = Math.sqrt(left.reduce((a, v) => a + v * v, 0) / Math.max(1, left.length - 2));
  const [x, y] = [ranks(truth), ranks(found)];
  const there = line(x, y).slope;
  const back = line(y, x).slope;
  return { spearman: Math.sign(there) * Math.sqrt(there * back), slope, intercept, spread };
}

function line(x: Float64Array, y: Float64Array): { readonly slope: number; readonly intercept: number } {
  const n = x.length;
  const [mx, my] = [x, y].map((of) => of.reduce((a, v) => a + v, 0) / n);
  let [xy, xx] = [0, 0];
  for (let i = 0; i < n; i++) {
    xy += (x[i] - mx) * (y[i] - my);
    xx += (x[i] - mx) ** 2;
  }
  return { slope: xy / xx, intercept: my - (xy / xx) * mx };
}

/** Ranks from 1; equal values share the middle of theirs. */
function ranks(values: Float64Array): Float64Array {
  const order = [...values.keys()].sort((a, b) => values[a] - values[b]);
  const out = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let i = from; i < to; i++) out[order[i]] = (from + to + 1) / 2;
    from = to;
  }
  return out;
}
