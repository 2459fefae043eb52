/** Slopes over real neighbors in simulated studies of known truth: coverage, type I error, bias. */
import { closedGroups } from "../../src/core/groups.ts";
import { mulberry32, namedSeed } from "../../src/core/rng.ts";
import type { StatedNumber } from "../../src/evidence/further.ts";
import { type AroundCells, naturalSlopes } from "../../src/evidence/natural.ts";
import { predictHeldOut } from "../../src/evidence/predictions.ts";
import { SETTINGS, type Setting, traitsOf } from "../../src/settings.ts";
import { listBlocks, PlanIndex } from "../../src/study/block.ts";
import { predictionRequest } from "../../src/study/transfer.ts";
import { makePlan } from "../../src/swap/plan.ts";
import { settingOf } from "../../src/swap/runs.ts";
import { gaussian } from "./model.ts";

/** One simulated design; standard deviations are per feature, in units of that between cells. */
export interface NaturalDesign {
  readonly name: string;
  /** Fields of every class. */
  readonly fields: number;
  /** Cells of every class. */
  readonly cells: number;
  readonly classes: number;
  /** What a tenth of the crop of neighbors adds of their class. */
  readonly lambda: number;
  /** Of a field in the cell, and in its surroundings. */
  readonly field: number;
  /** How much the leaning differs between fields, parts of `lambda`. */
  readonly spread: number;
  /** What a dense part of a field adds to the cells in it, whatever part that is. */
  readonly patch: number;
  /** What own size adds; larger cells leave less room for neighbors. */
  readonly size: number;
  /** What a tenth of the crop of neighbors adds to the cell itself, in the direction of its class, whether they are shown or not. */
  readonly crowded: number;
  /** Classes share their fields, and their neighbors are of any class. */
  readonly mixed: boolean;
  /** How far apart the classes are. */
  readonly signal: number;
  /** Channels whose brightness is held fixed; it says nothing. */
  readonly channels: number;
}

const MEDIUM = 0.3;
const DIMENSION = 8;

/** The classes' directions, the same in all replicates of a design. */
export function directions(design: NaturalDesign): {
  own: Float64Array[];
  medium: Float64Array[];
  size: Float64Array;
} {
  const normal = gaussian(mulberry32(namedSeed(17, "natural", design.name)));
  const vector = (sd: number) => Float64Array.from({ length: DIMENSION }, () => sd * normal());
  const many = (sd: number) => Array.from({ length: design.classes }, () => vector(sd));
  return { own: many(design.signal), medium: many(MEDIUM), size: vector(1) };
}

/** All numbers of one simulated study, drawn and judged by the product's groups, plan, probes and evidence. */
export function simulateNatural(design: NaturalDesign, replicate: number): StatedNumber[] {
  const { fields, classes: count, cells, lambda, mixed } = design;
  const normal = gaussian(mulberry32(namedSeed(replicate, "natural", design.name)));
  const vectors = directions(design);
  const classes = Array.from({ length: count }, (_, c) => `class${c}`);
  const classOf = Int16Array.from({ length: count * cells }, (_, row) => Math.floor(row / cells));
  const fieldOf = Array.from(classOf, (c, row) => `${mixed ? "" : `${c}_`}${row % fields}`);
  const rows = classes.map((_, c) => Int32Array.from(classOf.keys()).filter((row) => classOf[row] === c));
  const groups = closedGroups({ classes, rows, field: fieldOf });
  const settings = SETTINGS.filter(
    (s) =>
      ["original", "same", "cell-free", "different", "masked"].includes(s) && (s !== "same" || fields >= 6),
  );
  const plan = makePlan({
    classes,
    classOf,
    field: fieldOf,
    protein: null,
    usable: new Uint8Array(classOf.length).fill(1),
    settings,
    sameDonor: "any",
    seed: replicate,
    group: groups.group,
  });
  const vector = (sd: number) => Float64Array.from({ length: DIMENSION }, () => sd * normal());
  const drawn = new Map<
    string,
    { own: Float64Array; around: Float64Array; lean: number; patches: Float64Array[] }
  >();
  const fieldEffect = (name: string) => {
    let found = drawn.get(name);
    if (found === undefined)
      drawn.set(
        name,
        (found = {
          own: vector(design.field),
          around: vector(design.field),
          lean: 1 + design.spread * normal(),
          patches: [vector(design.patch), vector(design.patch)],
        }),
      );
    return found;
  };
  // Tenths of the crop by the neighbors' class; dense and sparse halves of every field where there are patches.
  const size = Float64Array.from(classOf, () => normal());
  const parts = Array.from(classOf, (own, row) => {
    const dense = design.patch > 0 ? ((row / fields) & 1) - 0.5 : 0;
    const area = Math.max(0, 2 + 1.6 * dense + 0.9 * normal() - 0.5 * size[row]);
    const shares = classes.map((_, c) =>
      mixed ? -Math.log(1 - Math.abs(Math.tanh(normal()))) : Number(c === own),
    );
    const total = shares.reduce((a, b) => a + b, 0);
    return Float64Array.from(shares, (s) => (area * s) / total);
  });
  const area = parts.map((p) => p.reduce((a, b) => a + b, 0));
  const cell = Array.from(classOf, (c, row) => {
    const effect = fieldEffect(fieldOf[row]);
    const patch = effect.patches[(row / fields) & 1];
    return Float64Array.from(
      { length: DIMENSION },
      (_, j) =>
        vectors.own[c][j] * (1 + design.crowded * (area[row] - 2)) +
        design.size * size[row] * vectors.size[j] +
        effect.own[j] +
        patch[j] +
        normal(),
    );
  });
  const medium = Array.from(classOf, (c, row) =>
    vector(0.4).map((v, j) => v + vectors.medium[c][j] + fieldEffect(fieldOf[row]).around[j]),
  );
  const neighbors = Array.from(classOf, (_, row) => {
    const noise = vector(0.3);
    const { lean } = fieldEffect(fieldOf[row]);
    return noise.map((v, j) =>
      parts[row].reduce((sum, a, c) => sum + lambda * lean * a * (vectors.own[c][j] + v), 0),
    );
  });
  const paste = vector(0).map(() => 0);
  const data = new Float32Array(plan.count * DIMENSION);
  for (let r = 0; r < plan.count; r++) {
    const setting: Setting = settingOf(plan, r);
    const { background, removes } = traitsOf(setting);
    const lender = background === "own" ? plan.cell[r] : plan.donor[r];
    for (let j = 0; j < DIMENSION; j++) {
      let v = cell[plan.cell[r]][j] + paste[j];
      if (background !== "none") v += medium[lender][j];
      if (background !== "none" && removes !== "all") v += neighbors[lender][j];
      data[r * DIMENSION + j] = v + (setting === "original" ? 0 : 0.2 * normal());
    }
  }
  const index = new PlanIndex(plan);
  const request = predictionRequest({
    set: {
      dimension: DIMENSION,
      read: (wanted, out) => {
        for (let i = 0; i < wanted.length; i++)
          out.set(data.subarray(wanted[i] * DIMENSION, (wanted[i] + 1) * DIMENSION), i * DIMENSION);
      },
    },
    index,
    classes,
    rows,
    groups,
    blocks: listBlocks(settings, classes),
  });
  const predictions = finish(predictHeldOut(request));
  const names = [...new Set(fieldOf)];
  const light = gaussian(mulberry32(namedSeed(replicate, "natural", design.name, "brightness")));
  const brightness = Array.from({ length: design.channels }, () => Float64Array.from(classOf, () => light()));
  const around = rows.map((list, own): AroundCells => {
    const column = (of: (row: number) => number) => Float64Array.from(list, of);
    const none = column(() => Number.NaN);
    return {
      number: none,
      nearest: none,
      area: column((row) => area[row] / 10),
      contrast: [],
      brightness: brightness.map((of) => column((row) => of[row])),
      own: column((row) => size[row]),
      classes: mixed
        ? {
            own: column((row) => parts[row][own] / 10),
            other: column((row) => (area[row] - parts[row][own]) / 10),
            unknown: column(() => 0),
          }
        : null,
    };
  });
  return finish(
    naturalSlopes({
      encoder: "simulated",
      channels: [],
      diameter: 10,
      stratum: rows.map((list) => list.map((row) => names.indexOf(fieldOf[row]))),
      around,
      predictions,
      donors: {
        donor: ({ setting, background }, own) => {
          const block = { setting, background: background < 0 ? null : classes[background] };
          if (index.isOwn(block, classes[own])) return null;
          return index.rows(block, classes[own], rows[own])?.map((row) => plan.donor[row]) ?? null;
        },
        area: (row) => area[row] / 10,
      },
      grouping: groups,
      seed: replicate,
    }),
  ).numbers;
}

function finish<T>(steps: Generator<unknown, T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}
