import { predictScores } from "../../evaluate/logistic/logistic.ts";
import type { PredictedCells, Predictions } from "../../evidence/predictions.ts";
import { rowProbabilities } from "../../evidence/predictions.ts";
import { MOST_CLASSES } from "../../explore/format.ts";
import type { FeatureSet } from "../../features/features.ts";
import { writeLargeAtomic } from "../../files/atomic.ts";
import { NpyWriter } from "../../files/npy.ts";
import { table, writeParquetPieces } from "../../files/table.ts";
import { hasSharedBackground } from "../../settings.ts";
import { segmentsOf } from "../../swap/segments.ts";
import type { Table } from "../../types.ts";
import type { StudyLayout } from "../layout.ts";
import { readProbes } from "../predicted.ts";
import type { ViewRequest } from "./tables.ts";

/** Rows that are written at once, and bytes of features that are read at once. */
const ROWS = 65_536;
const BYTES = 1 << 25;

/** One encoder's features, and what probes made of them. */
export interface EncoderView {
  readonly set: Pick<FeatureSet, "name" | "dimension" | "read">;
  readonly layout: Pick<StudyLayout, "view">;
  readonly predictions: Predictions | null;
}

/**
 * Writes `view/ENCODER`: what one encoder makes of every composite (`ENCODER_COLUMNS`), and the probabilities of all
 * classes where there are at most `MOST_CLASSES`. Returns the files.
 */
export function writeComposites(request: ViewRequest, encoder: EncoderView): string[] {
  const { layout, set, predictions } = encoder;
  const composites = layout.view("composites.parquet", set.name);
  if (predictions === null || predictions.classes.length > MOST_CLASSES) {
    writeParquetPieces(
      composites,
      pieces(request, encoder, () => {}),
    );
    return [composites];
  }
  const probabilities = layout.view("probabilities.npy", set.name);
  const fill = probabilityOf(request, encoder);
  writeLargeAtomic(probabilities, (partial) => {
    const file = new NpyWriter(partial, "float32", [predictions.classes.length]);
    writeParquetPieces(
      composites,
      pieces(request, encoder, (rows, known) => file.append(fill(rows, known))),
    );
    file.close();
  });
  return [composites, probabilities];
}

/** A composite's predictions stand at `i` of `of`; null: there are none. */
type Found = { readonly of: PredictedCells; readonly i: number } | null;
type Visit = (rows: Int32Array, found: readonly Found[]) => void;

/** The columns of all composites in the order of the plan, in pieces; `visit` is called with the rows of each. */
function* pieces(
  { plan, selection, store }: ViewRequest,
  { predictions }: EncoderView,
  visit: Visit,
): Generator<Table> {
  const position = new Int32Array(store.count).fill(-1);
  for (const rows of selection.rows)
    rows.forEach((row, i) => {
      position[row] = i;
    });
  const blocks = new Map(predictions?.blocks.map((b) => [`${b.setting} ${b.background}`, b]));
  for (const { setting, background, start, end } of segmentsOf(plan)) {
    const from = hasSharedBackground(setting) ? selection.classes.indexOf(background!) : -1;
    const block = blocks.get(`${setting} ${from}`);
    for (let at = start; at < end; at += ROWS) {
      const rows = Int32Array.from({ length: Math.min(ROWS, end - at) }, (_, i) => at + i);
      const found = Array.from(rows, (row): Found => {
        const own = selection.classOf[plan.cell[row]];
        const i = position[plan.cell[row]];
        const of = own < 0 || i < 0 ? null : (block?.cells[own] ?? null);
        return of === null ? null : { of, i };
      });
      visit(rows, found);
      const numbers = (name: Exclude<keyof PredictedCells, "predicted">) =>
        Float32Array.from(found, (f) => (f === null ? Number.NaN : (f.of[name]?.[f.i] ?? Number.NaN)));
      yield table({
        prediction: Int32Array.from(found, (f) => (f === null ? -1 : f.of.predicted[f.i])),
        probability: numbers("probability"),
        own: numbers("own"),
        lent: numbers("lent"),
        margin: numbers("margin"),
        map_x: new Float32Array(rows.length).fill(Number.NaN),
        map_y: new Float32Array(rows.length).fill(Number.NaN),
      });
    }
  }
}

/**
 * Probabilities of all classes (rows x classes) of composites by the probe that judged each cell: those of
 * `composites.parquet` to the bit; NaN where nothing was predicted.
 */
function probabilityOf(
  { plan, groups }: ViewRequest,
  { set, layout }: EncoderView,
): (...rows: Parameters<Visit>) => Float32Array {
  const probes = readProbes(layout.view("probes.npy", set.name));
  const { classes, dimension } = probes[0];
  const row = new Float64Array(classes);
  const most = Math.max(1, Math.floor(BYTES / (4 * dimension)));
  return (rows, found) => {
    const out = new Float32Array(rows.length * classes);
    for (let from = 0; from < rows.length; from += most) {
      const some = rows.subarray(from, from + most);
      const features = new Float32Array(some.length * dimension);
      set.read(some, features);
      for (let i = 0; i < some.length; i++) {
        const at = (from + i) * classes;
        if (found[from + i] === null) {
          out.fill(Number.NaN, at, at + classes);
          continue;
        }
        const probe = probes[groups.group[plan.cell[some[i]]]];
        rowProbabilities(predictScores(probe, features.subarray(i * dimension, (i + 1) * dimension)), row);
        out.set(row, at);
      }
    }
    return out;
  };
}
