import { mulberry32, namedSeed, normal } from "../../core/rng.ts";
import { isCellswapError } from "../../errors.ts";
import { PairGrid } from "../../evaluate/grid.ts";
import { fitLogistic } from "../../evaluate/logistic/logistic.ts";
import { isStreamed } from "../../evaluate/logistic/streamed/choice.ts";
import { streamedSpeed } from "../../evaluate/logistic/streamed/cost.ts";
import type { Split } from "../../evaluate/split.ts";
import { encodingOrderPart } from "../../features/order.ts";
import { Compositor } from "../../swap/composite.ts";
import type { PreparedStudy } from "../prepare.ts";
import type { Trial } from "./trial.ts";
import type { PlannedWork } from "./work.ts";

/** A time that was measured, and on how many. */
export interface Measured {
  readonly seconds: number;
  readonly n: number;
}

/** How fast this machine makes what a study needs, in seconds of one processor. */
export interface Speeds {
  /** One composite on one thread. */
  readonly composite: Measured;
  /** One crop through an encoder on one thread, by its name. */
  readonly encoders: ReadonlyMap<string, Measured>;
  /** One machine of a pair, other threads busy with others, by number of features; `n` machines of so many rows. */
  readonly machines: ReadonlyMap<number, Measured>;
  /** One probe of all classes by number of features: on one thread, or on all where it is fitted in pieces. */
  readonly probes: ReadonlyMap<number, Measured>;
}

/** Seconds that fits of one number of features are measured for at most, and as a share of what they will take. */
const BUDGET = { most: 1, share: 0.02 };

/** Seconds of fits below which none is measured, and what a number among the rows of a pair takes in one of them then. */
const WORTH = 5;
const ROUGH = 1e-8;

/** Features up to which probes of all classes have a curvature; beyond, gradients of a fit, and a number among them in one. */
const CURVED = 4096;
const STEPS = 500;
const GRADIENT = 4e-9;

/** Composites that are made to see how long they take. */
const COMPOSITES = 32;

/**
 * Measures in a few seconds how fast a study will be: a few of its composites, the runs of its encoders that tried them
 * out, and fits on features like theirs, of their number and of the rows that the study has.
 */
export async function measureSpeeds(
  prepared: PreparedStudy,
  work: PlannedWork,
  workers: number,
): Promise<Speeds> {
  const { trials, selection, study, groups } = prepared;
  const sizes = selection.rows.map((rows) => rows.length).sort((a, b) => a - b);
  const rows = sizes[sizes.length >> 1];
  const folds = groups.count === 0 ? (study.folds ?? 5) : groups.count;
  const machines = new Map<number, Measured>();
  const probes = new Map<number, Measured>();
  for (const output of trials.flatMap(({ outputs }) => outputs)) {
    const { dimension } = output;
    if (machines.has(dimension)) continue;
    const fits = work.machines.get(dimension) ?? 0;
    machines.set(dimension, await measurePair(output, { rows, folds, workers, fits }));
    const probed = work.probed.get(dimension) ?? 0;
    const all = sizes.reduce((n, size) => n + size, 0);
    const shape = { rows: all, classes: sizes.length, dimension };
    probes.set(
      dimension,
      probed > 0 && isStreamed(shape)
        ? measureStreamed(output, { ...shape, groups: folds, composites: prepared.plan.count, workers })
        : measureProbe(output, { rows: all, classes: sizes.length, probes: probed }),
    );
  }
  return {
    composite: measureComposites(prepared),
    encoders: new Map(
      trials.flatMap(({ name, seconds, crops }) => (seconds === null ? [] : [[name, { seconds, n: crops }]])),
    ),
    machines,
    probes,
  };
}

/** Neighbors in the order of encoding, which share fills, as they are made. */
function measureComposites({ store, scales, study, plan }: PreparedStudy): Measured {
  const compositor = new Compositor(store, scales, study.composite);
  const out = new Float32Array(store.channels.length * store.height * store.width);
  const count = Math.min(COMPOSITES, plan.count);
  const compose = (rows: Int32Array) => {
    const seconds = processorSeconds();
    for (const row of rows) compositor.compose(plan, row, out);
    return seconds() / count;
  };
  const places = [0, 0.25, 0.5, 0.75].map((share) => Math.floor(share * (plan.count - count)));
  const [first, ...others] = places.map((from) => encodingOrderPart(plan, from, count));
  // The first ones also compile the code.
  compose(first);
  return { seconds: Math.min(...others.map(compose)), n: 4 * count };
}

type Output = Trial["outputs"][number];

/** As many pairs as there are threads at once, of a 32nd of the rows, then twice as many, until the time is over. */
async function measurePair(
  output: Output,
  { rows, folds, workers, fits }: { rows: number; folds: number; workers: number; fits: number },
): Promise<Measured> {
  const { dimension } = output;
  const rough = ROUGH * 2 * rows * Math.min(dimension, 2 * rows);
  const expected = (fits * rough) / workers;
  if (expected < WORTH || !isUsable(output)) return { seconds: rough, n: 0 };
  const budget = Math.min(BUDGET.most, BUDGET.share * expected);
  const sizes = [32, 16, 8, 4, 2, 1].map((part) =>
    Math.max(folds, Math.round(Math.min(rows, DRAWN / dimension) / part)),
  );
  const times: { rows: number; seconds: number }[] = [];
  const grid = new PairGrid(workers);
  let n = 0;
  try {
    const spent = processorSeconds();
    for (const size of sizes) {
      const [a, b] = [0, 1].map((own) => ({ name: String(own), features: alike(output, own, size) }));
      const split = dealt(size, folds);
      const pairs = Array.from({ length: workers }, () => [0, 1] as const);
      const run = async () => {
        const seconds = processorSeconds();
        await grid.evaluate([a, b], dimension, () => [split, split], pairs);
        n += workers * folds;
        return seconds();
      };
      // The first pairs of a thread compile its code.
      if (times.length === 0) await run();
      const seconds = await run();
      times.push({ rows: size, seconds: seconds / (workers * folds) });
      if (spent() + 4 * seconds > budget * workers) break;
    }
  } catch (error) {
    // What no machine can be fitted on is told where it is met, with its classes.
    if (!isCellswapError(error)) throw error;
    return { seconds: rough, n: 0 };
  } finally {
    await grid.dispose();
  }
  return { seconds: atRows(times, rows), n };
}

/** The time at `rows` by the power law through the last two that were measured; between linear and cubic. */
function atRows(times: readonly { rows: number; seconds: number }[], rows: number): number {
  const last = times[times.length - 1];
  if (last.rows >= rows) return last.seconds;
  const before = times[times.length - 2];
  const slope =
    before === undefined ? 2 : Math.log(last.seconds / before.seconds) / Math.log(last.rows / before.rows);
  return last.seconds * (rows / last.rows) ** Math.min(3, Math.max(1, slope));
}

/** One probe of all classes that is fitted in pieces on all threads, by the clock. */
function measureStreamed(
  output: Output,
  of: {
    readonly rows: number;
    readonly classes: number;
    readonly dimension: number;
    readonly groups: number;
    readonly composites: number;
    readonly workers: number;
  },
): Measured {
  const { rows, classes, dimension, groups, composites, workers } = of;
  const values = rows * classes * dimension;
  if (!isUsable(output)) return { seconds: (2 * ROUGH * values) / workers, n: 0 };
  const count = Math.max(1, Math.min(LOOKED_AT, Math.floor(2 ** 24 / dimension)));
  const features = alike(output, 0, count);
  const trained = (rows * (groups - 1)) / groups;
  const shape = { classes, dimension };
  const { seconds } = streamedSpeed(
    features,
    shape,
    { trained, called: composites / groups },
    processorSeconds,
  );
  return { seconds: seconds / workers, n: 1 };
}

/** Rows that a probe in pieces is measured on. */
const LOOKED_AT = 256;

/** One probe of all classes, on fewer rows where they are many. */
function measureProbe(
  output: Output,
  { rows, classes, probes }: { rows: number; classes: number; probes: number },
): Measured {
  const { dimension } = output;
  const values = rows * dimension * classes;
  // Without a curvature a fit takes as many gradients as it takes: a short one says nothing of a long one.
  if (dimension > CURVED) return { seconds: STEPS * GRADIENT * values, n: 0 };
  const rough = 2 * ROUGH * values;
  if (probes * rough < WORTH / 5 || !isUsable(output)) return { seconds: rough, n: 0 };
  const size = Math.max(
    2,
    Math.min(Math.floor(rows / classes), Math.ceil(1e6 / (dimension * classes * classes))),
  );
  const parts = Array.from({ length: classes }, (_, c) => alike(output, c % 2, size, c));
  const x = new Float32Array(classes * size * dimension);
  parts.forEach((part, c) => {
    x.set(part, c * part.length);
  });
  const labels = Int32Array.from({ length: classes * size }, (_, i) => Math.floor(i / size));
  const seconds = processorSeconds();
  fitLogistic(x, labels, dimension, classes, { standardize: true, balanced: true });
  return { seconds: seconds() * (rows / (classes * size)), n: 1 };
}

/** Begins to count seconds of the processors, which other programs do not take away. */
function processorSeconds(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
}

/** Whether there are cells of both classes to draw others from, and all their features are numbers. */
function isUsable({ dimension, features }: Output): boolean {
  return features.length >= 4 * dimension && features.every(Number.isFinite);
}

/**
 * Features like those of one of the two classes that were tried: each the features of a cell, moved along the
 * difference of two others and, by a third of what cells differ by, in every direction. Classes with another `shift`
 * lie elsewhere.
 */
export function alike({ dimension, features }: Output, own: number, rows: number, shift = own): Float32Array {
  const cells = Math.floor((features.length / dimension - own + 1) / 2);
  const at = (cell: number) => (2 * cell + own) * dimension;
  const random = mulberry32(namedSeed(1, "alike", own, shift));
  const draw = () => Math.floor(random() * cells);
  const mean = new Float64Array(dimension);
  for (let i = 0; i < cells; i++) for (let j = 0; j < dimension; j++) mean[j] += features[at(i) + j] / cells;
  const spread = new Float64Array(dimension);
  for (let i = 0; i < cells; i++)
    for (let j = 0; j < dimension; j++) spread[j] += (features[at(i) + j] - mean[j]) ** 2 / cells;
  for (let j = 0; j < dimension; j++) spread[j] = Math.sqrt(spread[j]);
  const moved = Float64Array.from(spread, (s) => (shift < 2 ? 0 : s * normal(random)));
  const positive = features.every((v) => v >= 0);
  const out = new Float32Array(rows * dimension);
  for (let row = 0; row < rows; row++) {
    const [from, a, b] = [at(draw()), at(draw()), at(draw())];
    const far = 0.7 * normal(random);
    for (let j = 0; j < dimension; j++) {
      const value =
        features[from + j] +
        far * (features[a + j] - features[b + j]) +
        NOISE * spread[j] * (random() + random() - 1) +
        moved[j];
      out[row * dimension + j] = positive ? Math.max(0, value) : value;
    }
  }
  return out;
}

/** Of what cells differ by in a feature, what rows that are alike differ by in each by itself, over the SD of the draw. */
const NOISE = Math.sqrt(6) / 3;

/** Features that are drawn for one class at most. */
const DRAWN = 2 ** 25;

function dealt(rows: number, folds: number): Split {
  const all = Int32Array.from({ length: rows }, (_, row) => row);
  return Array.from({ length: folds }, (_, k) => ({
    train: all.filter((row) => row % folds !== k),
    test: all.filter((row) => row % folds === k),
  }));
}
