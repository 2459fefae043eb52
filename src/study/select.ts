import { addTo } from "../core/group.ts";
import { mulberry32, namedSeed, shuffle } from "../core/rng.ts";
import { DataError, StudyError } from "../errors.ts";
import { readText } from "../files/text.ts";
import { LIFTABLE } from "../masks/verdict.ts";
import type { Cells } from "../types.ts";
import type { Study } from "./schema.ts";

/** The cells that a study uses. */
export interface Selection {
  /** Class names, sorted. */
  readonly classes: readonly string[];
  /** Class of every row of the store, -1 where the cell is not used. */
  readonly classOf: Int16Array;
  /** Rows of every class in the order in which they are classified. */
  readonly rows: readonly Int32Array[];
  /** Rows of proteins with several localizations, ascending; empty where the class is not the localization. */
  readonly multiple: Int32Array;
  /** Cells left out by reason. */
  readonly leftOut: Readonly<Record<string, number>>;
}

/** Chooses the cells of a study. @throws StudyError naming the class, column or id that does not fit. */
export function selectCells(cells: Cells, study: Study, verdicts: readonly string[] | null): Selection {
  const labels = metadataColumn(cells, study.class, "class");
  if (study.batch !== undefined) metadataColumn(cells, study.batch, "batch");
  const usable = (row: number) => study.keepRejected || cells.usable[row] === 1;
  const leftOut: Record<string, number> = {};
  const count = (reason: string) => (leftOut[reason] = (leftOut[reason] ?? 0) + 1);
  const byClass = new Map<string, number[]>();
  const multiple: number[] = [];
  const order = study.cellList === undefined ? null : listedRows(cells, study.cellList);
  for (const row of order ?? cells.id.keys()) {
    const label = labels[row];
    if (!usable(row)) count(`mask: ${verdicts?.[row] ?? "failed"}`);
    else if (label === null || label === "") count(`no ${study.class.toLowerCase()}`);
    else if (study.class === "Localization" && label.includes("|")) {
      if (cells.protein === null) count("several localizations, and no protein to give their proportions of");
      else multiple.push(row);
    } else if (study.classes !== undefined && !study.classes.includes(label)) count("class not in the study");
    else addTo(byClass, label, row);
  }
  const total = order?.length ?? cells.count;
  const reasons = Object.entries(leftOut).filter(([reason]) => reason.startsWith("mask: "));
  if (total > 0 && reasons.reduce((sum, [, n]) => sum + n, 0) === total) {
    const whys = new Set(reasons.flatMap(([reason]) => reason.slice(6).split(";")));
    const liftable = LIFTABLE.filter((why) => whys.has(why)).map((why) => `"${why}"`);
    throw new StudyError(
      `none of the ${total} cells has a usable mask (${reasons.map(([reason, n]) => `${reason.slice(6)} ${n}`).join(", ")}); ${liftable.length > 0 ? `set "allow": [${liftable.join(", ")}] where the masks are right, or ` : ""}segment them again`,
    );
  }
  const classes = [...byClass.keys()].sort(byName);
  for (const wanted of study.classes ?? [])
    if (!byClass.has(wanted))
      throw new StudyError(
        `class ${wanted} has no usable cells in ${study.cells} (column Metadata_${study.class} has ${classes.join(", ") || "none"})`,
      );
  if (classes.length < 2)
    throw new StudyError(
      classes.length === 0
        ? `no usable cell has a value in Metadata_${study.class}; give labels with \`cellswap import --labels\`, or set "class" to another column, for instance "Protein"`
        : `there is only one class (${classes[0]}) in Metadata_${study.class}; two or more are needed to tell them apart`,
    );
  for (const wanted of study.backgrounds ?? [])
    if (!byClass.has(wanted))
      throw new StudyError(`background ${wanted} is not a class of the study (${classes.join(", ")})`);
  const classOf = new Int16Array(cells.count).fill(-1);
  const rows = classes.map((name, c) => {
    const all = byClass.get(name)!;
    const n = Math.min(study.cellsPerClass, all.length);
    const { folds = 5 } = study;
    if (study.split === "stratified" && study.cellsPerClass < folds)
      throw new StudyError(
        `"cellsPerClass" is ${study.cellsPerClass}, fewer than the ${folds} folds; raise it or lower "folds"`,
      );
    if (study.split === "stratified" && n < folds)
      throw new StudyError(
        `class ${name} has ${n} usable cells, fewer than the ${folds} folds; add cells, leave the class out ("classes") or lower "folds"`,
      );
    const picked =
      study.pick === "fields" && order === null
        ? dealtFromFields(all, cells, study.seed).slice(0, n).sort()
        : Int32Array.from({ length: n }, (_, k) =>
            study.pick === "first" || order !== null ? all[k] : all[Math.floor((k * all.length) / n)],
          );
    if (all.length > n) leftOut["over cellsPerClass"] = (leftOut["over cellsPerClass"] ?? 0) + all.length - n;
    for (const row of picked) classOf[row] = c;
    return picked;
  });
  return { classes, classOf, rows, multiple: Int32Array.from(multiple).sort(), leftOut };
}

/** All of the rows: fields give one cell in turn until they have no more, each in an order drawn by the seed. */
export function dealtFromFields(rows: Iterable<number>, cells: Cells, seed: number): Int32Array {
  const fields = new Map<string, number[]>();
  let count = 0;
  for (const row of rows) {
    addTo(fields, cells.field[row], row);
    count++;
  }
  for (const [name, list] of fields) shuffle(list, mulberry32(namedSeed(seed, "cells", name)));
  const dealt: number[] = [];
  for (let turn = 0; dealt.length < count; turn++)
    for (const list of fields.values()) if (turn < list.length) dealt.push(list[turn]);
  return Int32Array.from(dealt);
}

/** Alphabetical whatever the case, so that ER stands behind endosome. */
function byName(a: string, b: string): number {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  return x < y || (x === y && a < b) ? -1 : 1;
}

/**
 * A metadata column as text; `key` of the study file names it.
 * @throws StudyError for a column that the cells do not have
 */
export function metadataColumn(cells: Cells, name: string, key: string): readonly (string | null)[] {
  const column = cells.metadata.columns.get(`Metadata_${name}`);
  if (column === undefined) {
    const known = [...cells.metadata.columns.keys()].map((c) => c.replace(/^Metadata_/, ""));
    throw new StudyError(`"${key}" names the column ${name}; the cells have ${known.join(", ")}`);
  }
  if (!ArrayBuffer.isView(column)) return column;
  return Array.from(column as ArrayLike<unknown>, (v) => (v === null || Number.isNaN(v) ? null : String(v)));
}

/** Rows of the cells in a list of ids, in its order. @throws DataError naming the line that is wrong */
export function listedRows(cells: Cells, path: string): number[] {
  const text = readText(path);
  const rowOf = new Map(cells.id.map((id, row) => [id, row]));
  const seen = new Set<string>();
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((id, i) => {
      const row = rowOf.get(id);
      if (row === undefined)
        throw new DataError(
          `line ${i + 1} is not the id of a cell in the store; "cellList" names a text file with one cell id per line`,
          { path },
        );
      if (seen.has(id))
        throw new DataError(`line ${i + 1}: cell ${id} is there twice; name each once`, { path });
      seen.add(id);
      return row;
    });
}
