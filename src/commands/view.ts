import { type Command, Option } from "commander";
import { InUseError, StudyError } from "../errors.ts";
import { gigabytes } from "../study/composites/folder.ts";
import { exportView } from "../view/export.ts";
import { serve } from "../view/server.ts";
import { type OpenedStudy, openViewStudy } from "../view/study.ts";
import { openInBrowser } from "./open.ts";
import { whole } from "./options.ts";
import { print, printJson } from "./output.ts";
import { type Monitor, monitored, type Progress, type ProgressOptions, progressOptions } from "./progress.ts";
import { folderOfStudy } from "./study-place.ts";

/** Port by default, so that the address of a view stays the same; any that is free where it is taken. */
const PORT = 7319;

interface Options extends ProgressOptions {
  readonly host: string;
  readonly port?: number;
  readonly cells?: string;
  readonly programs?: boolean;
  readonly open: boolean;
  readonly export?: string;
  readonly encoders: boolean;
  readonly page?: string;
}

/** Adds arguments, options and the action of `cellswap view`. */
export function configure(command: Command): void {
  progressOptions(command)
    .argument("<studies...>", "study folders, or the study files (.json) that they were made from")
    .option("--host <address>", "address to listen on; others than this machine's need a token", "127.0.0.1")
    .option("--port <n>", `port (default: ${PORT}, or one that is free)`, whole(1, 65_535))
    .option("--cells <folder>", "folder of the cells, where it was moved")
    .option("--programs", "let the page run encoders that are programs; of studies that you trust")
    .option("--no-open", "do not open the page in a browser")
    .option("--export <folder>", "write the explorer as files for any web host, and serve nothing")
    .option("--no-encoders", "leave the networks out of the export")
    .option("--json", "print the address, or what was exported, as JSON")
    .addOption(new Option("--page <folder>", "folder of the page").hideHelp())
    .addHelpText(
      "after",
      `
Serves the explorer of finished studies to this machine until Ctrl-C: which cells
flipped, why, and what an encoder makes of any cell on any background. Nothing
is written. On another machine, forward the port: ssh -L ${PORT}:localhost:${PORT}

Examples:
  cellswap view cellswap-demo/study
  cellswap view first.study second.study --no-open
  cellswap view cellswap-demo/study --export site`,
    )
    .action(run);
}

async function run(paths: readonly string[], options: Options): Promise<void> {
  await monitored(options, (monitor, signal) =>
    options.export === undefined
      ? show(paths, options, monitor, signal)
      : write(paths, options.export, options, monitor, signal),
  );
}

async function show(
  paths: readonly string[],
  options: Options,
  monitor: Monitor,
  signal: AbortSignal,
): Promise<void> {
  const serving = await serveAt(await openAll(paths, options, monitor, signal), options);
  try {
    const { url, token } = serving;
    if (options.json) printJson({ url, ...(token === null ? {} : { token }) });
    else print(`${url}\nCtrl-C ends it.`);
    if (token !== null)
      monitor.tell(
        "what is sent over the network is not encrypted; forward the port by ssh where that matters",
        "note",
      );
    if (options.open && !options.json && process.stdout.isTTY) openInBrowser(url);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve());
    });
  } finally {
    await serving.close();
  }
}

async function write(
  paths: readonly string[],
  out: string,
  { cells, encoders, page, json, programs }: Options,
  monitor: Monitor,
  signal: AbortSignal,
): Promise<void> {
  if (programs === true)
    throw new StudyError("an export runs no programs; leave out --programs, or --export");
  let bar: Progress | undefined;
  const exported = await exportView(paths.map(folderOfStudy), out, {
    ...{ cells, encoders, page, signal },
    onSize: (bytes) => monitor.say(`${out} will take ${gigabytes(bytes)}`),
    onWrite: (done, total) => {
      if (total > LARGE) (bar ??= monitor.stage("export", "MB")).update(megabytes(done), megabytes(total));
    },
  });
  if (json) return printJson(exported);
  const without = exported.without.map(
    ({ encoder, why }) => `No predictions by hand with ${encoder}: ${why}.`,
  );
  const size = `${exported.files} files, ${gigabytes(exported.bytes)}`;
  print(
    [`${out}: ${size}`, ...without, `Any web host serves it: python3 -m http.server -d ${out}`].join("\n"),
  );
}

async function openAll(
  paths: readonly string[],
  { cells, programs }: Options,
  monitor: Monitor,
  signal: AbortSignal,
): Promise<OpenedStudy[]> {
  let bar: Progress | undefined;
  const onProgress = (done: number, total: number) => {
    if (total > LARGE) (bar ??= monitor.stage("check cells", "MB")).update(megabytes(done), megabytes(total));
  };
  const studies: OpenedStudy[] = [];
  for (const path of paths)
    studies.push(await openViewStudy(folderOfStudy(path), { cells, programs, signal, onProgress }));
  bar?.end();
  return studies;
}

/** Bytes above which progress is shown. */
const LARGE = 1e9;
const megabytes = (bytes: number) => Math.round(bytes / 1e6);

async function serveAt(studies: readonly OpenedStudy[], { host, port, page }: Options) {
  try {
    return await serve(studies, { host, port: port ?? PORT, page });
  } catch (error) {
    if (port !== undefined || !(error instanceof InUseError)) throw error;
    return serve(studies, { host, page });
  }
}
