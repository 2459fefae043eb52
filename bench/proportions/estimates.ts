/** Proportions of heterogeneous proteins from features: probes by held-out proteins, calibration, shares with intervals. */
import { groupRows } from "../../src/core/group.ts";
import { fitLogistic, predictScores } from "../../src/evaluate/logistic/logistic.ts";
import { applyTemperature, fitTemperature } from "../../src/proportions/calibrate.ts";
import { totalVariation } from "../../src/proportions/divergence.ts";
import { prevalence } from "../../src/proportions/quantify.ts";
import { shareRegion } from "../../src/proportions/region.ts";

/** Cells by row: class, protein and field, by number. */
export interface Cells {
  readonly label: Int32Array;
  readonly protein: Int32Array;
  readonly field: Int32Array;
}

/** Scores, rows x classes: of singly localized cells by probes that did not see their protein, and of the others. */
export interface CellScores {
  readonly heldOut: Float64Array;
  readonly target: Float64Array;
}

/** What is found of one protein. */
export interface Found {
  /** Of the classes: what its cells have, what is estimated, and the interval's ends. */
  readonly truth: readonly number[];
  readonly shares: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** Error that mixtures let expect, as `shareRegion` gives it. */
  readonly error: number;
  /** Shares by other ways: mean probability not calibrated, and adjusted mean probability. */
  readonly mean: readonly number[];
  readonly adjusted: readonly number[];
}

const MOST_FOLDS = 5;

/** Trains as the study's proportions do: one probe per fold of proteins; others' cells get the mean of all probes' scores. */
export function scoreCells(
  single: Cells,
  features: Float32Array,
  target: Float32Array,
  classes: number,
): CellScores {
  const rows = single.label.length;
  const dimension = features.length / rows;
  const seen = Array.from({ length: classes }, () => [] as number[]);
  const order = Array.from(single.label, (label, row) => {
    const known = seen[label];
    if (!known.includes(single.protein[row])) known.push(single.protein[row]);
    return known.indexOf(single.protein[row]);
  });
  const folds = Math.min(MOST_FOLDS, ...seen.map((list) => list.length));
  const take = (of: Int32Array) => {
    const out = new Float32Array(of.length * dimension);
    of.forEach((row, i) => {
      out.set(features.subarray(row * dimension, (row + 1) * dimension), i * dimension);
    });
    return out;
  };
  const heldOut = new Float64Array(rows * classes);
  const out = new Float64Array((target.length / dimension) * classes);
  for (let fold = 0; fold < folds; fold++) {
    const all = Int32Array.from(order.keys());
    const train = all.filter((row) => order[row] % folds !== fold);
    const test = all.filter((row) => order[row] % folds === fold);
    const labels = train.map((row) => single.label[row]);
    const model = fitLogistic(take(train), labels, dimension, classes, { standardize: true });
    const scores = predictScores(model, take(test));
    test.forEach((row, i) => {
      heldOut.set(scores.subarray(i * classes, (i + 1) * classes), row * classes);
    });
    predictScores(model, target).forEach((score, at) => {
      out[at] += score / folds;
    });
  }
  return { heldOut, target: out };
}

/** Shares of every heterogeneous protein among its cells, with intervals. */
export function estimateProteins(
  single: Cells,
  mixed: Cells,
  { heldOut, target }: CellScores,
  classes: number,
): Found[] {
  const temperature = fitTemperature(heldOut, single.label, classes);
  const calibration = {
    classes,
    posteriors: applyTemperature(temperature, heldOut, classes),
    labels: single.label,
  };
  const [warm, cold] = [temperature, 1].map((t) => applyTemperature(t, target, classes));
  return [...groupRows(mixed.protein, (protein) => protein)].map(([protein, rows]) => {
    const of = (values: Float64Array) =>
      Float64Array.from(
        { length: rows.length * classes },
        (_, at) => values[rows[Math.floor(at / classes)] * classes + (at % classes)],
      );
    const truth = new Float64Array(classes);
    for (const row of rows) truth[mixed.label[row]] += 1 / rows.length;
    const posteriors = of(warm);
    const { shares, low, high, error } = shareRegion({
      method: "em",
      calibration,
      protein: single.protein,
      field: single.field,
      posteriors,
      sizes: [...groupRows(rows, (row) => mixed.field[row]).values()].map((list) => list.length),
      seed: protein,
    });
    return {
      truth: [...truth],
      shares: [...shares],
      low: [...low],
      high: [...high],
      error,
      mean: [...prevalence("pcc", calibration, of(cold)).shares],
      adjusted: [...prevalence("pacc", calibration, posteriors).shares],
    };
  });
}

/** Errors in total variation and coverage over proteins; coverage apart for classes that a protein has and others. */
export function summarize(found: readonly Found[]) {
  const average = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const errorOf = (of: (f: Found) => readonly number[]) =>
    average(found.map((f) => totalVariation(of(f), f.truth)));
  const shares = found.flatMap(({ truth, shares: s, low, high }, protein) =>
    truth.map((value, k) => ({
      protein,
      has: value > 0,
      off: s[k] - value,
      held: low[k] - 1e-12 <= value && value <= high[k] + 1e-12 ? 1 : 0,
      half: (high[k] - low[k]) / 2,
    })),
  );
  const part = (list: typeof shares) => {
    // A protein's shares are off together: the standard error is over proteins.
    const coverage = average(list.map((s) => s.held));
    const sums = [...groupRows(list, (s) => s.protein).values()].map((at) =>
      at.reduce((sum, i) => sum + list[i].held - coverage, 0),
    );
    return {
      n: list.length,
      coverage,
      error: Math.sqrt(sums.reduce((sum, v) => sum + v * v, 0)) / list.length,
      half: average(list.map((s) => s.half)),
      bias: average(list.map((s) => s.off)),
    };
  };
  return {
    proteins: found.length,
    variation: errorOf((f) => f.shares),
    expected: average(found.map((f) => f.error)),
    mean: errorOf((f) => f.mean),
    adjusted: errorOf((f) => f.adjusted),
    all: part(shares),
    has: part(shares.filter((s) => s.has)),
    hasNot: part(shares.filter((s) => !s.has)),
  };
}
