/** Simulated features of proteins with several localizations whose truth is known, through the product's probes and claim. */
import { mulberry32, namedSeed, type Random } from "../../src/core/rng.ts";
import { type Claim, claim, type Representation, targetName } from "../../src/proportions/claim.ts";
import { totalVariation } from "../../src/proportions/divergence.ts";
import { fitScores, type Scores, type SeenTargets } from "../../src/proportions/scores.ts";
import { gaussian } from "./model.ts";

/** One simulated design; standard deviations are per feature, in units of that between cells. */
export interface Mixed {
  readonly name: string;
  readonly classes: number;
  /** Proteins of every class, fields of every protein, and cells of every field. */
  readonly proteins: number;
  readonly fields: number;
  readonly cells: number;
  /** Proteins with several localizations, their fields, and the cells of each. */
  readonly mixed: number;
  readonly mixedFields: number;
  readonly mixedCells: number;
  readonly dimension: number;
  /** Of the classes' means in the cells, and of the neighbors'. */
  readonly signal: number;
  readonly neighbors: number;
  /** Of a protein and a field in the cell itself, of a field in the medium, and of pasting. */
  readonly protein: number;
  readonly field: number;
  readonly medium: number;
  readonly paste: number;
  /** Chance that a neighbor of a cell is of the cell's own localization, beyond its share. */
  readonly correlation: number;
  /** Dose of the neighbors. */
  readonly lambda: number;
  /** Cells are in all localizations of their protein at once, by its shares. */
  readonly blended: boolean;
}

export const STANDARD: Omit<Mixed, "name"> = {
  classes: 6,
  proteins: 2,
  fields: 3,
  cells: 10,
  mixed: 6,
  mixedFields: 4,
  mixedCells: 15,
  dimension: 12,
  signal: 0.9,
  neighbors: 0.5,
  protein: 0.2,
  field: 0.2,
  medium: 0.3,
  paste: 0.2,
  correlation: 0.5,
  lambda: 0,
  blended: false,
};

/** Neighbors in a crop. */
const NEIGHBORS = 4;

/** One replicate: the claim, and the true shares among each protein's cells. */
export interface Replicate {
  readonly claim: Claim;
  readonly truth: ReadonlyMap<string, Float64Array>;
}

interface Cell {
  readonly classes: ReadonlyMap<number, number>;
  readonly protein: number;
  readonly field: number;
  readonly self: Float64Array;
  readonly medium: Float64Array;
  readonly around: Float64Array;
}

/** Simulates one study and judges it. Classes' means are drawn anew in every replicate. */
export function replicate(design: Mixed, seed: number): Replicate {
  const { classes, dimension: d } = design;
  const random = mulberry32(namedSeed(seed, "mixed"));
  const normal = gaussian(random);
  const vector = (sd: number) => Float64Array.from({ length: d }, () => sd * normal());
  const own = Array.from({ length: classes }, () => vector(design.signal));
  const neighbors = Array.from({ length: classes }, () => vector(design.neighbors));
  let [proteins, fields] = [0, 0];
  const add = (into: Float64Array, of: Float64Array, times: number) => {
    for (let j = 0; j < d; j++) into[j] += times * of[j];
  };
  const draw = (shares: Float64Array, fieldCount: number, cells: number): Cell[] => {
    const protein = proteins++;
    const effect = vector(design.protein);
    return Array.from({ length: fieldCount }, () => {
      const field = fields++;
      const [inField, inMedium] = [vector(design.field), vector(design.medium)];
      return Array.from({ length: cells }, (): Cell => {
        const state = pick(shares, random);
        const mixture = new Map<number, number>();
        if (design.blended) shares.forEach((share, k) => share > 0 && mixture.set(k, share));
        else mixture.set(state, 1);
        const self = vector(1);
        for (const [k, share] of mixture) add(self, own[k], share);
        add(self, effect, 1);
        add(self, inField, 1);
        const medium = vector(design.medium);
        add(medium, inMedium, 1);
        const around = vector(0.3 * design.lambda);
        for (let i = 0; i < NEIGHBORS; i++)
          add(
            around,
            neighbors[random() < design.correlation ? state : pick(shares, random)],
            design.lambda / NEIGHBORS,
          );
        return { classes: mixture, protein, field, self, medium, around };
      });
    }).flat();
  };
  const single = (c: number) => Float64Array.from({ length: classes }, (_, k) => (k === c ? 1 : 0));
  const training: Cell[] = [];
  const labels: number[] = [];
  const folds: number[] = [];
  for (let c = 0; c < classes; c++)
    for (let p = 0; p < design.proteins; p++)
      for (const cell of draw(single(c), design.fields, design.cells)) {
        labels.push(c);
        folds.push(design.proteins > 1 ? p % Math.min(5, design.proteins) : cell.field % design.fields);
        training.push(cell);
      }
  const target: Cell[] = [];
  const names: string[] = [];
  const truth = new Map<string, Float64Array>();
  for (let m = 0; m < design.mixed; m++) {
    const cells = draw(mixture(classes, random), design.mixedFields, design.mixedCells);
    const share = new Float64Array(classes);
    for (const cell of cells) for (const [k, part] of cell.classes) share[k] += part / cells.length;
    truth.set(`mixed${m}`, share);
    for (const cell of cells) {
      names.push(`mixed${m}`);
      target.push(cell);
    }
  }
  /** Mean over one donor of every wanted class, of the training cells. */
  const byClass = Array.from({ length: classes }, (_, c) => training.filter((_, i) => labels[i] === c));
  const swapped = (cell: Cell, wanted: readonly number[]) => {
    const out = cell.self.slice();
    for (const c of wanted) {
      const donor = byClass[c][Math.floor(random() * byClass[c].length)];
      add(out, donor.medium, 1 / wanted.length);
      add(out, donor.around, 1 / wanted.length);
      add(out, vector(design.paste), 1 / wanted.length);
    }
    return out;
  };
  const sum = (...parts: Float64Array[]) => parts.reduce((a, b) => a.map((v, j) => v + b[j]));
  const see = (cells: readonly Cell[], how: (cell: Cell) => Float64Array) => {
    const out = new Float32Array(cells.length * d);
    cells.forEach((cell, i) => {
      out.set(how(cell), i * d);
    });
    return out;
  };
  const all = Array.from({ length: classes }, (_, c) => c);
  const halves = [0, 1].map((h) => all.filter((c) => c % 2 === h));
  const original = (cell: Cell) => sum(cell.self, cell.medium, cell.around);
  const ways: Record<
    Representation,
    [(cell: Cell) => Float64Array, [string, (cell: Cell) => Float64Array][]]
  > = {
    original: [
      original,
      [
        ["original", original],
        ["self", (cell) => sum(original(cell), vector(design.paste))],
      ],
    ],
    masked: [
      (cell) => sum(cell.self, vector(design.paste)),
      [["masked", (cell) => sum(cell.self, vector(design.paste))]],
    ],
    recomposed: [
      (cell) => swapped(cell, all),
      [
        ["recomposed", (cell) => swapped(cell, all)],
        [targetName.halves[0], (cell) => swapped(cell, halves[0])],
        [targetName.halves[1], (cell) => swapped(cell, halves[1])],
      ],
    ],
  };
  const count = Math.max(...folds) + 1;
  const scores = new Map<Representation, Scores>();
  const number = Int32Array.from(labels);
  for (const [name, [train, targets]] of Object.entries(ways) as [
    Representation,
    (typeof ways)[Representation],
  ][])
    scores.set(
      name,
      finish(
        fitScores(
          { classes, labels: number, fold: Int32Array.from(folds), count, dimension: d },
          {
            training: see(training, train),
            targets: new Map(
              targets.map(([t, how]): [string, SeenTargets] => [t, { features: see(target, how) }]),
            ),
            halved: name,
          },
        ),
      ),
    );
  return {
    truth,
    claim: finish(
      claim({
        encoder: design.name,
        method: "em",
        unit: design.proteins > 1 ? "protein" : "field",
        folds: count,
        classes: all.map(String),
        training: {
          labels: number,
          protein: Int32Array.from(training, (cell) => cell.protein),
          field: Int32Array.from(training, (cell) => cell.field),
        },
        target: { protein: names, field: target.map((cell) => String(cell.field)), untestable: new Map() },
        scores,
        backgrounds: [],
        seed,
      }),
    ),
  };
}

/** What was claimed in many replicates of one design; shares from 0 to 1. */
export interface ClaimSummary {
  readonly design: string;
  readonly lambda: number;
  readonly to: "masked" | "recomposed";
  readonly replicates: number;
  /** Proteins of all replicates. */
  readonly tests: number;
  /** Tests with p of 0.05 or less, tests with a claim, and replicates with one. */
  readonly below: number;
  readonly claimed: number;
  readonly any: number;
  /** Means over tests: total variation, its null's 95 % point, and that to the true shares before and after. */
  readonly variation: number;
  readonly limit: number;
  readonly errorFrom: number;
  readonly errorTo: number;
  /** Of shares whose truth or estimate is 0.01 or more: how many intervals hold the truth, and half their width. */
  readonly covered: number;
  readonly half: number;
}

/** Replicates with seeds of the design's own, which no constant was chosen on. */
export function summarizeClaims(design: Mixed, replicates: number): ClaimSummary[] {
  const runs = Array.from({ length: replicates }, (_, r) =>
    replicate(design, namedSeed(77, "claims", design.name, r)),
  );
  return (["masked", "recomposed"] as const).map((to) => {
    const tests = runs.flatMap(({ claim: { proteins }, truth }, run) =>
      proteins.map((protein) => {
        const change = protein.changes.find((c) => c.to === to)!;
        const error = (way: string) =>
          totalVariation(
            protein.seen.find((s) => s.representation === way)!.shares,
            truth.get(protein.protein)!,
          );
        return { run, change, errorFrom: error("original"), errorTo: error(to) };
      }),
    );
    const mean = (of: (test: (typeof tests)[number]) => number) =>
      tests.reduce((sum, test) => sum + of(test), 0) / tests.length;
    const shares = runs.flatMap(({ claim: { proteins }, truth }) =>
      proteins.flatMap(({ protein, seen }) => {
        const { shares: of, low, high } = seen.find((s) => s.representation === to)!;
        return [...truth.get(protein)!].flatMap((share, k) =>
          Math.max(share, of[k]) < 0.01
            ? []
            : [{ holds: low![k] <= share && share <= high![k], half: (high![k] - low![k]) / 2 }],
        );
      }),
    );
    const claimed = tests.filter(({ change }) => change.verdict === "changes");
    return {
      design: design.name,
      lambda: design.lambda,
      to,
      replicates,
      tests: tests.length,
      below: mean(({ change }) => (change.p! <= 0.05 ? 1 : 0)),
      claimed: claimed.length / tests.length,
      any: new Set(claimed.map(({ run }) => run)).size / replicates,
      variation: mean(({ change }) => change.variation),
      limit: mean(({ change }) => change.null!.limit),
      errorFrom: mean((t) => t.errorFrom),
      errorTo: mean((t) => t.errorTo),
      covered: shares.filter((s) => s.holds).length / shares.length,
      half: shares.reduce((sum, s) => sum + s.half, 0) / shares.length,
    };
  });
}

/** Shares of two or three of the classes, as the simulator draws them. */
function mixture(classes: number, random: Random): Float64Array {
  const out = new Float64Array(classes);
  const count = classes > 2 && random() < 0.4 ? 3 : 2;
  const order = Array.from({ length: classes }, (_, k) => ({ k, at: random() })).sort((a, b) => a.at - b.at);
  let sum = 0;
  for (const { k } of order.slice(0, count)) sum += out[k] = 0.2 + random();
  return out.map((v) => v / sum);
}

function pick(shares: Float64Array, random: Random): number {
  let u = random();
  for (let k = 0; k < shares.length; k++) if ((u -= shares[k]) < 0) return k;
  return shares.length - 1;
}

function finish<T>(steps: Generator<unknown, T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}
