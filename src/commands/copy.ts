import { type Command, Option } from "commander";
import { copyStore, FORMS } from "../cells/remote/copy.ts";
import { print, printJson } from "./output.ts";
import { monitored, type ProgressOptions, progressOptions } from "./progress.ts";

/** Adds arguments, options and the action of `cellswap copy`. */
export function configure(command: Command): void {
  progressOptions(command)
    .argument("<from>", "cell store: a folder, or s3://BUCKET/KEY")
    .argument("<to>", "where the copy goes: a folder, or s3://BUCKET/KEY")
    .addOption(
      new Option(
        "--store <form>",
        "how crops and masks are kept: npy, one file each, or zarr, Zarr 3 arrays in shards",
      ).choices(FORMS),
    )
    .option(
      "--force",
      "replace another cell store that is there, Zarr shards that are none of the new one included",
    )
    .option("--json", "print what was copied as JSON")
    .addHelpText(
      "after",
      `
Every file is held to its hash. What a stopped copy left is gone on with. A study
reads cells from s3:// as they are ("cells": "s3://BUCKET/KEY"). Credentials are
those of the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL, AWS_PROFILE (docs/object-stores.md).

Examples:
  cellswap copy cells s3://lab/yeast/cells
  cellswap copy cells cells-zarr --store zarr
  cellswap copy s3://lab/yeast/cells cells`,
    )
    .action(run);
}

async function run(
  from: string,
  to: string,
  options: ProgressOptions & { readonly force?: boolean; readonly store?: (typeof FORMS)[number] },
): Promise<void> {
  const copied = await monitored(options, async (monitor, signal) => {
    const bar = monitor.stage("copy", "MB");
    const onProgress = (done: number, total: number) => bar.update(megabytes(done), megabytes(total));
    return copyStore(from, to, { force: options.force === true, form: options.store, signal, onProgress });
  });
  if (options.json) printJson(copied);
  else
    print(
      `${copied.cells.toLocaleString("en-US")} cells are at ${to} (${megabytes(copied.bytes)} MB copied)`,
    );
}

const megabytes = (bytes: number) => Math.round(bytes / 1e6);
