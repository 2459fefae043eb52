import { existsSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { DataError } from "../errors.ts";
import { readCsv, readParquet } from "../files/table.ts";
import { parseReport, type ReportData } from "../report/data.ts";
import { SETTINGS, type Setting } from "../settings.ts";
import type { PairScore } from "../types.ts";
import { StudyLayout } from "./layout.ts";
import { nameIn } from "./open-folder.ts";
import { isOwnFile } from "./own-files.ts";
import { hasPublishedResults, parseShare, readPublishedResults } from "./published-csv.ts";
import { readRecord, type StudyRecord } from "./record.ts";
import { checkFile, checkTables, readChecked, studyOf } from "./vouched.ts";

/**
 * Reads scores from a study folder of ours (`results/pairs.parquet`, else `results/pairs.csv`), from its `results`
 * folder, from one of these two files, or from the authors' CSVs (see `readPublishedResults`). What is of a study folder
 * must be as its last run wrote it; tables elsewhere are read as they are.
 * @throws DataError with file, row and remedy for anything that cannot be used.
 */
export async function readResults(path: string): Promise<PairScore[]> {
  const study = studyOf(path);
  if (study !== null && isOwnFile(nameIn(study.path, resolve(path)))) checkFile(study, path);
  if (!existsSync(path))
    throw new DataError(
      "is not there; give a study folder or a folder of result tables (results_base.csv, ...)",
      { path },
    );
  if (!statSync(path).isDirectory()) return readPairs(path);
  const { pairs, record } = new StudyLayout(path);
  if (study !== null) {
    const own = new StudyLayout(study.path);
    if ([study.path, own.results].includes(resolve(path))) {
      checkFile(study, `${own.pairs}.parquet`);
      return readPairs(`${own.pairs}.parquet`);
    }
    checkTables(study, resolve(path));
  }
  for (const base of [pairs, join(path, basename(pairs))])
    for (const file of [`${base}.parquet`, `${base}.csv`]) if (existsSync(file)) return readPairs(file);
  if (existsSync(record) && !hasPublishedResults(path))
    throw new DataError("is a study without results yet; finish it with `cellswap run`", { path });
  return readPublishedResults(path);
}

/** What a finished study says. */
export interface StudyResults {
  /** Its choices, encoders and versions. */
  readonly record: StudyRecord;
  /** Everything that its report shows. */
  readonly report: ReportData;
  /** Accuracy of every pair of classes in every setting. */
  readonly scores: readonly PairScore[];
}

/**
 * Reads the folder of a finished study.
 * @throws DataError, StudyError for a folder that is none, of another layout, not finished or damaged
 */
export async function readStudyFolder(path: string): Promise<StudyResults> {
  const record = readRecord(path);
  const file = `${new StudyLayout(path).report}.json`;
  const bytes = readChecked({ path: resolve(path), record }, file);
  let report: ReportData;
  try {
    report = parseReport(JSON.parse(bytes.toString("utf8")));
  } catch (cause) {
    throw new DataError("is not the report of a study that this version reads; run the study again", {
      path: file,
      cause,
    });
  }
  return { record, report, scores: await readResults(path) };
}

async function readPairs(path: string): Promise<PairScore[]> {
  if (!path.endsWith(".csv") && !path.endsWith(".parquet"))
    throw new DataError("is neither pairs.parquet nor pairs.csv nor a folder; give one of them", { path });
  const columns: ReadonlyMap<string, ArrayLike<unknown>> = path.endsWith(".csv")
    ? readCsv(path)
    : (await readParquet(path)).columns;
  const get = (name: string): ((row: number) => string | null) => {
    const column = columns.get(name);
    if (column === undefined)
      throw new DataError(
        `has no column ${name} (it has ${[...columns.keys()].join(", ") || "none"}); a table of pairs has encoder, setting, background, class1, class2, accuracy, sd, fold1..., gap, cells`,
        { path },
      );
    return (row) => {
      const value = column[row];
      return value === null || value === undefined || value === "" || Number.isNaN(value)
        ? null
        : String(value);
    };
  };
  const [encoder, setting, background, class1, class2] = [
    "encoder",
    "setting",
    "background",
    "class1",
    "class2",
  ].map(get);
  const [accuracy, sd, gap, cells] = ["accuracy", "sd", "gap", "cells"].map(get);
  const folds: ReturnType<typeof get>[] = [];
  while (columns.has(`fold${folds.length + 1}`)) folds.push(get(`fold${folds.length + 1}`));
  const count = (columns.get("encoder") as ArrayLike<unknown>).length;
  if (count === 0)
    throw new DataError("has a header but no rows; run the study again with `cellswap run`", { path });
  const rows = new Map<string, number>();
  return Array.from({ length: count }, (_, i): PairScore => {
    const row = i + 2;
    const text = (of: typeof encoder, name: string): string => {
      const value = of(i);
      if (value === null)
        throw new DataError(`row ${row} has no ${name}; fill it in or remove the row`, { path });
      return value;
    };
    const optional = (of: typeof encoder, name: string): number | null => {
      const value = of(i);
      const number = value === null ? null : Number(value);
      if (number !== null && !(number >= 0))
        throw new DataError(
          `row ${row} has ${name} ${JSON.stringify(value)}, which is not a number of 0 or more; correct it or leave it empty`,
          { path },
        );
      return number;
    };
    const score: PairScore = {
      encoder: text(encoder, "encoder"),
      setting: knownSetting(text(setting, "setting"), row, path),
      background: background(i),
      class1: text(class1, "class1"),
      class2: text(class2, "class2"),
      accuracy: parseShare(accuracy(i), "accuracy", row, path),
      sd: parseShare(sd(i), "sd", row, path),
      folds: folds
        .map((f) => f(i))
        .flatMap((v, k) => (v === null ? [] : parseShare(v, `fold${k + 1}`, row, path))),
      gap: optional(gap, "gap"),
      cells: optional(cells, "cells"),
    };
    if (score.class1 === score.class2)
      throw new DataError(`row ${row} pairs ${score.class1} with itself; remove the row`, { path });
    const pair = [score.class1, score.class2].sort();
    const key = JSON.stringify([score.encoder, score.setting, score.background, ...pair]);
    const before = rows.get(key);
    if (before !== undefined)
      throw new DataError(
        `row ${row} repeats row ${before} (${score.encoder}, ${score.setting}, ${pair.join(", ")}${score.background === null ? "" : `, background ${score.background}`}); keep one of them`,
        { path },
      );
    rows.set(key, row);
    return score;
  });
}

function knownSetting(text: string, row: number, path: string): Setting {
  const setting = SETTINGS.find((s) => s === text);
  if (setting === undefined)
    throw new DataError(
      `row ${row} has the unknown setting ${JSON.stringify(text)}; known are ${SETTINGS.join(", ")}`,
      {
        path,
      },
    );
  return setting;
}
