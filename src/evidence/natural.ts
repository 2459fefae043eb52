import { z } from "zod";
import { mulberry32, namedSeed } from "../core/rng.ts";
import { median } from "../core/statistics.ts";
import { studentQuantile } from "../core/student.ts";
import type { Grouping } from "./estimate.ts";
import { STATED_NUMBER, type StatedNumber } from "./further.ts";
import { benjaminiHochberg } from "./multiplicity.ts";
import { BINNED, type Binned, binnedSlope } from "./natural-curve.ts";
import { type SwapDonors, statedRatio, statedSwap, swapEffect } from "./natural-swap.ts";
import type { PredictedCells, Predictions } from "./predictions.ts";
import { type ClassSlope, fitSlope, prepareSlope, type Slope } from "./slope.ts";
import { shuffledP } from "./slope-shuffle.ts";

/** How what a probe makes of cells as imaged goes with their real neighbors. */
export const NATURAL = z.strictObject({
  id: z.literal("natural"),
  encoder: z.string(),
  numbers: z.array(STATED_NUMBER),
  /** Typical cell diameter, px. */
  diameter: z.number(),
  /** Own-class probability against the doses. */
  curves: z.array(BINNED),
});
export type Natural = z.infer<typeof NATURAL>;

/** What is around each cell of a class, one value per cell. */
export interface AroundCells {
  /** Connected pieces of neighbors. */
  readonly number: Float64Array;
  /** Share of the crop that neighbors cover, 0 to 1. */
  readonly area: Float64Array;
  /** Distance to the nearest neighbor, px; NaN without any. */
  readonly nearest: Float64Array;
  /** Per channel: (N - C) / (|N| + |C|) of the mean levels above the medium of neighbors and cell; NaN without any. */
  readonly contrast: readonly Float64Array[];
  /** Share of the crop that the cell covers. */
  readonly own: Float64Array;
  /** Per channel: mean level of the cell above the medium. */
  readonly brightness: readonly Float64Array[];
  /** `area` by the neighbors' class, where fields hold several: the cell's own, others, and not known. */
  readonly classes: {
    readonly own: Float64Array;
    readonly other: Float64Array;
    readonly unknown: Float64Array;
  } | null;
}

/** What natural evidence is drawn from; arrays are per class, then per cell of the class. */
export interface NaturalRequest {
  readonly encoder: string;
  readonly channels: readonly string[];
  /** Typical cell diameter, px. */
  readonly diameter: number;
  /** Cells are compared with those of their stratum: field, and protein where there are several. */
  readonly stratum: readonly Int32Array[];
  readonly around: readonly AroundCells[];
  /** Has `original` for every class. */
  readonly predictions: Predictions;
  readonly donors: SwapDonors;
  readonly grouping: Grouping;
  readonly seed: number;
}

/** A property of the neighbors, in the unit that slopes are per. */
interface Dose {
  readonly id: string;
  readonly of: (around: AroundCells) => Float64Array;
  /** What is held fixed besides the cell itself. */
  readonly controls?: (around: AroundCells) => Float64Array[];
}

/** What a slope is of. */
interface Outcome {
  readonly statement: string;
  readonly kind: StatedNumber["kind"];
  readonly prepared: readonly (ClassSlope | null)[];
  readonly values: readonly Float64Array[];
  /** Also stated class by class. */
  readonly perClass: boolean;
  readonly method: string;
}

const LEVEL = 0.95;
/** Shuffles behind a p value. */
const DRAWS = 999;
/** Clusters that a class needs for a slope of its own with an interval. */
const FEWEST = 3;

const METHOD = `least squares within fields at fixed own area and brightness; cluster-robust (CR2), Student's t with Satterthwaite's degrees of freedom; p from ${DRAWS} shuffles of the doses within fields, too small where parts of a field differ in themselves`;

/**
 * Slopes of a held-out probe's own-class probability, margin and errors on cells as imaged over properties of their real
 * neighbors, within fields, at fixed area and brightness of the cell itself. An association: crowded cells can differ in
 * themselves, and neighbors throw light into them. `natural/area/hidden` is the same slope where a cell's own neighbors are
 * not shown (`same`, else `masked`), `natural/area/seen` what the slope on cells as imaged has beyond that, cell by cell.
 * Yields after every dose.
 */
export function* naturalSlopes(request: NaturalRequest): Generator<void, Natural> {
  const { encoder, diameter, around, seed } = request;
  const numbers: StatedNumber[] = [];
  const curves: Binned[] = [];
  for (const dose of dosesOf(request)) {
    const doses = around.map(dose.of);
    const prepared = prepare(request, doses, dose.controls);
    const outcomes = outcomesOf(request, dose.id, prepared);
    const random = mulberry32(namedSeed(seed, "natural", dose.id));
    const p = shuffledP({ prepared, outcomes: outcomes.map((o) => o.values), draws: DRAWS, random });
    outcomes.forEach((outcome, k) => {
      numbers.push(...statedSlopes(outcome, p[k], request));
    });
    if (dose.id === AREA) {
      const hidden = hiddenOutcomes(request, prepared);
      for (const outcome of hidden) {
        const { values } = outcome;
        const [found] = shuffledP({
          prepared: outcome.prepared,
          outcomes: [values],
          draws: DRAWS,
          random,
        });
        numbers.push(...statedSlopes(outcome, found, request));
      }
      numbers.push(...agreement(request, [outcomes[0], ...hidden]));
    }
    const curve = binnedSlope(dose.id, prepared, outcomes[0].values, doses);
    if (curve !== null) curves.push(curve);
    yield;
  }
  return { id: "natural", encoder, numbers, diameter, curves };
}

const AREA = "natural/area";
/** Doses whose intervals were looked at in simulated studies (docs/validity.md). */
const SIMULATED = /^natural\/(?:area|own-class|other-class|class)$/;
const ERRORS = "/errors";
/** Cells that must be named otherwise than most of their class for an interval of errors, as for the ladder's accuracies. */
const FEWEST_DIFFERING = 5;

/**
 * Per tenth of the crop, per piece, per tenth of a diameter, per third of the contrast (twice as bright as the cell); where
 * the neighbors' classes are known, also per tenth of the crop that is covered by the own class and by others, and by the own
 * in the place of others.
 */
function dosesOf({ channels, diameter, around }: NaturalRequest): Dose[] {
  const tenths = (values: Float64Array) => values.map((v) => 10 * v);
  const mixed =
    around.every((a) => a.classes !== null) && around.some((a) => a.classes!.other.some((v) => v > 0));
  return [
    { id: AREA, of: (a) => tenths(a.area) },
    { id: "natural/number", of: (a) => a.number },
    { id: "natural/nearest", of: (a) => a.nearest.map((v) => (10 * v) / diameter) },
    ...channels.map((channel, c) => ({
      id: `natural/brightness/${channel}`,
      of: (a: AroundCells) => a.contrast[c].map((v) => 3 * v),
    })),
    ...(mixed ? MIXED.map((dose) => ({ ...dose, of: (a: AroundCells) => tenths(dose.of(a)) })) : []),
  ];
}

/** Where neighbors are of several classes. */
const MIXED: readonly Dose[] = [
  {
    id: "natural/own-class",
    of: ({ classes }) => classes!.own,
    controls: ({ classes }) => [classes!.other, classes!.unknown],
  },
  {
    id: "natural/other-class",
    of: ({ classes }) => classes!.other,
    controls: ({ classes }) => [classes!.own, classes!.unknown],
  },
  // At a fixed area of both together.
  {
    id: "natural/class",
    of: ({ classes }) => classes!.own,
    controls: ({ area, classes }) => [area, classes!.unknown],
  },
];

function prepare(
  { around, stratum, predictions: { cluster } }: NaturalRequest,
  doses: readonly Float64Array[],
  more: Dose["controls"] = () => [],
): (ClassSlope | null)[] {
  return doses.map((dose, own) =>
    prepareSlope({
      dose,
      controls: [around[own].own, ...around[own].brightness.map(compressed), ...more(around[own])],
      stratum: stratum[own],
      cluster: cluster[own],
    }),
  );
}

/** Brightness on a scale on which a few very bright cells do not decide: logarithmic, and even around 0. */
function compressed(values: Float64Array): Float64Array {
  const typical = median(values.map(Math.abs).filter(Number.isFinite)) || 1;
  return values.map((v) => Math.asinh(v / typical));
}

function outcomesOf(
  { predictions }: NaturalRequest,
  id: string,
  prepared: readonly (ClassSlope | null)[],
): Outcome[] {
  const cells = cellsIn(predictions, "original");
  const made = (
    suffix: string,
    kind: Outcome["kind"],
    of: (cells: PredictedCells, own: number) => Float64Array,
  ) => ({
    statement: `${id}${suffix}`,
    kind,
    prepared,
    values: cells.map((c, own) => of(c!, own)),
    perClass: suffix === "",
    method: SIMULATED.test(id) ? METHOD : `${METHOD}; not simulated by itself`,
  });
  return [
    made("", "slope", (c) => Float64Array.from(c.own)),
    made("/log-odds", "log-odds", (c) => Float64Array.from(c.margin)),
    made(ERRORS, "slope", (c, own) => Float64Array.from(c.predicted, (p) => (p === own ? 0 : 1))),
  ];
}

/** The own-class probability where a cell's own neighbors are not shown, and what is lost with them. */
function hiddenOutcomes(
  { predictions }: NaturalRequest,
  prepared: readonly (ClassSlope | null)[],
): Outcome[] {
  const original = cellsIn(predictions, "original");
  for (const setting of ["same", "masked"] as const) {
    const without = cellsIn(predictions, setting);
    const shared = prepared.map((of, own) => (without[own] === null ? null : of));
    if (shared.every((of) => of === null)) continue;
    const values = without.map((cells) => Float64Array.from(cells?.own ?? []));
    const about = { kind: "slope", prepared: shared, perClass: false } as const;
    return [
      { ...about, statement: `${AREA}/hidden`, values, method: `the cells in ${setting}; ${METHOD}` },
      {
        ...about,
        statement: `${AREA}/seen`,
        values: original.map((cells, own) => Float64Array.from(values[own], (v, i) => cells!.own[i] - v)),
        method: `original minus ${setting}, cell by cell; ${METHOD}`,
      },
    ];
  }
  return [];
}

/** Predictions by class in a setting without backgrounds. */
function cellsIn(
  { blocks, classes }: Predictions,
  setting: "original" | "same" | "masked",
): (PredictedCells | null)[] {
  const block = blocks.find((b) => b.setting === setting);
  return classes.map((_, own) => block?.cells[own] ?? null);
}

/** What swaps say of neighbors of the own and of other classes, and natural slopes over what they say of the own. */
function agreement(
  { predictions, donors, grouping }: NaturalRequest,
  outcomes: readonly Outcome[],
): StatedNumber[] {
  const swap = swapEffect(predictions, donors, "own");
  const sample = (classes: readonly number[]) => ({
    cells: Math.min(...classes.map((c) => predictions.cluster[c].length)),
    clusters: Math.min(...classes.map((c) => new Set(predictions.cluster[c]).size)),
  });
  const stated = (["own", "other"] as const).flatMap((whose) => {
    const found = whose === "own" ? swap : swapEffect(predictions, donors, whose);
    if (found === null) return [];
    return [
      statedSwap(found, { statement: `natural/swap-${whose}`, ...sample(found.classes) }, grouping, LEVEL),
    ];
  });
  if (swap === null) return stated;
  const ratios = outcomes.flatMap(({ statement, prepared, values }) => {
    if (statement === `${AREA}/hidden`) return [];
    const shared = prepared.map((of, c) => (swap.classes.includes(c) ? of : null));
    if (!swap.classes.every((c) => shared[c] !== null)) return [];
    const about = { statement: `${statement}/ratio`, ...sample(swap.classes) };
    return [statedRatio(fitSlope(shared, values), swap, about, grouping, LEVEL)];
  });
  return [...stated, ...ratios];
}

/** The number over all classes and, where it is wanted, of each class. */
function statedSlopes(
  { statement, kind, prepared, values, perClass, method }: Outcome,
  p: { readonly mean: number; readonly perClass: readonly number[] },
  { predictions, grouping }: NaturalRequest,
): StatedNumber[] {
  const about = { statement, kind, method };
  const all = stated(about, { prepared, values }, p.mean, grouping, null);
  if (!perClass) return [all];
  const single = predictions.classes.map((name, only) => {
    const one = prepared.map((of, c) => (c === only ? of : null));
    return stated(about, { prepared: one, values }, p.perClass[only], grouping, name);
  });
  const q = benjaminiHochberg(single.map((number) => number.p));
  return [all, ...single.map((number, c) => ({ ...number, q: q[c] }))];
}

function stated(
  about: Pick<StatedNumber, "statement" | "kind" | "method">,
  { prepared, values }: Pick<Outcome, "prepared" | "values">,
  p: number,
  grouping: Grouping,
  name: string | null,
): StatedNumber {
  const present = prepared.filter((of) => of !== null);
  const found: Slope | null = present.length === 0 ? null : fitSlope(prepared, values);
  const clusters = present.length === 0 ? 0 : Math.min(...present.map((of) => of.clusters));
  const refused =
    whyNot(found, clusters, grouping) ??
    (about.statement.endsWith(ERRORS) ? tooFewErrors(prepared, values) : null);
  const ok = found !== null && refused === null;
  const half = ok ? studentQuantile((1 + LEVEL) / 2, found.df) * Math.sqrt(found.variance) : Number.NaN;
  return {
    ...about,
    class: name,
    estimate: found === null ? null : found.estimate,
    low: ok ? found.estimate - half : null,
    high: ok ? found.estimate + half : null,
    se: ok ? Math.sqrt(found.variance) : null,
    df: ok ? found.df : null,
    p: found === null ? null : p,
    q: null,
    cells: present.length === 0 ? 0 : Math.min(...present.map((of) => of.rows.length)),
    clusters,
    unit: grouping.unit,
    groups: grouping.count,
    classes: present.length,
    level: LEVEL,
    refused,
  };
}

/** Why a slope has no number or no interval. */
function whyNot(found: Slope | null, clusters: number, { unit }: Grouping): string | null {
  if (found === null) return "what is around the cells of a field does not differ, or no cell has a neighbor";
  if (clusters < FEWEST) return `${clusters} ${unit}s are too few for an interval (${FEWEST} are enough)`;
  if (!(found.variance > 0) || !(found.df > 0))
    return "the probe makes the same of all cells, which does not tell how much would change with others";
  return null;
}

/** Why errors have a number and no interval: a handful of cells does not show how much would change with others. */
function tooFewErrors(
  prepared: readonly (ClassSlope | null)[],
  values: readonly Float64Array[],
): string | null {
  let differing = 0;
  prepared.forEach((of, c) => {
    if (of === null) return;
    const wrong = of.rows.reduce((sum, row) => sum + values[c][row], 0);
    differing += Math.min(wrong, of.rows.length - wrong);
  });
  return differing < FEWEST_DIFFERING
    ? `only ${differing} ${differing === 1 ? "cell is" : "cells are"} named otherwise than the others of the class (${FEWEST_DIFFERING} are enough), which does not tell how much would change with others`
    : null;
}
