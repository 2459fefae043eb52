import { projectRows } from "../../core/principal.ts";
import { rowProbabilities } from "../../evaluate/logistic/calls.ts";
import { predictScores } from "../../evaluate/logistic/logistic.ts";
import type { PredictedCells, Predictions } from "../../evidence/predictions.ts";
import { MOST_CLASSES, type ViewEncoder } from "../../explore/format.ts";
import type { FeatureSet } from "../../features/features.ts";
import { writeLargeAtomic } from "../../files/atomic.ts";
import { NpyWriter } from "../../files/npy.ts";
import { table } from "../../files/table.ts";
import { hasSharedBackground, SETTINGS } from "../../settings.ts";
import { runOf } from "../../swap/runs.ts";
import { rowsInSetting } from "../../swap/segments.ts";
import type { Table } from "../../types.ts";
import type { StudyLayout } from "../layout.ts";
import { readProbes } from "../predicted.ts";
import { fitMap } from "./map.ts";
import { pieces, type ViewRequest, writeNumbers } from "./tables.ts";

/** Bytes of features that are read at once. */
const BYTES = 1 << 25;

/** One encoder's features, as it is or remedied, and what probes made of them. */
export interface EncoderView {
  /** Of the folder. */
  readonly name: string;
  /** What the probes are on; null where it is not of the study's plan. */
  readonly set: Pick<FeatureSet, "dimension" | "key" | "read"> | null;
  /** Whether composites get a place on a map of these features. */
  readonly mapped: boolean;
  readonly layout: Pick<StudyLayout, "stage" | "view">;
  readonly predictions: Predictions | null;
}

/** What was written of one encoder. */
export interface WrittenEncoder {
  readonly files: readonly string[];
  readonly map: ViewEncoder["map"];
}

/**
 * Writes `view/ENCODER`: what one encoder makes of every composite (`ENCODER_COLUMNS`), and the probabilities of all
 * classes where there are at most `MOST_CLASSES`. Features are read once, some rows at a time.
 */
export function writeComposites(request: ViewRequest, encoder: EncoderView): WrittenEncoder {
  const { layout, name, set, mapped, predictions } = encoder;
  const { plan, selection } = request;
  const composites = layout.view("composites.parquet", name);
  const plane = set !== null && mapped ? fitMap(set, rowsInSetting(plan, "original")) : null;
  const map = plane && {
    crops: plane.rows,
    axes: plane.shares.map((share, i) => ({ label: `principal component ${i + 1}`, share })),
  };
  const found = finder(request, predictions);
  const asked = set !== null && predictions !== null && selection.classes.length <= MOST_CLASSES;
  const fill = asked ? probabilityOf(request, encoder) : null;
  function* tables(file: NpyWriter | null): Generator<Table> {
    for (const { start, end } of pieces(plan.count)) {
      const of = Array.from({ length: end - start }, (_, i) => found(start + i));
      const [x, y] = [0, 1].map(() => new Float32Array(of.length).fill(Number.NaN));
      const needed = set !== null && (plane !== null || file !== null);
      for (const { from, rows, features } of needed ? featurePieces(set, start, end) : []) {
        if (plane !== null)
          projectRows(plane, features).forEach((value, i) => {
            (i % 2 === 0 ? x : y)[from + (i >> 1)] = value;
          });
        file?.append(fill!(rows, features, of.slice(from, from + rows.length)));
      }
      yield encoderTable(of, x, y);
    }
  }
  if (fill === null) {
    writeNumbers(composites, tables(null));
    return { files: [composites], map };
  }
  const probabilities = layout.view("probabilities.npy", name);
  writeLargeAtomic(probabilities, (partial) => {
    const file = new NpyWriter(partial, "float32", [selection.classes.length]);
    writeNumbers(composites, tables(file));
    file.close();
  });
  return { files: [composites, probabilities], map };
}

/** A composite's predictions stand at `i` of `of`; null: there are none. */
type Found = { readonly of: PredictedCells; readonly i: number } | null;

/** Looks up the predictions of a row of the plan. */
function finder({ plan, selection, store }: ViewRequest, predictions: Predictions | null) {
  const position = new Int32Array(store.count).fill(-1);
  for (const rows of selection.rows)
    rows.forEach((row, i) => {
      position[row] = i;
    });
  const classOf = plan.classes.map((name) => selection.classes.indexOf(name));
  const blocks = SETTINGS.map((setting) => {
    const own = predictions?.blocks.filter((b) => b.setting === setting) ?? [];
    return new Map(own.map((b) => [b.background, b]));
  });
  return (row: number): Found => {
    const { setting: s, background } = runOf(plan, row);
    const from = hasSharedBackground(SETTINGS[s]) ? (classOf[background] ?? -1) : -1;
    const own = selection.classOf[plan.cell[row]];
    const i = position[plan.cell[row]];
    const of = own < 0 || i < 0 ? null : (blocks[s].get(from)?.cells[own] ?? null);
    return of === null ? null : { of, i };
  };
}

function encoderTable(found: readonly Found[], x: Float32Array, y: Float32Array): Table {
  const numbers = (name: Exclude<keyof PredictedCells, "predicted">) =>
    Float32Array.from(found, (f) => (f === null ? Number.NaN : (f.of[name]?.[f.i] ?? Number.NaN)));
  return table({
    prediction: Int32Array.from(found, (f) => (f === null ? -1 : f.of.predicted[f.i])),
    probability: numbers("probability"),
    own: numbers("own"),
    lent: numbers("lent"),
    margin: numbers("margin"),
    map_x: x,
    map_y: y,
  });
}

/** The features of rows `start` to `end - 1` of the plan, as many at a time as memory allows. */
function* featurePieces(set: NonNullable<EncoderView["set"]>, start: number, end: number) {
  const most = Math.max(1, Math.floor(BYTES / (4 * set.dimension)));
  for (let from = start; from < end; from += most) {
    const rows = Int32Array.from({ length: Math.min(most, end - from) }, (_, i) => from + i);
    const features = new Float32Array(rows.length * set.dimension);
    set.read(rows, features);
    yield { from: from - start, rows, features };
  }
}

/**
 * Probabilities of all classes (rows x classes) of composites by the probe that judged each cell: those of
 * `composites.parquet` to the bit; NaN where nothing was predicted.
 */
function probabilityOf({ plan, groups }: ViewRequest, { name, layout }: EncoderView) {
  const probes = readProbes(layout.view("probes.npy", name));
  const { classes, dimension } = probes[0];
  const row = new Float64Array(classes);
  return (rows: Int32Array, features: Float32Array, found: readonly Found[]): Float32Array => {
    const out = new Float32Array(rows.length * classes);
    found.forEach((f, i) => {
      const at = i * classes;
      if (f === null) return void out.fill(Number.NaN, at, at + classes);
      const probe = probes[groups.group[plan.cell[rows[i]]]];
      rowProbabilities(predictScores(probe, features.subarray(i * dimension, (i + 1) * dimension)), row);
      out.set(row, at);
    });
    return out;
  };
}
