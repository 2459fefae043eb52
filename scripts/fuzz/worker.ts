import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { digest } from "./digest.ts";
import { makeInput } from "./input.ts";
import type { Input, Outcome, Reader, Seed, Verdict } from "./reader.ts";
import { READERS } from "./readers.ts";
import { isCellswapError, told, whereFrom, wrongMessage } from "./verdict.ts";

/** What a worker is asked: an input by its number. */
export interface Task {
  readonly reader: string;
  readonly seed: number;
  readonly number: number;
}

/** Most memory that a process may take, MB. */
export const MEMORY = 500;

/** Where inputs are put, and what was prepared for seeds. */
const [, , root, made] = process.argv;
const prepared = new Map<string, Promise<{ reader: Reader; seeds: readonly Seed[] }>>();
const wanted = new Map<string, Promise<string>>();

function prepare(name: string) {
  let found = prepared.get(name);
  if (found === undefined) {
    const reader = READERS.find((r) => r.name === name);
    if (reader === undefined) throw new Error(`no reader ${name}`);
    found = (async () => ({ reader, seeds: await reader.seeds(made) }))();
    prepared.set(name, found);
  }
  return found;
}

/** What a seed gives; it must be read. */
function original(reader: Reader, seed: Seed): Promise<string> {
  const key = `${reader.name} ${seed.name}`;
  let found = wanted.get(key);
  if (found === undefined) {
    const input = { reader: reader.name, seed: 0, number: -1, origin: seed, file: "", mutators: [] };
    const folder = join(root, `seed-${wanted.size}`);
    found = (async () => {
      write(folder, { ...input, files: seed.files });
      try {
        return digest(await reader.read(join(folder, seed.given), { ...input, files: seed.files }));
      } catch (error) {
        throw new Error(`seed ${key} is not read: ${told(error, folder)} (${whereFrom(error)})`);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    })();
    wanted.set(key, found);
  }
  return found;
}

function write(folder: string, { files }: Pick<Input, "files">): void {
  for (const [name, bytes] of files) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
}

let count = 0;
async function judge({ reader: name, seed, number }: Task): Promise<Outcome> {
  const { reader, seeds } = await prepare(name);
  const input = makeInput(reader, seeds, seed, number);
  const expected = await original(reader, input.origin);
  const folder = join(root, `${name}-${number}-${count++}`);
  write(folder, input);
  const before = process.cpuUsage();
  let verdict: Verdict;
  let detail = "";
  try {
    const value = await reader.read(join(folder, input.origin.given), input);
    const same = digest(value) === expected;
    verdict = same ? "same" : reader.checked?.(input) ? "accepted" : "other";
  } catch (error) {
    detail = told(error, folder);
    if (isCellswapError(error)) {
      const wrong = wrongMessage(error, folder);
      verdict = wrong === null ? "refused" : "message";
      if (wrong !== null) detail = `${wrong}: ${detail}`;
    } else {
      verdict = "unexpected";
      detail = `${(error as Error)?.name}: ${detail} (${whereFrom(error)})`;
    }
  }
  const used = process.cpuUsage(before);
  const seconds = (used.user + used.system) / 1e6;
  const memory = process.resourceUsage().maxRSS / 1024;
  if (verdict === "same" || verdict === "other" || verdict === "refused") {
    if (memory > MEMORY) [verdict, detail] = ["memory", `${memory.toFixed(0)} MB; ${detail}`];
    else if (seconds > (reader.seconds ?? 1))
      [verdict, detail] = ["slow", `${seconds.toFixed(1)} s; ${detail}`];
  }
  rmSync(folder, { recursive: true, force: true });
  return { verdict, file: input.file, mutators: input.mutators, detail, seconds, memory };
}

process.on("message", async (task: Task) => {
  try {
    process.send!(await judge(task));
  } catch (error) {
    process.send!({ broken: (error as Error).stack ?? String(error) });
  }
});
process.on("uncaughtException", (error) => {
  process.send!({
    ...{ verdict: "unexpected", file: "", mutators: [], seconds: 0, memory: 0 },
    detail: `uncaught ${error.name}: ${error.message} (${whereFrom(error)})`,
  } satisfies Outcome);
});
// Whoever asked is gone.
process.on("disconnect", () => process.exit());
process.send!("ready");
