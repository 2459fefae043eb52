import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { INDEX } from "../../src/cells/checked.ts";
import type { Scenario } from "./scenarios.ts";

const preload = resolve(import.meta.dirname, "preload.cjs");

/** SHA-256 of every file below a folder (or of the file), by its path in it. */
export function tree(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (path: string, name: string) => {
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory() === true) {
      const names = readdirSync(path).sort();
      if (names.length === 0) found[`${name}/`] = "empty";
      for (const inner of names) visit(join(path, inner), name === "" ? inner : `${name}/${inner}`);
    } else if (there !== undefined)
      found[name] = createHash("sha256").update(readFileSync(path)).digest("hex");
  };
  visit(folder, "");
  return found;
}

/** As {@link tree}, without what remembers when files were looked at. */
function outcome(folder: string): Record<string, string> {
  return Object.fromEntries(Object.entries(tree(folder)).filter(([name]) => !name.endsWith(`/${INDEX}`)));
}

/** The built command line, run in processes of its own (to be killed) or in this one (faster). */
export class Product {
  readonly #dist: string;
  #main: ((argv: readonly string[]) => Promise<number>) | undefined;

  /** `dist` is the folder of the built package. */
  constructor(dist: string) {
    this.#dist = dist;
    process.env.SOURCE_DATE_EPOCH = "1700000000";
  }

  /** Runs a command in this process, in `folder`. @throws Error with what it printed where it fails */
  async run(folder: string, args: readonly string[]): Promise<void> {
    this.#main ??= (
      (await import(pathToFileURL(join(this.#dist, "commands/main.js")).href)) as {
        main: (argv: readonly string[]) => Promise<number>;
      }
    ).main;
    const before = process.cwd();
    const printed: string[] = [];
    const { stdout, stderr } = process;
    const [out, err] = [stdout.write, stderr.write];
    const take = (text: unknown) => printed.push(String(text)) > 0;
    const { log, error, warn } = console;
    process.chdir(folder);
    Object.assign(console, { log: take, error: take, warn: take });
    stdout.write = take as typeof stdout.write;
    stderr.write = take as typeof stderr.write;
    try {
      const code = await this.#main(args);
      if (code !== 0) throw new Error(`${args.join(" ")}: exit ${code}: ${printed.join("")}`);
    } finally {
      stdout.write = out;
      stderr.write = err;
      Object.assign(console, { log, error, warn });
      process.exitCode = 0;
      process.chdir(before);
    }
  }

  /** Runs a command in a process of its own under the preload; returns its exit code, null for a kill. */
  faulty(folder: string, args: readonly string[], faults: object): Promise<number | null> {
    const child = spawn(process.execPath, ["--require", preload, join(this.#dist, "cli.js"), ...args], {
      cwd: folder,
      env: { ...process.env, CELLSWAP_FAULTS: JSON.stringify({ root: folder, ...faults }) },
      stdio: "ignore",
    });
    return new Promise((done) => child.on("close", (code) => done(code)));
  }
}

/** A scenario that is ready to be killed. */
export interface Prepared {
  readonly scenario: Scenario;
  readonly template: string;
  readonly base: string;
  /** Record of an unbroken run. */
  readonly operations: readonly Operation[];
  /** What is read before and after. */
  readonly old: string | null;
  readonly new: string | null;
  /** Every file after an unbroken run. */
  readonly expected: Readonly<Record<string, string>>;
}

/** One file operation, as the preload records it. */
export interface Operation {
  /** `look` is the opening of a file to read; it changes nothing and counts for nothing. */
  readonly op:
    | "look"
    | "open"
    | "write"
    | "truncate"
    | "sync"
    | "rename"
    | "link"
    | "unlink"
    | "rmdir"
    | "mkdir";
  readonly path?: string;
  readonly to?: string;
  readonly flags?: string;
  readonly file?: number;
  readonly position?: number | null;
  readonly length?: number;
  /** Bytes in base64. */
  readonly data?: string;
  readonly result?: number;
}

/** Makes what a scenario begins with, and runs it unbroken. */
export async function prepare(product: Product, scenario: Scenario, base: string): Promise<Prepared> {
  const template = join(base, "old");
  mkdirSync(template, { recursive: true });
  await scenario.prepare(template, (...args) => product.run(template, args));
  const whole = join(base, "whole");
  copy(template, whole);
  const log = join(base, "log");
  const code = await product.faulty(whole, scenario.args, { log });
  if (code !== 0) {
    await product.run(whole, scenario.args);
    throw new Error(`${scenario.name}: exit ${code}`);
  }
  return {
    scenario,
    template,
    base,
    operations: readFileSync(log, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Operation),
    old: scenario.read === null ? null : await scenario.read(template),
    new: scenario.read === null ? null : await scenario.read(whole),
    expected: outcome(whole),
  };
}

/** What one kill showed. */
export interface Trial {
  readonly killed: boolean;
  /** What is wrong, one line each. */
  readonly faults: readonly string[];
}

/** Kills a command before its operation `at` (`half`: in the middle of it), looks at what is there, and runs it again. */
export async function trial(product: Product, prepared: Prepared, at: number, half: boolean): Promise<Trial> {
  const { scenario, template, base } = prepared;
  const folder = join(base, `kill-${at}${half ? "-half" : ""}`);
  copy(template, folder);
  const code = await product.faulty(folder, scenario.args, { at, half });
  const faults = code === null || code === 0 ? [] : [`exit ${code}`];
  faults.push(...(await check(product, prepared, folder)));
  if (faults.length === 0) rmSync(folder, { recursive: true, force: true });
  return { killed: code === null, faults };
}

/** Looks at what a command left in `folder` that was cut off, and runs it again. */
export async function check(product: Product, prepared: Prepared, folder: string): Promise<string[]> {
  const { scenario, expected } = prepared;
  const faults: string[] = [];
  if (scenario.read !== null) {
    const found = await read(scenario, folder);
    if (found !== prepared.old && found !== prepared.new) faults.push(`neither old nor new: ${found}`);
  }
  try {
    await product.run(folder, scenario.args);
    faults.push(...differences(expected, outcome(folder)));
  } catch (error) {
    faults.push(`the next run: ${(error as Error).message}`);
  }
  return faults;
}

export async function read(scenario: Scenario, folder: string): Promise<string> {
  try {
    return await scenario.read!(folder);
  } catch (error) {
    return `refused: ${(error as Error).message}`;
  }
}

function differences(expected: Readonly<Record<string, string>>, found: Readonly<Record<string, string>>) {
  const names = new Set([...Object.keys(expected), ...Object.keys(found)]);
  return [...names].flatMap((name) =>
    expected[name] === found[name]
      ? []
      : [`${name} ${name in expected ? (name in found ? "differs" : "is missing") : "is left behind"}`],
  );
}

export function copy(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  if (existsSync(from)) cpSync(from, to, { recursive: true, preserveTimestamps: true });
}
