import type { Command } from "commander";
import type { Verification, VerifiedFile } from "../cells/verify.ts";
import { DataError } from "../errors.ts";
import { verify } from "../study/verify.ts";
import { print, printJson } from "./output.ts";
import { monitored, type ProgressOptions, progressOptions } from "./progress.ts";

/** Adds arguments, options and the action of `cellswap verify`. */
export function configure(command: Command): void {
  progressOptions(command)
    .argument("<paths...>", "cell stores, study folders and exported composites")
    .option("--json", "print what was found as JSON, file by file")
    .addHelpText(
      "after",
      `
Reads every file and holds it to the hash that was noted when it was written;
changes nothing. Exit code 1 where a file is damaged or missing, with a line for
each that says what mends it. Other commands check what they read by
themselves, and read what they found to be right only once.

Examples:
  cellswap verify cells
  cellswap verify cells yeast.study --json`,
    )
    .action(run);
}

async function run(paths: readonly string[], options: ProgressOptions): Promise<void> {
  const found: Verification[] = [];
  await monitored(options, async (monitor, signal) => {
    const bar = monitor.stage("verify", "MB");
    for (const path of paths) {
      const onProgress = (done: number, total: number) => {
        bar.update(megabytes(done), megabytes(total), path);
      };
      found.push(await verify(path, { signal, onProgress }));
    }
  });
  if (options.json) printJson(found);
  else print(found.map(describe).join("\n"));
  const faults = found.flatMap(({ files }) => files.filter(damaged));
  if (faults.length > 0)
    throw new AggregateError(faults.map((file) => new DataError(file.fault as string, { path: file.path })));
}

const megabytes = (bytes: number) => Math.round(bytes / 1e6);

const damaged = ({ fault }: VerifiedFile) => fault !== null;

function describe({ path, kind, files }: Verification): string {
  const wrong = files.filter(damaged).length;
  const all = `${files.length} ${files.length === 1 ? "file" : "files"}`;
  return `${path} (${kind}): ${wrong === 0 ? `${all}, all as they were written` : `${wrong} of ${all} damaged or missing`}`;
}
