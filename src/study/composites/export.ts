import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { CellStore } from "../../cells/store.ts";
import { share } from "../../core/share.ts";
import { StudyError } from "../../errors.ts";
import { batchRows, sharedOut } from "../../features/encoding.ts";
import { encodingOrder } from "../../features/order.ts";
import { namedAfter } from "../../files/atomic.ts";
import { usableCores, usableMemory } from "../../files/machine.ts";
import { Pool } from "../../files/pool.ts";
import { hashFile } from "../../files/state.ts";
import { sharePlan } from "../../swap/plan.ts";
import { planFiles, writePlan } from "../../swap/plan-file.ts";
import type { Flag } from "../../types.ts";
import { version } from "../../version.ts";
import { PlanIndex } from "../block.ts";
import { LIMIT_HOURS } from "../cost/limit.ts";
import { drawStudyCells } from "../draw/drawn-store.ts";
import { allowedSettings, foldsOf, studyGroups } from "../groups.ts";
import { hopeless, studySize } from "../guards/size.ts";
import { surveyOf } from "../guards/survey.ts";
import { cropFindings, Findings, planFindings } from "../guards.ts";
import { studyPlan } from "../plan.ts";
import { studyScales } from "../scales.ts";
import { fitToCells, type Study } from "../schema.ts";
import { selectCells } from "../select.ts";
import { type ArrayFormat, type PlannedArray, planArray } from "./arrays.ts";
import type { ComposeSetup, ComposeTask } from "./compose-worker.ts";
import { checkExportPlace, checkRoom, ExportFolder } from "./folder.ts";
import { EXPORT_RECORD, type ExportRecord, exportHashes } from "./record.ts";

/** What will be written. */
export interface ExportSize {
  readonly rows: number;
  /** Of a composite: channels, height, width. */
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Bytes that the disk has free; null where it does not say. */
  readonly free: number | null;
}

export interface ExportOptions {
  /** Folder for the composites. */
  readonly out: string;
  readonly format?: ArrayFormat;
  /** Whether the center masks are written as well. */
  readonly masks?: boolean;
  /** Bytes of a .npy file at most; one file by default. */
  readonly partBytes?: number;
  /** Threads; one per usable core by default. */
  readonly workers?: number;
  readonly signal?: AbortSignal;
  /** Called before anything is written. */
  readonly onSize?: (size: ExportSize) => void;
  readonly onProgress?: (done: number, total: number) => void;
  /** Called with what the guards find, as it is found. */
  readonly onFlag?: (flag: Flag) => void;
}

/** What was written. */
export interface Exported extends Pick<ExportSize, "rows" | "shape" | "bytes"> {
  readonly out: string;
  /** Files in `out`. */
  readonly files: readonly string[];
}

/**
 * Writes the composites of a study for models that run elsewhere: exactly those that a run encodes, row by row of its swap
 * plan, which is written beside them with `composites.json`, by which features of them are checked later. An earlier
 * export in the folder is replaced when the new one is complete; other files stay.
 * @throws CellswapError naming the file and the remedy, where the disk has too little room as well; InUseError where
 * another export has the folder; InterruptedError after `signal`. What was there before is then as it was.
 */
export async function exportComposites(asked: Study, options: ExportOptions): Promise<Exported> {
  const { out, format = "npy", masks = false, signal } = options;
  checkExportPlace(out);
  const { study: given, note } = await drawStudyCells(asked, { workers: options.workers, signal });
  const store = await CellStore.open(given.cells, given.allow);
  try {
    const wanted = fitToCells(given, store);
    const findings = new Findings(options.onFlag);
    findings.add(note);
    const selection = selectCells(store.cells, wanted, store.verdicts);
    const split = studyGroups(store.cells, wanted, selection);
    const study = allowedSettings(wanted, split);
    // What no machine gets done is not even planned.
    const size = studySize(
      { ...study, folds: foldsOf(study, split) },
      selection,
      1,
      study.plan === undefined ? null : 0,
    );
    const machine = { limit: LIMIT_HOURS, workers: usableCores(), memory: usableMemory() };
    findings.add(hopeless({ ...size, fits: 0 }, { ...machine, counted: "exact" }));
    const plan = await studyPlan(store, study, selection, split);
    const { composite } = study;
    findings.add(...planFindings(study, selection, new PlanIndex(plan), store.cells, store.verdicts));
    const scales = studyScales(store, composite, plan, { kept: null });
    const { survey } = surveyOf(study, store, plan, scales, selection, null);
    findings.add(...cropFindings(survey, study, plan, scales, store.channels));
    if (masks && store.masks === "none")
      throw new StudyError(
        "the cells have no masks; make them with `cellswap segment`, or leave out --masks",
      );

    const { channels, height, width } = store;
    const shape = [channels.length, height, width];
    const bytes = plan.count * height * width * (4 * channels.length + (masks ? 1 : 0));
    options.onSize?.({ rows: plan.count, shape, bytes, free: checkRoom(out, bytes) });
    const folder = ExportFolder.open(out);
    try {
      const make = (name: string, type: "float32" | "uint8", row: readonly number[]) =>
        planArray(folder.staging, {
          name,
          type,
          row,
          rows: plan.count,
          format,
          partBytes: options.partBytes,
        });
      const pixels = await make("composites", "float32", shape);
      const labels = masks ? await make("masks", "uint8", [height, width]) : null;
      await compose(
        { pixels, labels, store, plan, scales, composite },
        options,
        AbortSignal.any([...(signal === undefined ? [] : [signal]), folder.lost]),
      );
      writePlan(join(folder.staging, "plan"), plan, { ...store.cells, classOf: selection.classOf });
      const files = [...pixels.files, ...(labels?.files ?? [])].map(({ file }) => file);
      const beside = planFiles("plan", plan);
      const record: ExportRecord = {
        format: "cellswap-composites",
        version: 2,
        cellswap: version,
        ...exportHashes({ store, plan, scales, composite }),
        rows: plan.count,
        channels: [...channels],
        height,
        width,
        arrays: format,
        composites: [...pixels.files],
        masks: labels === null ? null : [...labels.files],
        hashes: await hashesIn(folder.staging, signal),
      };
      folder.finish([...files, ...beside], record);
      return { out, rows: plan.count, shape, bytes, files: [...files, ...beside, EXPORT_RECORD] };
    } catch (error) {
      throw namedAfter(error, folder.staging, out);
    } finally {
      folder.close();
    }
  } finally {
    store.close();
  }
}

/** SHA-256 of every file in a folder, and in those in it, by path. */
async function hashesIn(folder: string, signal: AbortSignal | undefined): Promise<ExportRecord["hashes"]> {
  const hashes: Record<string, string> = {};
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
  for (const path of paths.sort())
    hashes[relative(folder, path).replaceAll("\\", "/")] = (await hashFile(path, { signal })).sha256;
  return hashes;
}

interface Composing extends Omit<ComposeSetup, "cells" | "order" | "batch" | "pixels" | "labels"> {
  readonly store: CellStore;
  readonly pixels: PlannedArray;
  readonly labels: PlannedArray | null;
}

/** Makes the composites in an order that uses every donor's fill at once, one worker thread per core. */
async function compose(
  { store, plan, scales, composite, pixels, labels }: Composing,
  { workers = usableCores(), onProgress }: ExportOptions,
  signal: AbortSignal,
): Promise<void> {
  const batch = batchRows(store);
  const tasks = Array.from({ length: Math.ceil(plan.count / batch) }, (_, b): ComposeTask => ({ batch: b }));
  const init: ComposeSetup = {
    cells: store.checked,
    plan: sharePlan(plan),
    scales,
    composite,
    order: share(encodingOrder(plan)),
    batch,
    pixels: pixels.rows,
    labels: labels?.rows ?? null,
  };
  const pool = new Pool<ComposeTask, number>({
    base: import.meta.url,
    module: "compose-worker",
    init,
    threads: Math.min(workers, tasks.length),
    work: "export",
  });
  let done = 0;
  onProgress?.(0, plan.count);
  try {
    await pool.each(tasks, (rows) => onProgress?.((done += rows), plan.count), {
      take: sharedOut(tasks.length, pool.threads),
      signal,
      stopped: "stopped before all composites were made; nothing of them is left",
    });
  } finally {
    await pool.dispose();
  }
}
