import { resolve } from "node:path";
import { DataError } from "../../errors.ts";
import type { Grouping } from "../../evidence/estimate.ts";
import type { Judgments } from "../../evidence/judgments.ts";
import type { Called, CalledBlock } from "../../evidence/predictions.ts";
import { type ViewStudy, viewStudySchema } from "../../explore/format.ts";
import { numbersOf, textOf } from "../../files/parquet/columns.ts";
import { ParquetFile } from "../../files/parquet/file.ts";
import { openSealed } from "../../files/sealed.ts";
import { hasDonor, hasSharedBackground } from "../../settings.ts";
import { runsOf } from "../../swap/runs.ts";
import { segmentsOf } from "../../swap/segments.ts";
import type { SwapPlan } from "../../types.ts";
import { type Block, PlanIndex } from "../block.ts";
import { type BlockResult, PAIRS, type PairResult } from "../blocks.ts";
import { judgmentsOf } from "../judge.ts";
import { StudyLayout } from "../layout.ts";
import { nameIn } from "../open-folder.ts";
import { AGAIN, readRecord, type StudyRecord } from "../record.ts";
import { checkFile, readChecked } from "../vouched.ts";

/** What two finished studies are compared by, read from a study folder; the cell store is not needed. */
export interface ComparedStudy {
  /** As it was given. */
  readonly path: string;
  readonly record: StudyRecord;
  readonly about: ViewStudy;
  readonly plan: SwapPlan;
  readonly index: PlanIndex;
  /** Id of every cell of the store. */
  readonly ids: readonly string[];
  /** Rows of the store by class, as they are classified. */
  readonly rows: readonly Int32Array[];
  /** Closed group and cluster of every row of the store. */
  readonly group: Int32Array;
  readonly cluster: Int32Array;
  readonly grouping: Grouping;
  readonly blocks: readonly Block[];
}

/**
 * Reads what a finished study judged, each file held to the study's record.
 * @throws DataError, StudyError for a folder that is none, not finished, damaged or of another version
 */
export async function readCompared(path: string): Promise<ComparedStudy> {
  const record = readRecord(path);
  const layout = new StudyLayout(path);
  const study = { path: resolve(path), record };
  const file = layout.view("study.json");
  const parsed = viewStudySchema.safeParse(JSON.parse(readChecked(study, file).toString("utf8")));
  if (!parsed.success)
    throw new DataError("is of another version of cellswap; run the study again", { path: file });
  const about = parsed.data;
  const opened = async (name: "cells.parquet" | "plan.parquet") => {
    checkFile(study, layout.view(name));
    return ParquetFile.open(layout.view(name));
  };
  const cells = await opened("cells.parquet");
  const [ids, names] = [await textOf(cells, "cell_id"), await textOf(cells, "class")];
  const [group, cluster, order] = await integers(cells, ["group", "cluster", "order"]);
  const plan = await planOf(await opened("plan.parquet"), about.classes);
  return {
    path,
    record,
    about,
    plan,
    index: new PlanIndex(plan),
    ids: ids as string[],
    rows: rowsOf(about.classes, names, order),
    group,
    cluster,
    grouping: { ...about.groups, unit: about.unit },
    blocks: blocksOf(plan),
  };
}

/** Encoders' outputs that pair probes judged. */
export function judgedEncoders({ path, record, about, blocks }: ComparedStudy): string[] {
  const layout = new StudyLayout(path);
  const has = (name: string) =>
    blocks.some((b) => record.files[nameIn(path, layout.block(name, b))] !== undefined);
  return about.encoders.map(({ name }) => name).filter(has);
}

/** Judgments of one encoder's pair probes on some blocks. @throws DataError where a stage's output is damaged */
export function judgedBy(of: ComparedStudy, encoder: string, blocks: readonly Block[]): Judgments {
  const { path, record, plan, index, about, rows, cluster } = of;
  const layout = new StudyLayout(path);
  const results = blocks.flatMap((block): BlockResult[] => {
    const file = layout.block(encoder, block);
    // A plan that was made elsewhere may have settings that the study does not ask for.
    if (record.files[nameIn(path, file)] === undefined) return [];
    const kept = openSealed(readChecked({ path: resolve(path), record }, file));
    const pairs = PAIRS.safeParse(kept?.value);
    if (!pairs.success) throw new DataError(`is not as the study wrote it; ${AGAIN}`, { path: file });
    return [{ encoder, ...block, pairs: kept!.value as PairResult[] }];
  });
  const selection = { classes: about.classes, rows };
  return judgmentsOf({ plan, index, selection, groups: { cluster } }, results);
}

/** What an encoder's probes that were trained on originals call the cells on some blocks; null where there are none. */
export async function calledBy(
  of: ComparedStudy,
  encoder: string,
  blocks: readonly Block[],
): Promise<Called | null> {
  const { path, record, about, index, plan, rows, cluster } = of;
  if (about.encoders.find((e) => e.name === encoder)?.predicted !== true) return null;
  const { classes } = about;
  const file = new StudyLayout(path).view("composites.parquet", encoder);
  checkFile({ path: resolve(path), record }, file);
  const [prediction] = await integers(await ParquetFile.open(file), ["prediction"]);
  return {
    classes,
    cluster: rows.map((list) => list.map((row) => cluster[row])),
    blocks: blocks.map((block): CalledBlock => {
      const found = classes.map((name, own) =>
        index.isOwn(block, name) ? null : index.rows(block, name, rows[own]),
      );
      const lends = hasDonor(block.setting);
      return {
        setting: block.setting,
        background: block.background === null ? -1 : classes.indexOf(block.background),
        donor: classes.map((name, own) =>
          lends ? (index.rows(block, name, rows[own])?.map((row) => cluster[plan.donor[row]]) ?? null) : null,
        ),
        cells: found.map((list) =>
          list === null ? null : { predicted: Int16Array.from(list, (row) => prediction[row]) },
        ),
      };
    }),
  };
}

async function planOf(file: ParquetFile, classes: readonly string[]): Promise<SwapPlan> {
  const [cell, setting, background, donor, medium] = await integers(file, [
    "cell",
    "setting",
    "background",
    "donor",
    "medium",
  ]);
  return {
    seed: null,
    count: cell.length,
    classes,
    cell,
    runs: runsOf(setting, background),
    donor,
    medium: { of: medium, key: null },
  };
}

async function integers(file: ParquetFile, columns: readonly string[]): Promise<Int32Array[]> {
  const out: Int32Array[] = [];
  for (const name of columns) out.push(Int32Array.from(await numbersOf(file, name)));
  return out;
}

/** Rows of the store by class, at their place. */
function rowsOf(
  classes: readonly string[],
  names: readonly (string | null)[],
  order: Int32Array,
): Int32Array[] {
  const lists = classes.map((): number[] => []);
  const at = new Map(classes.map((name, c) => [name, c]));
  order.forEach((place, row) => {
    if (place >= 0) lists[at.get(names[row]!)!][place] = row;
  });
  return lists.map((list) => Int32Array.from(list));
}

/** The blocks of a plan, in its order. */
function blocksOf(plan: SwapPlan): Block[] {
  const blocks = segmentsOf(plan).map(({ setting, background }) => ({
    setting,
    background: hasSharedBackground(setting) ? background : null,
  }));
  return blocks.filter(
    (b, i) => blocks.findIndex((o) => o.setting === b.setting && o.background === b.background) === i,
  );
}
