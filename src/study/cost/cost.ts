import { existsSync, statfsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { countText } from "../../core/format.ts";
import { isStreamed } from "../../evaluate/logistic/streamed/choice.ts";
import { heldBytes, streamedBytes } from "../../evaluate/logistic/streamed/cost.ts";
import { pairBytes, pairSystems } from "../../evaluate/svm/memory.ts";
import { usableCores, usableMemory } from "../../files/machine.ts";
import type { Flag } from "../../types.ts";
import { probeThreadBytes, probeThreads } from "../evidence/threads.ts";
import type { PreparedStudy } from "../prepare.ts";
import { gigabytes, hoursText, LIMIT_HOURS, limitFor, SMALLER } from "./limit.ts";
import { measureSpeeds, type Speeds } from "./measure.ts";
import { planWork } from "./plan-work.ts";
import type { PlannedWork } from "./work.ts";

/** What a run will make and take. Counts are exact, or at most so where `atMost` says it; times are estimates. */
export interface StudyCost {
  readonly cells: number;
  readonly classes: number;
  /** Composites that are lacking. */
  readonly composites: number;
  /** Crops that each encoder will be given. */
  readonly encodings: readonly { readonly encoder: string; readonly crops: number }[];
  /** Machines of pairs: pairs x folds, in all blocks of all outputs. */
  readonly fits: number;
  /** Probes of all classes. */
  readonly probes: number;
  /** Whether the four counts may be less, as remedies hang on features that are not there yet. */
  readonly atMost: boolean;
  readonly threads: number;
  /** Seconds by the clock on free cores: composites and encoders, machines, probes with all evidence, and results. */
  readonly seconds: {
    readonly encode: number;
    readonly pairs: number;
    readonly probes: number;
    readonly results: number;
  };
  readonly hours: number;
  /** What was measured for it. */
  readonly measured: {
    readonly composites: number;
    readonly crops: number;
    readonly fits: number;
    readonly probes: number;
  };
  /** Bytes that will be written, and that are free where the study is; null where that is not known. */
  readonly bytes: number;
  readonly free: number | null;
  /** Bytes of memory at most, about, and that may be used here. */
  readonly memory: number;
  readonly machineMemory: number;
}

/**
 * Seconds and bytes that results take per composite and output, and seconds per square of classes: tables, report and what
 * the explorer shows.
 */
const RESULTS = { seconds: 4e-5, once: 2, bytes: 60, square: 4e-6 };

/**
 * Seconds that evidence beside the ladder takes per output, per cell and per value of the cells that it looks at (so many
 * at most), and per square of classes.
 */
const EVIDENCE = { output: 0.5, cell: 1.5e-3, value: 2e-5, square: 6e-6, cells: 4000, values: 2 ** 22 };

/** Bytes of memory: of the process, of a thread, per cell, per composite of the plan, and of what is stated per class. */
const MEMORY = { process: 180e6, thread: 90e6, cell: 500, composite: 30, class: 350e3 };

/** Says what a run of a prepared study will make and take, after a few seconds of measuring. */
export async function costOf(
  prepared: PreparedStudy,
  {
    out,
    workers = usableCores(),
    force = false,
  }: { readonly out: string; readonly workers?: number; readonly force?: boolean },
): Promise<StudyCost> {
  const work = await planWork(prepared, out, force);
  const speeds = await measureSpeeds(prepared, work, workers);
  const threads = Math.min(workers, usableCores());
  const { selection, plan, targets, files } = prepared;
  const outputs = [...targets.flatMap((t) => t.dimensions), ...files.map(({ file }) => file.dimension)];
  const anything = work.composites + work.fits + work.probes > 0;
  const rows = anything ? plan.count * outputs.length : 0;
  const seconds = {
    encode: encodingSeconds(prepared, work, speeds, threads),
    pairs: sum(work.machines, speeds.machines) / threads,
    probes: sum(work.probed, speeds.probes) + (anything ? evidenceSeconds(prepared, outputs) : 0),
    results: anything
      ? RESULTS.once +
        rows * RESULTS.seconds +
        outputs.length * selection.classes.length ** 2 * RESULTS.square
      : 0,
  };
  const total = seconds.encode + seconds.pairs + seconds.probes + seconds.results;
  const counted = (map: ReadonlyMap<unknown, { readonly n: number }>) =>
    [...map.values()].reduce((n, m) => n + m.n, 0);
  return {
    cells: selection.rows.reduce((n, own) => n + own.length, 0) + selection.multiple.length,
    classes: selection.classes.length,
    composites: work.composites,
    encodings: [...work.encodings].map(([encoder, crops]) => ({ encoder, crops })),
    fits: work.fits,
    probes: work.probes,
    atMost: work.atMost,
    threads,
    seconds,
    hours: total / 3600,
    measured: {
      composites: speeds.composite.n,
      crops: counted(speeds.encoders),
      fits: counted(speeds.machines),
      probes: counted(speeds.probes),
    },
    bytes: work.bytes + rows * RESULTS.bytes,
    free: freeBytes(prepared.study.features ?? out),
    memory: memoryOf(prepared, outputs, workers),
    machineMemory: usableMemory(),
  };
}

function encodingSeconds(
  { targets }: PreparedStudy,
  work: PlannedWork,
  { composite, encoders }: Speeds,
  threads: number,
): number {
  const own = targets.map(({ encoder }) => {
    const { name } = encoder.description;
    const lanes = encoder.kind === "command" ? encoder.description.processes : threads;
    return ((work.encodings.get(name) ?? 0) * (encoders.get(name)?.seconds ?? 0)) / lanes;
  });
  return (work.composites * composite.seconds) / threads + own.reduce((a, b) => a + b, 0);
}

function evidenceSeconds({ selection, groups }: PreparedStudy, outputs: readonly number[]): number {
  if (groups.count < 2) return EVIDENCE.output * outputs.length;
  const all = selection.rows.reduce((n, own) => n + own.length, 0);
  const cells = Math.min(all, EVIDENCE.cells);
  return outputs.reduce((seconds, dimension) => {
    const values = Math.min(cells * dimension, EVIDENCE.values);
    const squares = selection.classes.length ** 2 * EVIDENCE.square;
    return seconds + EVIDENCE.output + cells * EVIDENCE.cell + values * EVIDENCE.value + squares;
  }, 0);
}

function sum(
  counts: ReadonlyMap<number, number>,
  speeds: ReadonlyMap<number, { readonly seconds: number }>,
): number {
  return [...counts].reduce((all, [dimension, n]) => all + n * (speeds.get(dimension)?.seconds ?? 0), 0);
}

/** Bytes that are free where a path is or will be. */
function freeBytes(path: string): number | null {
  let folder = resolve(path);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    const { bavail, bsize, blocks } = statfsSync(folder);
    // A file system of the kernel's, which nothing can be written to: said where the folder is made.
    if (blocks === 0) return null;
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** Bytes of memory at most: networks in all threads, then the features of two blocks with a pair in every thread. */
function memoryOf(
  { selection, plan, targets, store }: PreparedStudy,
  outputs: readonly number[],
  workers: number,
): number {
  const rows = selection.rows.reduce((n, own) => n + own.length, 0);
  const widest = Math.max(...outputs);
  const networks = targets.reduce(
    (n, { encoder }) => n + (encoder.kind === "onnx" ? fileBytes(encoder.path) : 0),
    0,
  );
  const encoding = workers * networks * 2;
  const blocks = 2 * rows * widest * 4 + workers * pairBytes(largestPair(selection.rows), widest);
  const shape = { classes: selection.classes.length, dimension: widest };
  const fixed =
    MEMORY.process +
    workers * MEMORY.thread +
    store.count * MEMORY.cell +
    plan.count * MEMORY.composite +
    shape.classes * MEMORY.class;
  const left = usableMemory() - fixed;
  const size = { composites: plan.count, cells: store.count, selected: rows, dimensions: outputs };
  const probes = isStreamed({ ...shape, rows })
    ? streamedBytes(shape, rows, workers, heldBytes(shape, workers, left))
    : Math.max(rows * widest * 12, probeThreads(size, workers, left) * probeThreadBytes(rows, widest));
  return fixed + Math.max(encoding, blocks, probes);
}

/** Rows of the largest pair of classes. */
function largestPair(rows: readonly ArrayLike<number>[]): number {
  const [first = 0, second = 0] = rows.map((own) => own.length).sort((a, b) => b - a);
  return first + second;
}

const fileBytes = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** What a run takes, in one line. */
export function costText(cost: StudyCost): string {
  const { classes, composites, encodings, fits, probes, atMost, hours, threads, measured, bytes, free } =
    cost;
  const most = atMost ? "at most " : "";
  const crops = encodings.map(({ encoder, crops: n }) => `${encoder} ${countText(n)}`).join(", ");
  return `${countText(classes)} classes make ${most}${countText(composites)} composites${crops === "" ? "" : ` (crops encoded: ${crops})`}, ${countText(fits)} fits of pairs (pairs x folds x blocks x encoders) and ${countText(probes)} probes of all classes: about ${hoursText(hours)} on ${threads} free ${threads === 1 ? "core" : "cores"} (measured on ${measured.composites} composites, ${measured.crops} crops, ${measured.fits} fits), ${gigabytes(bytes)} of disk${free === null ? "" : ` (${gigabytes(free)} free)`}, ${gigabytes(cost.memory)} of memory at most`;
}

/** What a run takes, as a note; a warning where memory may not suffice, a refusal above a limit of hours or of free disk. */
export function costFinding(cost: StudyCost, limit = LIMIT_HOURS): Flag {
  const flag = (severity: Flag["severity"], text: string): Flag => ({
    id: "size",
    severity,
    encoder: null,
    text,
  });
  const { bytes, free, hours, memory, machineMemory } = cost;
  const text = costText(cost);
  if (free !== null && bytes > free)
    return flag(
      "refuse",
      `${text}: more than is free; free some, name another folder as "features", ${SMALLER}`,
    );
  if (hours > limit)
    return flag(
      "refuse",
      `${text}: more than the limit of ${limit} h; ${SMALLER}, or go ahead with --limit ${limitFor(hours)}`,
    );
  // Memory is a bound: less may do.
  if (memory > machineMemory)
    return flag("warning", `${text}: ${gigabytes(machineMemory)} may be used here; ${SMALLER}`);
  return flag("note", text);
}

/**
 * Refuses features that probes of pairs cannot be fitted on for want of memory, before any are made.
 * @param output name of the encoder, with the layer behind it
 */
export function wideFeatures(
  output: string,
  dimension: number,
  {
    rows,
    workers,
    memory,
  }: { readonly rows: readonly ArrayLike<number>[]; readonly workers: number; readonly memory: number },
): Flag | null {
  const pair = largestPair(rows);
  const one = pairBytes(pair, dimension);
  const block = 2 * rows.reduce((n, own) => n + own.length, 0) * dimension * 4;
  const all = block + workers * one;
  // One memory of a thread has an end, however much the machine has.
  const fits = pairSystems(pair, dimension).length > 0;
  if (fits && all <= memory) return null;
  const limit = fits ? `${gigabytes(memory)} may be used here` : "one may take 4.0 GB";
  const most = Math.floor((memory - block) / one);
  const fewer = fits && most >= 1 ? `, or take ${most} of ${workers} threads (--workers ${most})` : "";
  return {
    id: "wide-features",
    severity: "refuse",
    encoder: null,
    text: `${output} gives ${countText(dimension)} features: probes of two classes with ${countText(pair)} cells take ${gigabytes(one)} a thread${fits ? `, ${gigabytes(all)} with the features of two blocks and ${workers} ${workers === 1 ? "thread" : "threads"}` : ""}, and ${limit}; pool its map or tokens ("pool": mean, max or center-mean), take a later layer, lower "cellsPerClass"${fewer}`,
  };
}
