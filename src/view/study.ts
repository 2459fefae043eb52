import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { checkFiles } from "../cells/checked.ts";
import { readHeader, type StoreHeader, storeFile } from "../cells/header.ts";
import { storeFolder } from "../cells/remote/fetch.ts";
import { DataError, isCellswapError } from "../errors.ts";
import { VIEW_VERSION, type ViewStudy, viewStudySchema } from "../explore/format.ts";
import { checkJson, parseJson } from "../files/json.ts";
import { isObjectPath } from "../files/objects/place.ts";
import { fileState } from "../files/state.ts";
import { StudyLayout } from "../study/layout.ts";
import { ownFiles } from "../study/own-files.ts";
import { readRecord } from "../study/record.ts";
import { readSources, type ViewSources } from "../study/view/sources.ts";
import { checkFile, readChecked, type VouchedStudy } from "../study/vouched.ts";
import { type FoundEncoders, findEncoders } from "./encoders.ts";
import { type Entry, encodePath } from "./entries.ts";

/** A study that can be shown. */
export interface OpenedStudy {
  readonly path: string;
  /** What the page must know, with encoders as they are now. */
  readonly about: ViewStudy;
  /** Its files by URL in its folder of the layout. */
  readonly entries: ReadonlyMap<string, Entry>;
  /** Encoders that can be run, by the name of their output. */
  readonly encoders: FoundEncoders["files"];
}

export interface OpenViewOptions {
  /** Folder of the cells, where they are not where they were. */
  readonly cells?: string | undefined;
  /** Whether encoders that are programs may be run. */
  readonly programs?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with bytes of crops and masks that have to be read to know that they are whole. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Whether a file of the study is a table that readers may take away. */
const isTable = (name: string) => /^results\/.*\.(csv|parquet)$/.test(name);

/** What mends all that a study has not, or not as this version writes it. */
const AGAIN = "run the study again with `cellswap run`: nothing is computed twice";

/**
 * Opens a finished study for the explorer. Its files are held to the hashes in its record, crops and masks to those of
 * the cell store; nothing is written. Encoders that are gone or changed are no error: they make no predictions.
 * @throws CellswapError with the file, what is wrong with it and the remedy; InterruptedError after `signal`
 */
export async function openViewStudy(path: string, options: OpenViewOptions = {}): Promise<OpenedStudy> {
  const record = readRecord(path);
  const layout = new StudyLayout(resolve(path));
  const study: VouchedStudy = { path: layout.path, record };
  if (record.files["report.json"] === undefined)
    throw new DataError("is a study without results yet; finish it with `cellswap run`", { path });
  if (record.files["view/study.json"] === undefined)
    throw new DataError(`has nothing for the explorer yet; ${AGAIN}`, { path });
  // Refuses links.
  ownFiles(layout.path, "view");
  const file = layout.view("study.json");
  const about = parseViewStudy(readChecked(study, file), file);
  const sources = noted(layout);
  const found = findEncoders(
    layout.path,
    about.encoders,
    record,
    sources?.encoders ?? {},
    options.programs === true,
  );
  const entries = new Map<string, Entry>();
  for (const [name, sha256] of Object.entries(record.files)) {
    if (name !== "report.json" && !name.startsWith("view/") && !isTable(name)) continue;
    const file = join(layout.path, name);
    const state = fileState(file);
    checkFile(study, file);
    entries.set(encodePath(name.replace(/^view\//, "")), { path: file, sha256, state });
  }
  entries.set("results.json", { text: JSON.stringify(Object.keys(record.files).filter(isTable).sort()) });
  const now: ViewStudy = { ...about, encoders: [...found.encoders] };
  entries.set("study.json", { text: JSON.stringify(now) });
  for (const [name, entry] of found.entries) entries.set(encodePath(name), entry);
  for (const [name, entry] of await cropEntries(study, sources, options)) entries.set(name, entry);
  return { path: layout.path, about: now, entries, encoders: found.files };
}

/** The explorer's `study.json`. @throws DataError for one of another version, or that is damaged */
export function parseViewStudy(bytes: Uint8Array, file: string): ViewStudy {
  const json = parseJson(bytes, file, { remedy: AGAIN });
  const version = (json as { version?: unknown } | null)?.version;
  if (version !== VIEW_VERSION)
    throw new DataError(
      `has version ${JSON.stringify(version)}, this cellswap shows ${VIEW_VERSION}; ${
        typeof version === "number" && version > VIEW_VERSION ? "install a newer cellswap" : AGAIN
      }`,
      { path: file },
    );
  try {
    return checkJson(viewStudySchema, json, file);
  } catch (cause) {
    if (!isCellswapError(cause)) throw cause;
    throw new DataError(`is not as this cellswap writes it (${cause.reason}); ${AGAIN}`, {
      path: file,
      cause,
    });
  }
}

function noted(layout: StudyLayout): ViewSources | null {
  const file = layout.view("sources.json");
  return existsSync(file) ? readSources(file) : null;
}

/** Where cells are, named from `where`. */
function placeOf(cells: string, where: string): string {
  return isObjectPath(cells) ? cells : resolve(where, cells);
}

/** Crops and masks, which must be those of the study. */
async function cropEntries(
  { path: study, record }: VouchedStudy,
  sources: ViewSources | null,
  { cells, signal, onProgress }: OpenViewOptions,
): Promise<[string, Entry][]> {
  const given = cells ?? sources?.cells ?? null;
  const give = "give their folder as --cells";
  const path =
    given === null
      ? null
      : await storeFolder(placeOf(given, cells === undefined ? study : "."), { signal, onProgress });
  if (path === null) throw new DataError(`does not say where its cells are; ${give}`, { path: study });
  if (!existsSync(path)) throw new DataError(`the cells of the study are not there; ${give}`, { path });
  const header: StoreHeader = readHeader(path);
  if (header.hashes["crops.npy"] !== record.crops)
    throw new DataError(`holds other cells than those of the study ${study}; ${give}`, { path });
  const masks = header.hashes["masks.npy"] ?? null;
  if (sources !== null && sources.masks !== masks)
    throw new DataError("has other masks than when the study was run; run the study again", { path });
  const names = ["crops.npy", ...(masks === null ? [] : ["masks.npy"])];
  // What was checked is not remembered in the store: nothing is written.
  const worth = Number.POSITIVE_INFINITY;
  const states = await checkFiles(path, header, names, { signal, onProgress, worth });
  return names.map((name) => [
    name,
    { path: storeFile(path, header, name), sha256: header.hashes[name], state: states[name] },
  ]);
}
