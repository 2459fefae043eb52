import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { stringify } from "csv-stringify/sync";
import { formatFloat } from "../core/format.ts";
import { DataError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { guarded } from "../files/formula.ts";
import { readCsv } from "../files/table.ts";
import type { Setting } from "../settings.ts";
import type { PairScore } from "../types.ts";

/** The authors' result files and the setting each holds. */
export const PUBLISHED_FILES = [
  { file: "results_base.csv", setting: "original", background: false },
  { file: "results_mask.csv", setting: "masked", background: false },
  { file: "results_same.csv", setting: "same", background: false },
  { file: "results_diff.csv", setting: "different", background: true },
  { file: "results_batch.csv", setting: "cell-free", background: true },
] as const satisfies readonly { file: string; setting: Setting; background: boolean }[];
type PublishedFile = (typeof PUBLISHED_FILES)[number];

/** True for a folder that holds at least one of the authors' result files. */
export function hasPublishedResults(folder: string): boolean {
  return PUBLISHED_FILES.some(({ file }) => existsSync(join(folder, file)));
}

/**
 * Reads a folder of the authors' CSVs, or a folder with one such folder per encoder (sorted by name). Scores keep
 * the files' order; files that are missing are missing settings. The encoder is called as its folder.
 * @throws DataError for a folder without any of the files, a missing column, an accuracy or deviation that is not
 * a number from 0 to 1, and a pair that is there twice.
 */
export function readPublishedResults(folder: string): PairScore[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new DataError("is not a folder; give the folder that holds results_base.csv and its companions", {
      path: folder,
    });
  if (hasPublishedResults(folder)) return readEncoder(folder);
  const folders = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isFile() && hasPublishedResults(join(folder, entry.name)))
    .map((entry) => join(folder, entry.name))
    .sort();
  if (folders.length === 0)
    throw new DataError(
      `holds none of ${PUBLISHED_FILES.map((f) => f.file).join(", ")}, neither itself nor in a folder per encoder; give a folder with one of them`,
      { path: folder },
    );
  return folders.flatMap(readEncoder);
}

function readEncoder(folder: string): PairScore[] {
  const encoder = basename(resolve(folder));
  return PUBLISHED_FILES.filter(({ file }) => existsSync(join(folder, file))).flatMap((known) =>
    readFile(join(folder, known.file), encoder, known),
  );
}

function readFile(path: string, encoder: string, known: PublishedFile): PairScore[] {
  const columns = readCsv(path);
  const needed = [
    "Location1",
    "Location2",
    ...(known.background ? ["Background"] : []),
    "Accuracy",
    "StdDev",
  ];
  for (const name of needed)
    if (!columns.has(name))
      throw new DataError(
        `has no column ${name} (it has ${[...columns.keys()].join(", ")}); its header must be ${needed.join(",")}`,
        { path },
      );
  const cell = (name: string, row: number) => (columns.get(name) as string[])[row];
  const count = (columns.get("Accuracy") as string[]).length;
  if (count === 0)
    throw new DataError("has a header but no rows; run the evaluation again or remove the file", { path });
  const lines = new Map<string, number>();
  return Array.from({ length: count }, (_, row): PairScore => {
    const line = row + 2;
    const [class1, class2] = [cell("Location1", row), cell("Location2", row)];
    const background = known.background ? cell("Background", row) : null;
    if (class1 === "" || class2 === "" || background === "")
      throw new DataError(`row ${line} has an empty class name; fill it in or remove the row`, { path });
    if (class1 === class2)
      throw new DataError(`row ${line} pairs ${class1} with itself; remove the row`, { path });
    const key = JSON.stringify([...[class1, class2].sort(), background]);
    const before = lines.get(key);
    if (before !== undefined)
      throw new DataError(
        `row ${line} repeats row ${before} (${class1}, ${class2}${background === null ? "" : `, background ${background}`}); keep one of them`,
        { path },
      );
    lines.set(key, line);
    const share = (name: string) => parseShare(cell(name, row), name, line, path);
    const [accuracy, sd] = [share("Accuracy"), share("StdDev")];
    return {
      encoder,
      setting: known.setting,
      background,
      class1,
      class2,
      accuracy,
      sd,
      folds: [],
      gap: null,
      cells: null,
    };
  });
}

/** A number from 0 to 1, or one line that says where it is not. */
export function parseShare(text: string | null, name: string, row: number, path: string): number {
  const value = text === null || text.trim() === "" ? Number.NaN : Number(text);
  if (!(value >= 0 && value <= 1))
    throw new DataError(
      `row ${row} has ${name} ${text === null || text === "" ? "(empty)" : JSON.stringify(text)}, which is not a number from 0 to 1; correct it or run the evaluation again`,
      { path },
    );
  return value;
}

/**
 * Writes the scores of one encoder as the authors' CSVs into `folder` and returns the file names; settings that
 * the authors' layout does not know (`self`, `background-only`) and settings without scores give no file. Numbers
 * read back to the same bits. @throws RangeError for scores of several encoders.
 */
export function writePublishedResults(folder: string, scores: readonly PairScore[]): string[] {
  if (new Set(scores.map((s) => s.encoder)).size > 1)
    throw new RangeError("one folder holds the results of one encoder");
  const written: string[] = [];
  for (const known of PUBLISHED_FILES) {
    const rows = scores.filter((s) => s.setting === known.setting);
    if (rows.length === 0) continue;
    writeFileAtomic(join(folder, known.file), formatPublished(rows, known.background));
    written.push(known.file);
  }
  return written;
}

function formatPublished(rows: readonly PairScore[], withBackground: boolean): string {
  const middle = (value: string) => (withBackground ? [value] : []);
  return stringify(
    [
      ["Location1", "Location2", ...middle("Background"), "Accuracy", "StdDev"],
      ...rows.map((r) => [
        guarded(r.class1),
        guarded(r.class2),
        ...middle(guarded(r.background ?? "")),
        formatFloat(r.accuracy),
        formatFloat(r.sd),
      ]),
    ],
    { record_delimiter: "unix" },
  );
}
