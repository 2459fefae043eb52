/**
 * A generative model of features whose truth is known. All random parts are isotropic Gaussian vectors (or mixtures of
 * two, for heavy-tailed fields), so that the accuracy of any linear machine on new cells, fields and donors is a sum of
 * normal probabilities.
 */
import { closedGroups, type Groups } from "../../src/core/groups.ts";
import { mulberry32, namedSeed, type Random } from "../../src/core/rng.ts";
import type { Setting } from "../../src/settings.ts";

/** One simulated design. Standard deviations are per feature, in units of that between cells. */
export interface Design {
  readonly name: string;
  /** Fields of every class. */
  readonly fields: readonly number[];
  /** Cells of every class. */
  readonly cells: number;
  /** Instead: cells of each class. */
  readonly cellsOf?: readonly number[];
  /** Only the first so many classes lend backgrounds. */
  readonly lending?: number;
  /** Dose of the neighbors. */
  readonly lambda: number;
  readonly dimension: number;
  /** Of the classes' own means, the mediums' and the neighbors'. */
  readonly signal: number;
  readonly medium: number;
  readonly neighbors: number;
  /** Of a field in the cell itself and in its surroundings. */
  readonly ownField: number;
  readonly donorField: number;
  /** Of a protein; 0: one protein per class. With it every protein has two fields and is the cluster. */
  readonly protein: number;
  /** What pasting adds per composite. */
  readonly paste: number;
  /** One field in ten has three times the spread. */
  readonly heavy: boolean;
  /** Cells per field grow from the first to the last field by this factor. */
  readonly uneven: number;
  readonly settings: readonly Setting[];
  /** What pasting adds to every feature of every composite; default 0. */
  readonly shift?: number;
  /**
   * Plates, over which every class's fields are dealt in turn, or, where classes lean, three in four on one of two; and
   * the standard deviation of their vectors, which stand in the medium.
   */
  readonly plates?: { readonly count: number; readonly medium: number; readonly leaning?: boolean };
  /** Donors from anywhere and folds of cells in random order, as before there were closed groups. */
  readonly open?: boolean;
}

/** Everything else that varies from donor to donor. */
export const CELL_MEDIUM = 0.5;
export const TEXTURE_CELL = 0.3;
export const TEXTURE_FIELD = 0.2;
export const NEIGHBOR_CELL = 0.5;
export const NEIGHBOR_NUMBER = 0.5;
/** Share of the own signal that an encoder at dose 1 loses to the neighbors it sees. */
const DILUTION = 0.3;

/** Folds of a study without closed groups. */
const FOLDS = 5;

/** What stays the same in all replicates of a design. */
export interface World {
  readonly design: Design;
  readonly classOf: Int16Array;
  readonly field: string[];
  readonly protein: string[];
  /** Plate of every row, 0 where the design has none. */
  readonly plate: Int32Array;
  readonly rows: Int32Array[];
  readonly groups: Groups;
  /** Fold of every row, and how many there are. */
  readonly fold: Int32Array;
  readonly folds: number;
  readonly own: Float64Array[];
  readonly medium: Float64Array[];
  readonly neighbors: Float64Array[];
  /** Vectors of the plates. */
  readonly plates: Float64Array[];
}

export function makeWorld(design: Design): World {
  const random = gaussian(mulberry32(namedSeed(11, "world", design.name)));
  const classes = design.fields.length;
  const vectors = (sd: number, count = classes) =>
    Array.from({ length: count }, () => Float64Array.from({ length: design.dimension }, () => sd * random()));
  const [own, medium, neighbors] = [design.signal, design.medium, design.neighbors].map((sd) => vectors(sd));
  const classOf: number[] = [];
  const field: string[] = [];
  const protein: string[] = [];
  const plate: number[] = [];
  const { count = 1, leaning = false, medium: platesDiffer = 0 } = design.plates ?? {};
  const rows = design.fields.map((fields, c) => {
    const start = classOf.length;
    const weights = Array.from({ length: fields }, (_, f) => 1 + ((design.uneven - 1) * f) / (fields - 1));
    const total = weights.reduce((a, b) => a + b, 0);
    weights.forEach((weight, f) => {
      for (
        let i = 0;
        i < Math.max(2, Math.round(((design.cellsOf?.[c] ?? design.cells) * weight) / total));
        i++
      ) {
        classOf.push(c);
        field.push(`${c}_${f}`);
        protein.push(design.protein > 0 ? `${c}_${f >> 1}` : `${c}`);
        plate.push(leaning ? (c + (f % 4 === 3 ? 1 : 0)) % 2 : f % count);
      }
    });
    return Int32Array.from({ length: classOf.length - start }, (_, i) => start + i);
  });
  const groups = closedGroups({ classes: design.fields.map((_, c) => `class${c}`), rows, field, protein });
  const open = design.open === true;
  const fold = open ? Int32Array.from(classOf.keys()).map((row) => row % FOLDS) : groups.group;
  return {
    design,
    classOf: Int16Array.from(classOf),
    field,
    protein,
    plate: Int32Array.from(plate),
    rows,
    groups,
    fold,
    folds: open ? FOLDS : groups.count,
    own,
    medium,
    neighbors,
    plates: vectors(platesDiffer, leaning ? 2 : count),
  };
}

/** One replicate's random parts, row by row (rows x dimension). */
export interface Draw {
  /** The cell itself, class mean included. */
  readonly cell: Float64Array;
  /** Medium of the crop, its class's mean included. */
  readonly medium: Float64Array;
  /** Neighbors, dose included; zero mean at dose 0. */
  readonly neighbors: Float64Array;
  /** What stands where the neighbors were removed. */
  readonly filled: Float64Array;
}

export function draw(world: World, random: Random): Draw {
  const { design, classOf, field, protein, plate } = world;
  const { dimension: d, lambda } = design;
  const normal = gaussian(random);
  const size = classOf.length * d;
  const out = {
    cell: new Float64Array(size),
    medium: new Float64Array(size),
    neighbors: new Float64Array(size),
    filled: new Float64Array(size),
  };
  const effects = new Map<string, Float64Array>();
  const proteins = new Map<string, Float64Array>();
  const vector = (sd: number) => Float64Array.from({ length: d }, () => sd * normal());
  for (let row = 0; row < classOf.length; row++) {
    let effect = effects.get(field[row]);
    if (effect === undefined) {
      const scale = design.heavy ? HEAVY[random() < 0.1 ? 1 : 0].scale : 1;
      effect = new Float64Array(4 * d);
      effect.set(vector(scale * design.ownField), 0);
      effect.set(vector(scale * design.donorField), d);
      effect.set(vector(scale * TEXTURE_FIELD), 2 * d);
      effect.set(vector(scale * TEXTURE_FIELD), 3 * d);
      effects.set(field[row], effect);
    }
    let fixed = proteins.get(protein[row]);
    if (fixed === undefined) proteins.set(protein[row], (fixed = vector(design.protein)));
    const c = classOf[row];
    const number = 1 + NEIGHBOR_NUMBER * normal();
    for (let j = 0, at = row * d; j < d; j++, at++) {
      out.cell[at] = world.own[c][j] + effect[j] + fixed[j] + normal();
      out.medium[at] =
        world.medium[c][j] + world.plates[plate[row]][j] + effect[d + j] + CELL_MEDIUM * normal();
      out.neighbors[at] =
        effect[2 * d + j] +
        TEXTURE_CELL * normal() +
        lambda * (world.neighbors[c][j] * number + NEIGHBOR_CELL * normal());
      out.filled[at] = effect[3 * d + j] + TEXTURE_CELL * normal();
    }
  }
  return out;
}

/** Share of the cell's own features that is left in a setting. */
export function kept(setting: Setting, lambda: number): number {
  if (setting === "background-only") return 0;
  return setting === "cell-free" || setting === "masked" ? 1 : 1 - DILUTION * lambda;
}

/** Features of one row in a setting with a donor (itself where there is none) into `out`. */
export function compose(
  world: World,
  drawn: Draw,
  setting: Setting,
  row: number,
  donor: number,
  normal: Random,
  out: Float64Array,
): void {
  const { dimension: d, paste, lambda, shift = 0 } = world.design;
  const share = kept(setting, lambda);
  const imaged = setting === "original" || setting === "background-only";
  const pasted = imaged ? 0 : paste;
  const around = setting === "cell-free" ? drawn.filled : drawn.neighbors;
  const [a, b] = [row * d, donor * d];
  for (let j = 0; j < d; j++) {
    out[j] = share * drawn.cell[a + j] + (imaged ? 0 : shift);
    if (setting !== "masked") out[j] += drawn.medium[b + j] + around[b + j];
    if (pasted > 0) out[j] += pasted * normal();
  }
}

/** The two kinds of fields of a heavy-tailed design, at the same variance as the one kind of the others. */
const HEAVY = [
  { share: 0.9, scale: Math.sqrt(1 / 1.8) },
  { share: 0.1, scale: 3 * Math.sqrt(1 / 1.8) },
];
const ONE = [{ share: 1, scale: 1 }];

/**
 * Probability that the machine (w, b) gives a new cell of class `own`, of a new field, with a new donor of class
 * `lender`, a positive score.
 */
export function positive(
  world: World,
  setting: Setting,
  own: number,
  lender: number,
  w: Float64Array,
  b: number,
): number {
  const { design } = world;
  const { lambda } = design;
  const share = kept(setting, lambda);
  const seen = setting !== "masked";
  const free = setting === "cell-free";
  let mean = b;
  let norm = 0;
  let toward = 0;
  for (let j = 0; j < w.length; j++) {
    mean += w[j] * share * world.own[own][j];
    if (seen) mean += w[j] * world.medium[lender][j];
    if (seen && !free) toward += w[j] * world.neighbors[lender][j];
    norm += w[j] * w[j];
  }
  mean += lambda * toward;
  const cell = share ** 2 * (1 + design.protein ** 2);
  const around = seen ? CELL_MEDIUM ** 2 + TEXTURE_CELL ** 2 + (free ? 0 : (lambda * NEIGHBOR_CELL) ** 2) : 0;
  const pasted = setting === "original" ? 0 : design.paste ** 2;
  const fixed = norm * (cell + around + pasted) + (NEIGHBOR_NUMBER * lambda * toward) ** 2;
  const ownField = norm * share ** 2 * design.ownField ** 2;
  const lentField = seen ? norm * (design.donorField ** 2 + TEXTURE_FIELD ** 2) : 0;
  const oneField = setting === "original" || setting === "self";
  const kinds = design.heavy ? HEAVY : ONE;
  let sum = 0;
  for (const p of kinds)
    for (const q of oneField ? [{ share: 1, scale: p.scale }] : kinds)
      sum +=
        p.share *
        q.share *
        normalCdf(mean / Math.sqrt(fixed + ownField * p.scale ** 2 + lentField * q.scale ** 2));
  return sum;
}

/** Standard normal draws, two for each pair of uniform numbers (Marsaglia's polar method). */
export function gaussian(random: Random): Random {
  let spare = Number.NaN;
  return () => {
    if (!Number.isNaN(spare)) {
      const value = spare;
      spare = Number.NaN;
      return value;
    }
    let u: number;
    let v: number;
    let s: number;
    do {
      u = 2 * random() - 1;
      v = 2 * random() - 1;
      s = u * u + v * v;
    } while (s >= 1 || s === 0);
    const f = Math.sqrt((-2 * Math.log(s)) / s);
    spare = v * f;
    return u * f;
  };
}

/** P(Z <= z), absolute error below 1e-7 (Abramowitz and Stegun 7.1.26). */
function normalCdf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const tail =
    0.5 *
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) *
    Math.exp(-x * x);
  return z > 0 ? 1 - tail : tail;
}
