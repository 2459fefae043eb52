/**
 * Pairs at the widths that encoders have today, and wider, against scikit-learn:
 * `npx tsx bench/svm-wide.ts [--rounds N] [--peers capped,converged,intelex,liblinear] [--smoke]`.
 *
 * One pair of each kind on one core, contenders in turn, seconds of the processor. `--smoke` runs ours alone on tiny data. cuML's and
 * cupy's solvers are not run: they need a GPU.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { crossValidatePair, type PairFit } from "../src/evaluate/crossvalidate.ts";
import { stratifiedSplit } from "../src/evaluate/split.ts";
import { pairBytes } from "../src/evaluate/svm/memory.ts";
import { option, record, smoke, spread } from "./harness.ts";
import { activations, flattened, layerNormed } from "./svm-data.ts";
import { Peer } from "./svm-peer.ts";

const ROUNDS = Number(option("rounds", "3"));
const PEERS = option("peers", "capped,converged,intelex,liblinear").split(",");
const SEED = 1;
const WIDTHS = smoke ? [40] : [768, 1024, 1536, 2048];
const ROWS = smoke ? 20 : 1000;
/** Seconds above which a solver runs once. */
const LONG = 8;

interface Set {
  readonly name: string;
  readonly rows: number;
  readonly dimension: number;
  readonly make: () => Float32Array[];
  readonly without: readonly string[];
}

const sets: Set[] = [
  ...(smoke ? [320] : [2048, 9600, 98_304]).map((dimension) => ({
    name: `2 x 25 cells, d = ${dimension}`,
    rows: 25,
    dimension,
    make: () => flattened(2, 25, dimension, SEED),
    without: [],
  })),
  ...WIDTHS.flatMap((dimension) => [
    ...(
      [
        ["overlapping", 1],
        ["told apart", 2],
        ["nearly separable", 6],
      ] as const
    ).map(([kind, shift]) => ({
      name: `d = ${dimension}, activations, ${kind}`,
      rows: ROWS,
      dimension,
      make: () => activations(2, ROWS, dimension, shift, SEED),
      // Up to minutes a pair.
      without: shift < 6 ? ["converged", "liblinear"] : [],
    })),
    {
      name: `d = ${dimension}, layer-normed`,
      rows: ROWS,
      dimension,
      make: () => layerNormed(2, ROWS, dimension, 1, SEED),
      without: [],
    },
  ]),
];

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
const marks = (fits: readonly PairFit[]) => fits.map((f) => f.correct.join(""));
const differing = (a: string, b: string) => [...a].filter((c, i) => c !== b[i]).length;

async function oneCore(set: Set, file: string, peer: Peer | null) {
  const classes = set.make();
  writeFileSync(file, Buffer.concat(classes.map((c) => Buffer.from(c.buffer))));
  const splits = stratifiedSplit([set.rows, set.rows], 5);
  const ours = () => {
    const start = cpu();
    let times = 0;
    let fit: PairFit;
    do {
      fit = crossValidatePair(classes[0], classes[1], set.dimension, splits);
      times++;
    } while (!smoke && cpu() - start < 0.3);
    return { cpu: (cpu() - start) / times, fit };
  };
  const solvers = PEERS.filter(
    (s) => peer !== null && !set.without.includes(s) && (s !== "intelex" || peer.intelex),
  );
  const times: Record<string, number[]> = Object.fromEntries(["ours", ...solvers].map((s) => [s, []]));
  const found: Record<string, { correct: string; capped: number }> = {};
  ours();
  let gap = 0;
  for (let round = 0; round < (smoke ? 1 : ROUNDS); round++) {
    const own = ours();
    times.ours.push(own.cpu);
    gap = Math.max(gap, own.fit.gap);
    found.ours = { correct: marks([own.fit])[0], capped: 0 };
    for (const solver of solvers) {
      if (round > 0 && times[solver][0] > LONG) continue;
      const run = await peer!.run({
        file,
        rows: set.rows,
        dimension: set.dimension,
        pairs: [[0, 1]],
        solver,
        processes: 1,
      });
      times[solver].push(run.cpu);
      found[solver] = { correct: run.correct[0], capped: run.capped };
    }
  }
  const features = 2 * set.rows * set.dimension * 4;
  return {
    set: set.name,
    gap,
    /** A worker's own memory and the features that it shares, relative to these. */
    memory: (features + pairBytes(2 * set.rows, set.dimension)) / features,
    contenders: Object.entries(times).map(([name, of]) => ({
      name,
      runs: of.length,
      cpu: spread(of),
      ratio: spread(of.map((t, i) => times.ours[i] / t)),
      differing: differing(found[name].correct, found.ours.correct),
      capped: found[name].capped,
    })),
  };
}

const folder = mkdtempSync(join(tmpdir(), "svm-wide-"));
const file = join(folder, "pair.f32");
const peer = smoke ? null : new Peer();
try {
  await peer?.start();
  const one: Awaited<ReturnType<typeof oneCore>>[] = [];
  for (const set of sets) {
    const result = await oneCore(set, file, peer);
    one.push(result);
    for (const c of result.contenders)
      console.log(
        `${set.name} | ${c.name} | ${c.cpu.median.toFixed(3)} s | ours/it ${c.ratio.median.toFixed(3)} | ${c.differing} differ | ${c.capped} capped`,
      );
  }
  const unproven = one.filter((r) => !(r.gap <= 1e-6));
  if (unproven.length > 0) throw new Error(`gap above 1e-6: ${unproven.map((r) => r.set).join(", ")}`);
  record("svm-wide", { seed: SEED, rows: ROWS, rounds: ROUNDS, one });
  if (!smoke) writeFileSync(resolve(import.meta.dirname, "results/svm-wide.md"), markdown(one));
} finally {
  peer?.stop();
  rmSync(folder, { recursive: true });
}

/** Median, and the middle half. */
function middle({ median, low, high }: { median: number; low: number; high: number }): string {
  return `${median.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
}

function markdown(one: Awaited<ReturnType<typeof oneCore>>[]): string {
  return [
    "# SVM pairs of wide features: 5 folds, one core",
    "",
    "Seconds of the processor, medians (middle half) of interleaved rounds. Machine, commit and seed: svm-wide.json.",
    "Memory: a worker's own and the shared features, in units of the features.",
    "",
    "| set | solver | rounds | CPU s | ours / it | predictions that differ from ours | capped folds | memory |",
    "|---|---|---|---|---|---|---|---|",
    ...one.flatMap((r) =>
      r.contenders.map(
        (c) =>
          `| ${r.set} | ${c.name} | ${c.runs} | ${middle(c.cpu)} | ${c.name === "ours" ? "" : middle(c.ratio)} | ${c.name === "ours" ? "" : c.differing} | ${c.capped} | ${c.name === "ours" ? r.memory.toFixed(1) : ""} |`,
      ),
    ),
    "",
  ].join("\n");
}
