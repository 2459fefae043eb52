import { existsSync, statSync } from "node:fs";
import type { Command } from "commander";
import { InUseError } from "../errors.ts";
import { isStudyLike } from "../study/record.ts";
import { serve } from "../view/server.ts";
import { type OpenedStudy, openViewStudy } from "../view/study.ts";
import { interruptible } from "./interruptible.ts";
import { openInBrowser } from "./open.ts";
import { whole } from "./options.ts";
import { print, printJson, say } from "./output.ts";
import { progress } from "./progress.ts";
import { placeOfStudy } from "./study-place.ts";

/** Port by default, so that the address of a view stays the same; any that is free where it is taken. */
const PORT = 7319;

interface Options {
  readonly host: string;
  readonly port?: number;
  readonly cells?: string;
  readonly programs?: boolean;
  readonly open: boolean;
  readonly json?: boolean;
}

/** Adds arguments, options and the action of `cellswap view`. */
export function configure(command: Command): void {
  command
    .argument("<studies...>", "study folders, or the study files (.json) that they were made from")
    .option("--host <address>", "address to listen on; others than this machine's need a token", "127.0.0.1")
    .option("--port <n>", `port (default: ${PORT}, or one that is free)`, whole(1, 65_535))
    .option("--cells <folder>", "folder of the cells, where it was moved")
    .option("--programs", "let the page run encoders that are programs; of studies that you trust")
    .option("--no-open", "do not open the page in a browser")
    .option("--json", "print the address as JSON")
    .addHelpText(
      "after",
      `
Serves the explorer of finished studies to this machine until Ctrl-C: which cells
flipped, why, and what an encoder makes of any cell on any background. Nothing
is written. On another machine, forward the port: ssh -L ${PORT}:localhost:${PORT}

Examples:
  cellswap view cellswap-demo/study
  cellswap view first.study second.study --no-open`,
    )
    .action(run);
}

async function run(paths: readonly string[], options: Options): Promise<void> {
  const { json = false } = options;
  await interruptible(async (signal) => {
    const studies = await openAll(paths, options, signal);
    const serving = await serveAt(studies, options);
    try {
      const { url, token } = serving;
      if (json) printJson({ url, ...(token === null ? {} : { token }) });
      else print(`${url}\nCtrl-C ends it.`);
      if (token !== null)
        say(
          "note: what is sent over the network is not encrypted; forward the port by ssh where that matters",
        );
      if (options.open && !json && process.stdout.isTTY) openInBrowser(url);
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener("abort", () => resolve());
      });
    } finally {
      await serving.close();
    }
  });
}

async function openAll(
  paths: readonly string[],
  { cells, programs, json }: Options,
  signal: AbortSignal,
): Promise<OpenedStudy[]> {
  const bar = progress("check cells", "MB", json);
  const onProgress = (done: number, total: number) => {
    if (total > LARGE) bar.update(Math.round(done / 1e6), Math.round(total / 1e6));
  };
  const studies: OpenedStudy[] = [];
  for (const path of paths)
    studies.push(await openViewStudy(folderOf(path), { cells, programs, signal, onProgress }));
  return studies;
}

/** Bytes above which progress is shown. */
const LARGE = 1e9;

async function serveAt(studies: readonly OpenedStudy[], { host, port }: Options) {
  try {
    return await serve(studies, { host, port: port ?? PORT });
  } catch (error) {
    if (port !== undefined || !(error instanceof InUseError)) throw error;
    return serve(studies, { host });
  }
}

/** Study folder that a path names: itself, or that of a study file, which the demo has beside it. */
function folderOf(path: string): string {
  if (!existsSync(path) || statSync(path).isDirectory()) return path;
  const beside = path.replace(/\.json$/, "");
  return isStudyLike(beside) ? beside : placeOfStudy(path).folder;
}
