import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { build, removeBuild } from "./build.ts";
import { makeInput } from "./input.ts";
import { FuzzWorker } from "./pool.ts";
import { isFault, type Outcome, type Reader, VERDICTS, type Verdict } from "./reader.ts";

export interface FuzzOptions {
  readonly readers: readonly Reader[];
  readonly seed: number;
  /** First number of the inputs of every reader. */
  readonly first: number;
  /** Inputs of all readers together, shared by their weights; or */
  readonly count?: number;
  /** how long to go on, seconds. */
  readonly seconds?: number;
  readonly workers: number;
  /** Folder for inputs with faults. */
  readonly out?: string;
  readonly onFault?: (fault: Fault) => void;
  readonly onProgress?: (done: number) => void;
}

export interface Fault extends Outcome {
  readonly reader: string;
  readonly number: number;
  /** How to make it again. */
  readonly again: string;
}

/** What came of the inputs of one reader. */
export interface Tally {
  readonly inputs: number;
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** How often every change was tried. */
  readonly mutators: ReadonlyMap<string, number>;
  readonly seconds: number;
}

/** Reads changed inputs of all readers in processes of their own, a few at a time, and counts what came of them. */
export async function fuzz(options: FuzzOptions): Promise<{ tallies: Map<string, Tally>; faults: Fault[] }> {
  const { readers, seed, first, count, seconds = Number.POSITIVE_INFINITY, out } = options;
  const total = readers.reduce((sum, r) => sum + (r.weight ?? 1), 0);
  const share = (reader: Reader) =>
    count === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(1, Math.round((count * (reader.weight ?? 1)) / total));
  const made = new Map(readers.map((r) => [r.name, 0]));
  const tallies = new Map(readers.map((r) => [r.name, empty()]));
  const faults: Fault[] = [];
  const end = performance.now() + 1000 * seconds;
  let done = 0;
  // The reader that is farthest behind its share is next, so that all go on side by side.
  const next = () => {
    if (performance.now() > end) return null;
    const left = readers.filter((r) => made.get(r.name)! < share(r));
    const behind = (r: Reader) => made.get(r.name)! / (r.weight ?? 1);
    const reader = left.reduce<Reader | null>((a, b) => (a === null || behind(b) < behind(a) ? b : a), null);
    if (reader === null) return null;
    const number = first + made.get(reader.name)!;
    made.set(reader.name, made.get(reader.name)! + 1);
    return { reader, number };
  };
  const work = async (worker: FuzzWorker) => {
    for (let task = next(); task !== null; task = next()) {
      const { reader, number } = task;
      const outcome = await worker
        .run({ reader: reader.name, seed, number })
        .catch((error: Error): Outcome => {
          // A seed that is not read: nothing more is tried with it.
          made.set(reader.name, Number.POSITIVE_INFINITY);
          return {
            verdict: "unexpected",
            file: "",
            mutators: [],
            detail: error.message,
            seconds: 0,
            memory: 0,
          };
        });
      addTo(tallies.get(reader.name)!, outcome);
      options.onProgress?.(++done);
      if (!isFault(outcome.verdict)) continue;
      const again = `npm run fuzz -- --reader ${reader.name} --seed ${seed} --first ${number} --count 1`;
      const fault = { ...outcome, reader: reader.name, number, again };
      faults.push(fault);
      if (out !== undefined) await save(out, reader, fault, seed, prepared);
      options.onFault?.(fault);
    }
  };
  const prepared = mkdtempSync(join(tmpdir(), "cellswap-fuzz-seeds-"));
  const built = build();
  const workers = Array.from({ length: options.workers }, () => new FuzzWorker(built, prepared));
  try {
    for (const reader of readers) await reader.prepare?.(prepared);
    await Promise.all(workers.map(work));
  } finally {
    for (const worker of workers) worker.close();
    rmSync(prepared, { recursive: true, force: true });
    removeBuild(built);
  }
  return { tallies, faults };
}

/** Leaves the changed file, beside it how it came about. */
async function save(
  out: string,
  reader: Reader,
  fault: Fault,
  seed: number,
  prepared: string,
): Promise<void> {
  const input = makeInput(reader, await reader.seeds(prepared), seed, fault.number);
  const base = join(out, reader.name, `${fault.verdict}-${seed}-${fault.number}`);
  mkdirSync(join(out, reader.name), { recursive: true });
  writeFileSync(`${base}.bin`, input.files.get(input.file)!);
  const { verdict, detail, again } = fault;
  const made = { of: input.origin.name, file: basename(input.file), mutators: input.mutators };
  writeFileSync(`${base}.json`, `${JSON.stringify({ verdict, detail, ...made, again }, null, 2)}\n`);
}

type Counting = { -readonly [K in keyof Tally]: Tally[K] };

function empty(): Counting {
  const verdicts = Object.fromEntries(VERDICTS.map((v) => [v, 0])) as Record<Verdict, number>;
  return { inputs: 0, verdicts, mutators: new Map(), seconds: 0 };
}

function addTo(tally: Counting, { verdict, mutators, seconds }: Outcome): void {
  tally.inputs++;
  tally.seconds += seconds;
  (tally.verdicts as Record<Verdict, number>)[verdict]++;
  for (const name of mutators)
    (tally.mutators as Map<string, number>).set(name, (tally.mutators.get(name) ?? 0) + 1);
}

/** The counts of all readers as lines of a table. */
export function formatTallies(tallies: ReadonlyMap<string, Tally>): string {
  const used = VERDICTS.filter((v, i) => i < 3 || [...tallies.values()].some((t) => t.verdicts[v] > 0));
  const rows = [...tallies].map(([name, t]) => [name, t.inputs, ...used.map((v) => t.verdicts[v])]);
  const sum = ["all", ...rows[0].slice(1).map((_, i) => rows.reduce((n, row) => n + Number(row[i + 1]), 0))];
  const table = [["reader", "inputs", ...used], ...rows, sum].map((row) => row.map(String));
  const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)));
  return table
    .map((row) => row.map((c, i) => (i === 0 ? c.padEnd(widths[i]) : c.padStart(widths[i]))).join("  "))
    .join("\n");
}
