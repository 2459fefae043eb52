import { existsSync } from "node:fs";
import { mergeImport } from "../cells/shards/merge-import.ts";
import { importStatus, type ShardStatus, tidyShards } from "../cells/shards/parts.ts";
import { awaitShards } from "../cells/shards/wait.ts";
import { isCellStore } from "../cells/store.ts";
import { DataError } from "../errors.ts";
import { ranges } from "../files/shards.ts";
import { mergeMasks } from "../segment/shards/merge-masks.ts";
import { segmentStatus } from "../segment/shards/part.ts";
import { describe } from "./import.ts";
import { print, printJson } from "./output.ts";
import { monitored, type ProgressOptions } from "./progress.ts";
import { text } from "./segment.ts";

/** Whether a path is that of a cell store, also of one of which there are only shards. */
export function isCells(path: string): boolean {
  return existsSync(`${path}.shards`) || isCellStore(path);
}

/** Shards of cells that are there, of an import or of a segmentation; null where there are none. */
function shardsOf(path: string): ShardStatus | null {
  return [importStatus(path), segmentStatus(path)].find(({ shards }) => shards !== null) ?? null;
}

/** Joins the shards of an import or of a segmentation into their cell store. */
export async function mergeCells(
  path: string,
  options: ProgressOptions & { readonly wait: number; readonly json?: boolean },
): Promise<void> {
  const kind = shardsOf(path)?.kind;
  if (kind === undefined) {
    tidyShards(path);
    print(options.json ? JSON.stringify({ merged: false }) : `${path}: no shards to join`);
    return;
  }
  const look = kind === "import" ? importStatus : segmentStatus;
  const summary = await monitored(options, async (monitor, signal) => {
    await awaitShards(
      () => look(path),
      options.wait,
      signal,
      ({ done, shards, missing }) =>
        monitor.stage("waiting", "shards").update(done, shards ?? 0, `for shards ${ranges(missing)}`),
    );
    const onProgress = monitor.stage("merge", "cells").update;
    return kind === "import"
      ? { import: await mergeImport(path, { signal, onProgress }) }
      : { segment: await mergeMasks(path, { signal, onProgress }) };
  });
  if (options.json) printJson(summary.import ?? summary.segment);
  else
    print(
      summary.import === undefined ? text(summary.segment, path) : describe(summary.import, true).join("\n"),
    );
}

/** Prints which shards of cells are there. */
export function printCells(
  path: string,
  { missing, json }: { readonly missing?: boolean; readonly json?: boolean },
): void {
  const status = shardsOf(path);
  const lacking = ranges(status?.missing ?? []);
  if (status === null && missing && !isCellStore(path))
    throw new DataError("has no finished shard yet, and how many there are to be is known from the first", {
      path: `${path}.shards`,
    });
  if (missing) print(lacking);
  else if (json)
    printJson(
      status === null
        ? { kind: null, shards: null, done: 0, missing: [], ranges: "" }
        : {
            kind: status.kind,
            shards: status.shards,
            done: status.done,
            missing: status.missing,
            ranges: lacking,
          },
    );
  else if (status === null) print(`${path}: no shards`);
  else
    print(
      `${status.kind}: ${status.done} of ${status.shards} shards, ${lacking === "" ? `all there; next: cellswap merge ${path}` : `missing: shards ${lacking}`}`,
    );
}
