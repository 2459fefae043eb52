import { existsSync, statSync } from "node:fs";
import type { Command } from "commander";
import { isStudyLike } from "../study/record.ts";
import { serveOpened } from "../view/server.ts";
import { openViewStudy } from "../view/study.ts";
import { interruptible } from "./interruptible.ts";
import { openInBrowser } from "./open.ts";
import { whole } from "./options.ts";
import { print, printJson } from "./output.ts";
import { placeOfStudy } from "./study-place.ts";

interface Options {
  readonly port?: number;
  readonly cells?: string;
  readonly open: boolean;
  readonly json?: boolean;
}

/** Adds arguments, options and the action of `cellswap view`. */
export function configure(command: Command): void {
  command
    .argument("<studies...>", "study folders, or the study files (.json) that they were made from")
    .option("--port <n>", "port (default: one that is free)", whole(1, 65_535))
    .option("--cells <folder>", "folder of the cells, where it was moved")
    .option("--no-open", "do not open the page in a browser")
    .option("--json", "print the address as JSON")
    .addHelpText(
      "after",
      `
Serves the explorer of finished studies to this machine until Ctrl-C: which cells flipped,
why, and what an encoder makes of them on other backgrounds. Nothing is written.

Example:
  cellswap view cellswap-demo/study
  cellswap view first.study second.study --no-open`,
    )
    .action(run);
}

async function run(paths: readonly string[], { port, cells, open, json = false }: Options): Promise<void> {
  await interruptible(async (signal) => {
    const studies = [];
    for (const path of paths) studies.push(await openViewStudy(folderOf(path), { cells, signal }));
    const serving = await serveOpened(studies, { port });
    try {
      if (json) printJson({ url: serving.url });
      else print(`${serving.url}\nCtrl-C ends it.`);
      if (open && process.stdout.isTTY) openInBrowser(serving.url);
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener("abort", () => resolve());
      });
    } finally {
      await serving.close();
    }
  });
}

/** Study folder that a path names: itself, or that of a study file, which the demo has beside it. */
function folderOf(path: string): string {
  if (!existsSync(path) || statSync(path).isDirectory()) return path;
  const beside = path.replace(/\.json$/, "");
  return isStudyLike(beside) ? beside : placeOfStudy(path).folder;
}
