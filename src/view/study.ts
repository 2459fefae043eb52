import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { checkFiles } from "../cells/checked.ts";
import { readHeader, storeFile } from "../cells/header.ts";
import { DataError } from "../errors.ts";
import type { ViewStudy } from "../explore/format.ts";
import { fileState } from "../files/state.ts";
import { StudyLayout } from "../study/layout.ts";
import { ownFiles } from "../study/own-files.ts";
import { readRecord } from "../study/record.ts";
import { checkFile, readChecked } from "../study/vouched.ts";
import type { Entry } from "./entries.ts";
import { encodePath } from "./entries.ts";
import { parseViewStudy, readSources } from "./sources.ts";

/** A study that can be shown: what the page must know, and its files by URL in the study's folder of the layout. */
export interface OpenedStudy {
  readonly path: string;
  readonly about: ViewStudy;
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface OpenViewOptions {
  /** Folder of the cells, where they are not where they were. */
  readonly cells?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a finished study for the explorer. Every file is held to the hash in the study's record, or in the header of the cell store;
 * nothing is written.
 * @throws CellswapError with the file, what is wrong with it and the remedy
 */
export async function openViewStudy(path: string, options: OpenViewOptions = {}): Promise<OpenedStudy> {
  const record = readRecord(path);
  const layout = new StudyLayout(resolve(path));
  const vouched = { path: layout.path, record };
  if (record.files["report.json"] === undefined)
    throw new DataError("is a study without results yet; finish it with `cellswap run`", { path });
  if (record.files["view/study.json"] === undefined)
    throw new DataError(
      "has nothing for the explorer yet; run the study again with `cellswap run`: nothing is computed twice",
      { path },
    );
  const about = parseViewStudy(readChecked(vouched, layout.view("study.json")), layout.view("study.json"));
  const entries = new Map<string, Entry>();
  const add = (name: string, file: string, sha256: string) =>
    entries.set(encodePath(name), { path: file, sha256, state: fileState(file) });
  ownFiles(layout.path, "view");
  for (const [name, sha256] of Object.entries(record.files)) {
    if (name !== "report.json" && !name.startsWith("view/")) continue;
    const file = join(layout.path, name);
    checkFile(vouched, file);
    add(name.replace(/^view\//, ""), file, sha256);
  }
  const sources = layout.view("sources.json");
  const cells = options.cells ?? (existsSync(sources) ? resolve(path, readSources(sources).cells) : null);
  if (cells === null || !existsSync(cells))
    throw new DataError(
      cells === null
        ? "does not say where its cells are; give --cells FOLDER"
        : "the cells of the study are not there; give --cells FOLDER",
      { path: cells ?? sources },
    );
  const header = readHeader(cells);
  if (header.hashes["crops.npy"] !== record.crops)
    throw new DataError(`holds other cells than ${path} is of; give --cells FOLDER`, { path: cells });
  const names = ["crops.npy", ...(header.masks === "none" ? [] : ["masks.npy"])];
  const states = await checkFiles(cells, header, names, {
    signal: options.signal,
    worth: Number.POSITIVE_INFINITY,
  });
  for (const name of names)
    entries.set(name, {
      path: storeFile(cells, header, name),
      sha256: header.hashes[name],
      state: states[name],
    });
  return { path: layout.path, about, entries };
}
