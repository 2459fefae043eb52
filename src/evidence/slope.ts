import { symmetricEigen } from "../core/eigen.ts";
import { dot } from "../core/statistics.ts";

/** The cells of one class that a slope is fitted to; one entry per cell. */
export interface SlopeCells {
  /** What the slope is per unit of; NaN leaves the cell out. */
  readonly dose: Float64Array;
  /** What is held fixed besides, straight lines; NaN leaves the cell out. */
  readonly controls: readonly Float64Array[];
  /** Cells are compared within their stratum (a field) alone; numbered from 0, each within one cluster. */
  readonly stratum: Int32Array;
  /** Numbered over all classes. */
  readonly cluster: Int32Array;
}

/** A class's least-squares fit with everything prepared that does not depend on the outcome. */
export interface ClassSlope {
  /** Cells that are compared: positions in the class. */
  readonly rows: Int32Array;
  /** Stratum of each, numbered from 0. */
  readonly stratum: Int32Array;
  readonly strata: number;
  readonly clusters: number;
  /** Dose of each cell, less what stratum and controls say of it. */
  readonly dose: Float64Array;
  /** Sum of squares of `dose`. */
  readonly squares: number;
  /** Orthonormal controls, within strata. */
  readonly controls: readonly Float64Array[];
  /** Weights of the cells' residuals in the slope's deviation, bias-reduced; by cluster. */
  readonly weights: ReadonlyMap<number, Influence>;
}

interface Influence {
  /** Positions in `rows`. */
  readonly at: readonly number[];
  readonly weight: Float64Array;
  /** w' S w and S w of the cluster: what the degrees of freedom are made of. */
  readonly square: number;
  readonly lever: Float64Array;
}

/** Below which part of a sum of squares nothing is left of a column. */
const NOTHING = 1e-9;

/**
 * Prepares the slope of one class: dose and controls are centered within strata, the controls made orthogonal and taken
 * out of the dose (Frisch, Waugh and Lovell).
 * @returns null where the dose does not vary within strata beyond what the controls say
 */
export function prepareSlope(cells: SlopeCells): ClassSlope | null {
  const { dose, stratum, cluster } = cells;
  const finite = Array.from(dose.keys()).filter(
    (i) => Number.isFinite(dose[i]) && cells.controls.every((c) => Number.isFinite(c[i])),
  );
  const members = new Map<number, number>();
  for (const i of finite) members.set(stratum[i], (members.get(stratum[i]) ?? 0) + 1);
  const rows = Int32Array.from(finite.filter((i) => members.get(stratum[i])! > 1));
  const names = new Map<number, number>();
  const own = rows.map((i) => {
    if (!names.has(stratum[i])) names.set(stratum[i], names.size);
    return names.get(stratum[i])!;
  });
  const within = (column: Float64Array) =>
    centered(
      Float64Array.from(rows, (i) => column[i]),
      own,
      names.size,
    );
  const basis: Float64Array[] = [];
  for (const column of cells.controls) {
    const left = within(column);
    const before = dot(left, left);
    remove(left, basis);
    const after = dot(left, left);
    if (before > 0 && after > NOTHING * before) basis.push(left.map((v) => v / Math.sqrt(after)));
  }
  const left = within(dose);
  const before = dot(left, left);
  remove(left, basis);
  const squares = dot(left, left);
  if (!(before > 0) || squares <= NOTHING * before) return null;
  // Cells that are left once every stratum and column has taken one.
  if (rows.length - names.size - basis.length - 1 < 1) return null;
  const clusters = new Map<number, number[]>();
  rows.forEach((row, i) => {
    const list = clusters.get(cluster[row]);
    if (list === undefined) clusters.set(cluster[row], [i]);
    else list.push(i);
  });
  const columns = [left.map((v) => v / Math.sqrt(squares)), ...basis];
  return {
    rows,
    stratum: own,
    strata: names.size,
    clusters: clusters.size,
    dose: left,
    squares,
    controls: basis,
    weights: new Map([...clusters].map(([name, at]) => [name, influence(columns, at, Math.sqrt(squares))])),
  };
}

/**
 * Bell and McCaffrey's (2002) adjustment of one cluster: the residuals of a cluster are too small, as its cells helped to
 * fit the slope; (I - H)^(-1/2) undoes it. Strata lie within clusters, so that the columns centered within them serve in
 * place of all dummies (Pustejovsky and Tipton 2018).
 */
function influence(columns: readonly Float64Array[], at: readonly number[], scale: number): Influence {
  const p = columns.length;
  const gram = new Float64Array(p * p);
  for (let a = 0; a < p; a++)
    for (let b = 0; b <= a; b++) {
      let sum = 0;
      for (const i of at) sum += columns[a][i] * columns[b][i];
      gram[a * p + b] = gram[b * p + a] = sum;
    }
  const { values, vectors } = symmetricEigen(gram, p);
  const w = new Float64Array(p);
  for (let k = 0; k < p; k++) {
    const rest = 1 - values[k];
    // A direction that only this cluster knows leaves no residual.
    if (rest < 1e-10) continue;
    const factor = vectors[k * p] / Math.sqrt(rest) / scale;
    for (let a = 0; a < p; a++) w[a] += factor * vectors[k * p + a];
  }
  const lever = new Float64Array(p);
  for (let a = 0; a < p; a++) for (let b = 0; b < p; b++) lever[a] += gram[a * p + b] * w[b];
  return {
    at,
    weight: Float64Array.from(at, (i) => columns.reduce((sum, column, a) => sum + w[a] * column[i], 0)),
    square: dot(w, lever),
    lever,
  };
}

/** The slopes of an outcome by class and on average, each class of the same weight. */
export interface Slope {
  /** Per class; NaN where it has none. */
  readonly perClass: Float64Array;
  /** Mean over the classes that have one. */
  readonly estimate: number;
  /** Deviation of the mean by cluster: their squares sum to the variance. */
  readonly deviations: ReadonlyMap<number, number>;
  readonly variance: number;
  /** Satterthwaite's, of the bias-reduced variance. */
  readonly df: number;
}

/**
 * Fits an outcome (per class, one value per cell of the class) by least squares, class by class; cluster-robust variance
 * of the mean slope with Bell and McCaffrey's adjustment and Satterthwaite's degrees of freedom (CR2; Pustejovsky and
 * Tipton 2018). Clusters that classes share count once.
 */
export function fitSlope(prepared: readonly (ClassSlope | null)[], outcome: readonly Float64Array[]): Slope {
  const present = prepared.filter((p) => p !== null).length;
  const perClass = new Float64Array(prepared.length).fill(Number.NaN);
  const deviations = new Map<number, number>();
  prepared.forEach((of, c) => {
    if (of === null) return;
    const left = residuals(of, outcome[c]);
    perClass[c] = dot(of.dose, left) / of.squares;
    for (let i = 0; i < left.length; i++) left[i] -= perClass[c] * of.dose[i];
    for (const [name, { at, weight }] of of.weights) {
      let sum = 0;
      for (let k = 0; k < at.length; k++) sum += weight[k] * left[at[k]];
      deviations.set(name, (deviations.get(name) ?? 0) + sum / present);
    }
  });
  let variance = 0;
  for (const d of deviations.values()) variance += d * d;
  const estimate = perClass.reduce((sum, v) => sum + (Number.isNaN(v) ? 0 : v), 0) / present;
  return { perClass, estimate, deviations, variance, df: degreesOfFreedom(prepared) };
}

/** (tr G)^2 / tr G^2 with G the covariance of the clusters' deviations if cells were independent and alike. */
function degreesOfFreedom(prepared: readonly (ClassSlope | null)[]): number {
  const found = prepared.filter((p) => p !== null);
  const share = 1 / found.length ** 2;
  const own = new Map<number, number>();
  const fitted = new Map<number, number>();
  for (const { weights } of found)
    for (const [name, { square, lever }] of weights) {
      own.set(name, (own.get(name) ?? 0) + share * square);
      fitted.set(name, (fitted.get(name) ?? 0) + share * dot(lever, lever));
    }
  let trace = 0;
  let squares = 0;
  for (const [name, d] of own) {
    const h = fitted.get(name)!;
    trace += d - h;
    squares += d * d - 2 * d * h;
  }
  for (const a of found)
    for (const b of found) {
      // || sum over shared clusters of lever_a lever_b' ||^2
      const product = new Map<number, number>();
      for (const [name, { lever }] of a.weights) {
        const other = b.weights.get(name)?.lever;
        if (other === undefined) continue;
        for (let i = 0; i < lever.length; i++)
          for (let j = 0; j < other.length; j++) {
            const at = i * other.length + j;
            product.set(at, (product.get(at) ?? 0) + lever[i] * other[j]);
          }
      }
      for (const v of product.values()) squares += share * share * v * v;
    }
  return squares > 0 ? (trace * trace) / squares : Number.NaN;
}

/** The outcome less what stratum and controls say of it. */
export function residuals(
  { rows, stratum, strata, controls }: ClassSlope,
  outcome: Float64Array,
): Float64Array {
  const left = centered(
    Float64Array.from(rows, (i) => outcome[i]),
    stratum,
    strata,
  );
  remove(left, controls);
  return left;
}

/** Takes the mean of its stratum from every value, in place. */
function centered(values: Float64Array, stratum: Int32Array, strata: number): Float64Array {
  const sum = new Float64Array(strata);
  const count = new Float64Array(strata);
  for (let i = 0; i < values.length; i++) {
    sum[stratum[i]] += values[i];
    count[stratum[i]]++;
  }
  for (let i = 0; i < values.length; i++) values[i] -= sum[stratum[i]] / count[stratum[i]];
  return values;
}

/** Takes orthonormal columns out of `values`, in place; twice, against rounding. */
function remove(values: Float64Array, columns: readonly Float64Array[]): void {
  for (let pass = 0; pass < 2; pass++)
    for (const column of columns) {
      const along = dot(values, column);
      for (let i = 0; i < values.length; i++) values[i] -= along * column[i];
    }
}
