/**
 * Sampled pairs: how often the interval of a draw holds the number of all pairs, its bias, and its standard error against
 * the true one; and how often the whole interval, fields and draw together, holds the number that a world has with
 * endless fields. Both for averages over classes and for single classes. Worlds have classes of unequal, also heavy-tailed
 * quality, pairs with a part of their own, and fields.
 */
import { mulberry32, namedSeed, normal, type Random } from "../src/core/rng.ts";
import { mean, quantile } from "../src/core/statistics.ts";
import { studentQuantile, studentTwoSided } from "../src/core/student.ts";
import { allPairs, chosenPairs, pairsPerClass } from "../src/evaluate/pair-sample.ts";
import { collectJudgments, type PairJudgments } from "../src/evidence/collect.ts";
import { components } from "../src/evidence/components.ts";
import { estimate, type Grouping } from "../src/evidence/estimate.ts";
import { difference, type Judgments, type Term } from "../src/evidence/judgments.ts";
import type { Setting } from "../src/settings.ts";
import { option, record, smoke } from "./harness.ts";

const FIELDS = 6;
const PER_FIELD = 4;
const ROWS = FIELDS * PER_FIELD;

interface Design {
  readonly name: string;
  readonly classes: number;
  readonly sample: number;
  /** Class effects: normal, or Student's t with two degrees of freedom. */
  readonly heavy: boolean;
  /** Standard deviations, in units of a cell's: classes, pairs, fields. */
  readonly spread: readonly [classes: number, pairs: number, fields: number];
  /** Classes that lend backgrounds; none: the settings have none. */
  readonly backgrounds: number;
}

const plain = { heavy: false, spread: [0.5, 0.3, 0.3], backgrounds: 0 } as const;
const DESIGNS: readonly Design[] = [
  ...[2, 5, 10].map((sample) => ({ ...plain, name: "plain", classes: 20, sample })),
  ...[2, 5, 10, 20].map((sample) => ({ ...plain, name: "plain", classes: 60, sample })),
  ...[2, 10, 20].map((sample) => ({ ...plain, name: "plain", classes: 200, sample })),
  ...[20, 60, 200].flatMap((classes) =>
    [2, 5, 10].map((sample) => ({ ...plain, name: "heavy-tailed classes", classes, sample, heavy: true })),
  ),
  { ...plain, name: "classes alone", classes: 60, sample: 5, spread: [0.8, 0, 0] },
  { ...plain, name: "strong pairs", classes: 60, sample: 5, spread: [0.3, 1, 0.2] },
  { ...plain, name: "strong fields", classes: 60, sample: 5, spread: [0.3, 0.2, 1] },
  ...[1, 2, 5].flatMap((backgrounds) =>
    [20, 60].map((classes) => ({
      ...plain,
      name: `${backgrounds} backgrounds, heavy-tailed classes`,
      classes,
      sample: 5,
      heavy: true,
      backgrounds,
    })),
  ),
];

/** Classes and pairs; and studies of them: hits of all pairs in both settings, in fields and cells drawn by a seed. */
function drawWorld(design: Design, random: Random) {
  const { classes, heavy, backgrounds } = design;
  const [ofClass, ofPair, ofField] = design.spread;
  const tail = () => (heavy ? normal(random) / Math.sqrt(-Math.log(1 - random())) : normal(random));
  const quality = Float64Array.from({ length: classes }, () => ofClass * tail());
  const loss = Float64Array.from({ length: classes }, () => 0.1 + 0.3 * ofClass * tail());
  const settings: readonly Setting[] = backgrounds > 0 ? ["cell-free", "different"] : ["original", "self"];
  const lenders = backgrounds > 0 ? Array.from({ length: backgrounds }, (_, g) => g) : [-1];
  const pairs = allPairs(classes);
  const part = () => Float64Array.from(pairs, () => ofPair * normal(random));
  const common = part();
  const parts = settings.map(() => lenders.map(part));
  const margin = ([first, second]: readonly [number, number], p: number, s: number, g: number) =>
    1 +
    quality[first] +
    quality[second] +
    common[p] +
    0.5 * parts[s][g][p] -
    (s === 1 ? loss[first] + loss[second] : 0);
  const hits = (seed: number) => {
    const chance = mulberry32(seed);
    const shift = () => Float64Array.from({ length: classes * FIELDS }, () => ofField * normal(chance));
    const found = new Map<string, PairJudgments[]>();
    for (const pair of pairs) found.set(String(pair), []);
    const fields = shift();
    for (const [s, setting] of settings.entries())
      for (const [g, background] of lenders.entries()) {
        const moved = shift();
        for (const [p, pair] of pairs.entries()) {
          const [first, second] = pair;
          const own = margin(pair, p, s, g);
          const correct = new Uint8Array(2 * ROWS);
          [first, second].forEach((c, side) => {
            for (let i = 0; i < ROWS; i++) {
              const f = c * FIELDS + (i % FIELDS);
              const score = own + fields[f] + 0.5 * moved[f] + normal(chance);
              correct[side * ROWS + i] = score > 0 ? 1 : 0;
            }
          });
          found.get(String(pair))!.push({ setting, background, first, second, correct });
        }
      }
    return found;
  };
  const cells = {
    classes: Array.from({ length: classes }, (_, c) => `class ${c}`),
    rows: Array.from({ length: classes }, (_, c) =>
      Int32Array.from({ length: ROWS }, (_, i) => c * ROWS + i),
    ),
    cluster: Int32Array.from(
      { length: classes * ROWS },
      (_, row) => Math.floor(row / ROWS) * FIELDS + ((row % ROWS) % FIELDS),
    ),
  };
  /** Of all pairs: the share of cells that are told with endless fields. */
  const expected = (): Judgments => {
    const list = settings.flatMap((setting, s) =>
      lenders.flatMap((background, g) =>
        pairs.map(([first, second], p) => {
          const share = below(margin([first, second], p, s, g) / Math.sqrt(1 + 1.25 * ofField ** 2));
          // Judgments are added up, so that shares may stand for them.
          const correct = new Float64Array(2 * ROWS).fill(share) as unknown as Uint8Array;
          return { setting, background, first, second, correct };
        }),
      ),
    );
    return collectJudgments(cells, list, () => null);
  };
  /** Of one study: judgments of some pairs. */
  const study = (seed: number) => {
    const found = hits(seed);
    return (wanted: readonly (readonly [number, number])[]): Judgments => {
      const list = wanted.flatMap((pair) => found.get(String(pair))!);
      return collectJudgments(cells, list, () => null);
    };
  };
  return { study, expected, settings, names: cells.classes };
}

/** Share of a normal distribution below z. */
function below(z: number): number {
  const outside = studentTwoSided(z, 1e7) / 2;
  return z < 0 ? outside : 1 - outside;
}

const GROUPING: Grouping = { count: 3, unit: "field", fewest: FIELDS, reach: "all", notes: [] };

/** What one draw says of a statement. */
interface Drawn {
  readonly error: number;
  readonly variance: number;
  readonly df: number;
  /** Width of the whole interval over that of the fields alone, on all pairs. */
  readonly wider: number;
  /** Whether the whole interval holds the world's number; null where there is none. */
  readonly whole: boolean | null;
}

function statements([one, two]: readonly Setting[]) {
  return {
    accuracy: (of: Judgments): Term[] => [{ of, setting: two, weight: 1 }],
    effect: (of: Judgments) => difference(of, one, two),
  };
}

/** Draws of pairs from one study. */
const DRAWS = 5;
/** Worlds of more classes have one study. */
const MOST_STUDIED = 100;

interface Study {
  readonly judged: (pairs: readonly (readonly [number, number])[]) => Judgments;
  /** By statement: of all pairs, and of single classes. */
  readonly whole: readonly ReturnType<typeof estimate>[];
  readonly single: readonly (readonly number[])[];
}

function judgeDesign(design: Design, worlds: number, draws: number) {
  const found: Record<string, Drawn[]> = { accuracy: [], effect: [] };
  const single: { draw: boolean; whole: boolean | null }[] = [];
  for (let w = 0; w < worlds; w++) {
    const world = drawWorld(design, mulberry32(namedSeed(w, design.name, design.classes, design.sample)));
    const many = design.classes > MOST_STUDIED;
    const classes = [7, 11, 15, 19];
    const pairs = allPairs(design.classes);
    const stated = Object.entries(statements(world.settings));
    const expected = world.expected();
    const truth = stated.map(([, terms]) => ({
      all: components(terms(expected)).estimate,
      single: classes.map((only) => components(terms(expected), only).estimate),
    }));
    let study: Study | undefined;
    for (let d = 0; d < draws; d++) {
      if (d % DRAWS === 0 && (d === 0 || !many)) {
        const judged = world.study(namedSeed(w, "study", d));
        const all = judged(pairs);
        study = {
          judged,
          whole: stated.map(([, terms]) => estimate(terms(all), GROUPING)),
          single: stated.map(([, terms]) => classes.map((only) => components(terms(all), only).estimate)),
        };
      }
      const { judged, whole: ofAll, single: ofClass } = study!;
      const some = judged(chosenPairs(world.names, { sample: design.sample }, namedSeed(w, "draw", d)));
      stated.forEach(([statement, terms], n) => {
        const whole = ofAll[n];
        const e = estimate(terms(some), GROUPING);
        const { variance, df } = components(terms(some)).sampling!;
        const width = (of: typeof e) => (of.high ?? Number.NaN) - (of.low ?? Number.NaN);
        const error = e.estimate - whole.estimate;
        found[statement].push({
          ...{ error, variance, df, wider: width(e) / width(whole) },
          whole: holds(e, truth[n].all),
        });
        if (d % 4 !== 0) return;
        classes.forEach((only, i) => {
          const own = components(terms(some), only);
          const half = studentQuantile(0.975, own.sampling!.df) * Math.sqrt(own.sampling!.variance);
          single.push({
            draw: Math.abs(own.estimate - ofClass[n][i]) <= half + 1e-12,
            whole: holds(estimate(terms(some), GROUPING, { only }), truth[n].single[i]),
          });
        });
      });
    }
  }
  const rows = Object.entries(found).map(([statement, list]) => {
    const usable = list.filter((r) => Number.isFinite(r.variance));
    const covered = usable.map(({ error, variance, df }) =>
      Math.abs(error) <= studentQuantile(0.975, df) * Math.sqrt(variance) + 1e-12 ? 1 : 0,
    );
    const truth = Math.sqrt(mean(usable.map((r) => r.error ** 2)));
    return {
      statement,
      draws: usable.length,
      coverage: 100 * mean(covered),
      // Points.
      bias: 100 * mean(usable.map((r) => r.error)),
      biasError: (100 * truth) / Math.sqrt(usable.length),
      se: 100 * truth,
      ratio: Math.sqrt(mean(usable.map((r) => r.variance))) / truth,
      whole: percent(usable.map((r) => r.whole)),
      widerMedian: quantile(
        usable.map((r) => r.wider).filter((v) => Number.isFinite(v)),
        0.5,
      ),
    };
  });
  return {
    design: design.name,
    classes: design.classes,
    sample: design.sample,
    drawn: pairsPerClass(design.classes, design.sample),
    backgrounds: design.backgrounds,
    rows,
    single: {
      intervals: single.length,
      coverage: percent(single.map((s) => s.draw)),
      wholeIntervals: single.filter((s) => s.whole !== null).length,
      whole: percent(single.map((s) => s.whole)),
    },
  };
}

/** Whether an interval holds a number; null where there is none. */
function holds({ low, high }: ReturnType<typeof estimate>, number: number): boolean | null {
  return low === null || high === null ? null : low <= number && number <= high;
}

function percent(list: readonly (boolean | null)[]): number | null {
  const known = list.filter((held) => held !== null);
  return known.length === 0 ? null : (100 * known.filter(Boolean).length) / known.length;
}

const worlds = Number(option("worlds", smoke ? "2" : "20"));
const draws = Number(option("draws", smoke ? "4" : "25"));
/** `--name TEXT`: designs of this name only. */
const wanted = option("name", "");
/** `--most N`: designs of so many classes at most. */
const most = Number(option("most", smoke ? "20" : "200"));
const designs = DESIGNS.filter((d) => d.classes <= most && d.name.includes(wanted));
const results = designs.map((design) => {
  const result = judgeDesign(design, worlds, draws);
  const line = result.rows.map(
    (r) =>
      `${r.statement}: held ${r.coverage.toFixed(1)} %, bias ${r.bias.toFixed(3)} +- ${r.biasError.toFixed(3)}, se ${r.se.toFixed(2)}, ratio ${r.ratio.toFixed(3)}, width ${r.widerMedian.toFixed(2)}, whole held ${r.whole?.toFixed(1)}`,
  );
  console.log(
    `${design.name}, ${design.classes} classes, N ${design.sample}: ${line.join("; ")}; single classes ${result.single.coverage?.toFixed(1)} %, whole ${result.single.whole?.toFixed(1)} % of ${result.single.wholeIntervals}`,
  );
  return result;
});
record("pair-sampling", { worlds, draws, fields: FIELDS, cellsPerClass: ROWS, results });
