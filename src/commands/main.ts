import { Command, CommanderError } from "commander";
import { InterruptedError, InUseError, isCellswapError } from "../errors.ts";
import { writeError } from "../files/atomic.ts";
import { readError } from "../files/input.ts";
import { version } from "../version.ts";
import { oneLine, visibleLines, withoutSecrets } from "../visible.ts";
import { tellErrors } from "./output.ts";
import type { ProgressOptions } from "./progress.ts";

/** A file of this folder: adds arguments, options, an example and the action to its command. */
export interface CommandModule {
  configure(command: Command): void;
}

/** Name, one line for `cellswap --help`, and the file that holds the command; only the one that is run is loaded. */
const COMMANDS: readonly [name: string, summary: string, load: () => Promise<CommandModule>][] = [
  ["demo", "Show it all on simulated cells: encoders, every setting, a report", () => import("./demo.ts")],
  [
    "import",
    "Make a cell store of crops, of images with label images, or of tables and images",
    () => import("./import.ts"),
  ],
  [
    "encoder",
    "Describe an ONNX network, import a published encoder, show or try one",
    () => import("./encoder.ts"),
  ],
  ["segment", "Find the center cell and its neighbors in every crop", () => import("./segment.ts")],
  ["run", "Run a study: swap backgrounds, encode, classify, report", () => import("./run.ts")],
  ["plan", "Divide a study into shards, for many machines", () => import("./plan.ts")],
  ["shard", "Make one shard of a study", () => import("./shard.ts")],
  ["status", "Say which shards are missing", () => import("./status.ts")],
  ["merge", "Make the report of what the shards made", () => import("./merge.ts")],
  ["compare", "Compare encoders on the same composites, of one or two studies", () => import("./compare.ts")],
  ["view", "See which cells flipped and why, and swap backgrounds by hand", () => import("./view.ts")],
  [
    "remedy",
    "Measure what makes an encoder ignore the neighbors, and what it costs",
    () => import("./remedy.ts"),
  ],
  [
    "sensitivity",
    "Measure what effects become with wrong masks, other edges, rims and fills",
    () => import("./sensitivity.ts"),
  ],
  ["features", "Write the features of cells as imaged as a table", () => import("./features.ts")],
  [
    "export",
    "Write composites, results as AnnData, or an encoder with a remedy in it",
    () => import("./export.ts"),
  ],
  [
    "verify",
    "Hold the files of cell stores, studies and exports to their hashes",
    () => import("./verify.ts"),
  ],
  ["copy", "Copy a cell store to an object store (S3) or from there", () => import("./copy.ts")],
  ["table", "Print Table 1 and the drops of a study or of published results", () => import("./table.ts")],
  [
    "simulate",
    "Simulate fields of yeast or human cells with known truth into a cell store",
    () => import("./simulate.ts"),
  ],
];

/** Exit codes; `stopped` is EX_TEMPFAIL of sysexits.h: the same command goes on from there. */
const EXIT = { done: 0, failed: 1, usage: 2, inUse: 3, stopped: 75 } as const;

/** Calls of the system that write. */
const WRITES = new Set([
  "write",
  "mkdir",
  "rename",
  "unlink",
  "rmdir",
  "rm",
  "copyfile",
  "link",
  "symlink",
  "fsync",
  "ftruncate",
]);

/** The options of the command that was run, whatever it is. */
function optionsGiven(program: Command): ProgressOptions {
  let command = program;
  for (let name = command.args[0]; ; name = command.args[0]) {
    const next = command.commands.find((c) => c.name() === name);
    if (next === undefined) return command.opts();
    command = next;
  }
}

/** An error of the system that nothing told of before, as one about its file; others as they are. */
function ofSystem(error: unknown): unknown {
  const { code, syscall, path } = (error ?? {}) as NodeJS.ErrnoException;
  if (isCellswapError(error) || code === undefined || syscall === undefined) return error;
  return WRITES.has(syscall) ? writeError(path ?? syscall, error) : readError(path ?? syscall, error);
}

/**
 * Runs one command line and returns its exit code: 0 done, 1 bad data, files or study file, 2 wrong command line,
 * 3 the folder is in use by another run, 75 stopped and can be taken up again.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const debug = argv.includes("--debug");
  // A file over `ulimit -f` is then a failed write that is told, not the end of the process.
  if (process.listenerCount("SIGXFSZ") === 0) process.on("SIGXFSZ", () => {});
  const program = new Command("cellswap")
    .description(
      "Does a single-cell encoder look at the cell, or at the cells around it?\nSwap the background and measure.",
    )
    .version(version)
    .configureOutput({ writeErr: (text) => process.stderr.write(visibleLines(withoutSecrets(text))) })
    .exitOverride();
  try {
    for (const [name, summary, load] of COMMANDS) {
      const command = program.command(name).summary(summary).description(summary);
      command.exitOverride().option("--debug", "show where in the program an error arose");
      if (argv[0] === name || (argv[0] === "help" && argv[1] === name)) (await load()).configure(command);
    }
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync(argv as string[], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    // Several things are wrong, each with a line of its own.
    const errors = (error instanceof AggregateError ? error.errors : [error]).map(ofSystem);
    const told = (each: Error) => (debug ? visibleLines(each.stack ?? "") : oneLine(each.message));
    const lines = errors.every(isCellswapError)
      ? errors.map((each) => `cellswap: ${told(each)}`)
      : [
          `cellswap: unexpected error, please report it with --debug: ${told(error instanceof Error ? error : new Error(String(error)))}`,
        ];
    tellErrors(lines, optionsGiven(program));
    if (error instanceof InUseError) return EXIT.inUse;
    return error instanceof InterruptedError ? EXIT.stopped : EXIT.failed;
  }
}
