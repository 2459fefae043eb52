import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { quantile } from "../src/core/statistics.ts";
import { startWorker } from "../src/files/worker.ts";

/** `--smoke`: tiny data, no peers, nothing recorded; for CI. */
export const smoke = process.argv.includes("--smoke");

/** Value of `--name value` on the command line. */
export function option(name: string, standard: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? standard : process.argv[at + 1];
}

const root = resolve(import.meta.dirname, "..");

/**
 * A module of the built package, which is what users run: workers of the sources start through tsx, which takes long.
 * `path` is that of the source, without ending. Under `--smoke` the sources serve where nothing is built.
 */
export async function built<T>(path: string): Promise<T> {
  const file = join(root, "dist", `${path}.js`);
  if (!existsSync(file)) {
    if (!smoke) throw new Error(`dist/${path}.js is not there; run npm run build`);
    return import(pathToFileURL(join(root, "src", `${path}.ts`)).href);
  }
  const changed = (name: string) => statSync(join(root, "src", name)).mtimeMs;
  const newest = Math.max(
    ...readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).map(changed),
  );
  if (!smoke && statSync(file).mtimeMs < newest) throw new Error("dist is older than src; run npm run build");
  return import(pathToFileURL(file).href);
}

/** Seconds (or another unit) of each contender in each round. */
export type Rounds = Record<string, number[]>;

/** Runs the contenders in turn, round after round, after one unrecorded round; each returns what it measured. */
export async function interleaved(
  contenders: Record<string, () => number | Promise<number>>,
  rounds: number,
): Promise<Rounds> {
  const found: Rounds = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let round = smoke ? 0 : -1; round < (smoke ? 1 : rounds); round++)
    for (const [name, run] of Object.entries(contenders)) {
      const value = await run();
      if (round >= 0) found[name].push(value);
    }
  return found;
}

/** Median and the range of the middle half. */
export function spread(values: readonly number[]): {
  median: number;
  low: number;
  high: number;
  rounds: number;
} {
  return {
    median: quantile(values, 0.5),
    low: quantile(values, 0.25),
    high: quantile(values, 0.75),
    rounds: values.length,
  };
}

/** `12.3 (11.9 to 12.8)` */
export function show(values: readonly number[], digits = 1): string {
  const { median, low, high } = spread(values);
  return `${median.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
}

/** Round by round ratio of two contenders: drifts of the machine cancel. */
export function ratios(rounds: Rounds, a: string, b: string): number[] {
  return rounds[a].map((v, i) => v / rounds[b][i]);
}

/** Writes `bench/results/NAME.json` with the machine, commit and time; nothing under `--smoke`. */
export function record(name: string, result: unknown): void {
  if (smoke) return;
  const folder = join(root, "bench/results");
  mkdirSync(folder, { recursive: true });
  const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  const machine = {
    processor: cpus()[0].model,
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    commit: git("rev-parse", "--short", "HEAD"),
    date: new Date().toISOString().slice(0, 10),
  };
  writeFileSync(join(folder, `${name}.json`), `${lines({ machine, result })}\n`);
  console.log(`written: bench/results/${name}.json`);
}

/** JSON to six digits, a line for each object or list that holds nothing but a few plain values. */
function lines(value: unknown, indent = ""): string {
  if (typeof value === "number") return JSON.stringify(Number(value.toPrecision(6)));
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  const flat = entries.length <= 40 && entries.every(([, v]) => typeof v !== "object" || v === null);
  const text = entries.map(
    ([key, v]) => `${Array.isArray(value) ? "" : `${JSON.stringify(key)}: `}${lines(v, `${indent}  `)}`,
  );
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return flat
    ? `${open}${text.join(", ")}${close}`
    : `${open}\n${indent}  ${text.join(`,\n${indent}  `)}\n${indent}${close}`;
}

/** Python with the pinned requirements of `bench/peers/REQUIREMENTS`, in a folder of its own, made on demand. */
export function peerPython(requirements: string): string {
  const folder = join(root, ".bench", requirements.replace(/\.txt$/, ""));
  const python = join(folder, "bin/python");
  if (!existsSync(join(folder, "ready"))) {
    console.log(`installing ${requirements} into ${folder}`);
    execFileSync("python3", ["-m", "venv", folder], { stdio: "inherit" });
    execFileSync(python, ["-m", "pip", "install", "-q", "-r", join(root, "bench/peers", requirements)], {
      stdio: "inherit",
    });
    writeFileSync(join(folder, "ready"), "");
  }
  return python;
}

/** Runs a model on one batch again and again, in `workers` threads with `threads` each; the sum of rows per second. */
export async function bare(
  model: string,
  dims: readonly number[],
  workers: number,
  threads: number,
  seconds: number,
): Promise<number> {
  const started = Array.from({ length: workers }, () =>
    startWorker(import.meta.url, "encode-worker", { model, dims, seconds, threads }),
  );
  const answer = (w: (typeof started)[number]) => new Promise<never>((resolve) => w.once("message", resolve));
  await Promise.all(started.map(answer));
  const answers = started.map(answer) as Promise<{ perSecond: number }>[];
  for (const w of started) w.postMessage("go");
  const rates = await Promise.all(answers);
  await Promise.all(started.map((w) => w.terminate()));
  return rates.reduce((sum, r) => sum + r.perSecond, 0);
}

/** Seconds of one processor for one crop of a model, in one thread. */
export async function bareCpu(model: string, dims: readonly number[], seconds: number): Promise<number> {
  const worker = startWorker(import.meta.url, "encode-worker", { model, dims, seconds, threads: 1 });
  const answer = () => new Promise<{ cpuSeconds: number }>((resolve) => worker.once("message", resolve));
  await answer();
  const done = answer();
  worker.postMessage("go");
  const { cpuSeconds } = await done;
  await worker.terminate();
  return cpuSeconds;
}

/** A Markdown page with one table. */
export function tablePage(
  title: string,
  about: readonly string[],
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    `# ${title}`,
    "",
    ...about,
    "",
    line(head),
    `|${"---|".repeat(head.length)}`,
    ...rows.map(line),
    "",
  ].join("\n");
}
