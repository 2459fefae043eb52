import { CellStore } from "./cells/store.ts";
import { type EncoderFile, readEncoder } from "./encode/encoder-file.ts";
import { InUseError, isCellswapError } from "./errors.ts";
import { PairGrid } from "./evaluate/grid.ts";
import { stratifiedPairs } from "./evaluate/split.ts";
import { type EncoderTarget, type Extraction, extract, tryEncoder } from "./features/extract.ts";
import { makeFolder, writeError } from "./files/atomic.ts";
import { sha256File } from "./files/hash.ts";
import { takeLock } from "./files/lock.ts";
import type { ReportData } from "./report/data.ts";
import { listBlocks, PlanIndex } from "./study/block.ts";
import { evaluateBlocks } from "./study/blocks.ts";
import { checkEncoders, outputNames } from "./study/encoders.ts";
import { StudyLayout } from "./study/layout.ts";
import { studyPlan } from "./study/plan.ts";
import { OpenFolder, readRecord, type StudyRecord } from "./study/record.ts";
import { fitProbes, planHash, writeResults } from "./study/results.ts";
import { scalesKey, studyScales, writeScales } from "./study/scales.ts";
import { type FittedStudy, fitToCells, type Study } from "./study/schema.ts";
import { selectCells } from "./study/select.ts";
import { planFiles, writePlan } from "./swap/plan-file.ts";

/** Where a run is: its stage, how much of it is done. */
export type StudyProgress = (stage: "composites" | "pairs", done: number, total: number) => void;

export interface StudyOptions {
  /** Study folder to make or go on with. */
  readonly out: string;
  /** Threads; one per core by default. */
  readonly workers?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: StudyProgress;
  /** Replace what an earlier study left in the folder, features included. */
  readonly force?: boolean;
}

/** What a run did. */
export interface StudyRun {
  readonly report: ReportData;
  /** Composites that had to be made; the features of all others were there. */
  readonly composites: number;
}

/**
 * Runs a study: selection, swap plan, intensity scales, composites through every encoder, pairwise probes, tables and
 * report. Every stage is known by a key of exactly what it depends on: what an earlier run left in the folder, whatever
 * its other choices, is used where its key still fits, and a run that was killed goes on.
 * @throws CellswapError naming the file and the remedy; InUseError where another run has the folder.
 */
export async function runStudy(given: Study, options: StudyOptions): Promise<StudyRun> {
  const { out, workers, force = false } = options;
  const store = await CellStore.open(given.cells);
  const study = fitToCells(given, store);
  let folder: OpenFolder | undefined;
  let grid: PairGrid | undefined;
  let extraction: Extraction | undefined;
  try {
    // What can be wrong with the inputs is found before anything is written.
    const encoders = study.encoders.map(readEncoder);
    checkEncoders(encoders);
    const selection = selectCells(store.cells, study, store.verdicts);
    const plan = await studyPlan(store, study, selection);
    const { scales, key } = scalesOf(study, store, plan, force ? null : out);
    const targets: EncoderTarget[] = [];
    for (const encoder of encoders)
      targets.push({
        encoder,
        names: outputNames(encoder),
        dimensions: await tryEncoder(encoder, store),
      });
    folder = OpenFolder.open(
      out,
      { crops: store.header.hashes["crops.npy"], study: choicesOf(study), encoders: modelsOf(encoders) },
      force,
    );
    const { layout, lost } = folder;
    const signal = options.signal === undefined ? lost : AbortSignal.any([options.signal, lost]);
    folder.stage("plan", planHash(plan), planFiles(layout.plan, plan), () =>
      writePlan(layout.plan, plan, { ...store.cells, classOf: selection.classOf }),
    );
    const keepScales = () => writeScales(layout.scales, scales, store.channels);
    folder.stage("scales", key, [], keepScales);
    // The same bytes again, unless they were damaged from outside.
    keepScales();
    extraction = await withFeatures(study, layout, (features, shared) =>
      extract(
        { store, plan, scales, composite: study.composite, encoders: targets, folder: features, shared },
        {
          ...(workers === undefined ? {} : { workers }),
          signal,
          onProgress: (done, total) => options.onProgress?.("composites", done, total),
        },
      ),
    );
    const { sets, composites } = extraction;
    const index = new PlanIndex(plan);
    const results = await evaluateBlocks({
      layout,
      sets,
      blocks: listBlocks(study.settings, study.backgrounds ?? selection.classes),
      classes: selection.classes,
      rows: selection.rows,
      index,
      splits: stratifiedPairs(
        selection.rows.map((list) => list.length),
        study.folds,
        selection.classes,
      ),
      grid: () => (grid ??= new PairGrid(workers)),
      signal,
      onProgress: (done, total) => options.onProgress?.("pairs", done, total),
    });
    const outputs = targets
      .flatMap(({ encoder, names }) => names.map(() => encoder))
      .map((encoder, s) => ({ encoder, set: sets[s] }));
    const finished = { study, store, selection, plan, index, scales, outputs, results, layout };
    await fitProbes(finished, signal);
    return { report: writeResults(finished), composites };
  } catch (error) {
    if (folder?.lost.aborted && isCellswapError(error))
      throw new InUseError(
        "was taken over by another run, as this one had not answered for minutes; wait for that run, then start again",
        { path: out, cause: error },
      );
    throw error;
  } finally {
    await grid?.dispose();
    for (const set of extraction?.sets ?? []) set.close();
    store.close();
    folder?.close();
  }
}

/** The scales, and their key: measured, or as an earlier run left them under the same key. */
function scalesOf(
  study: FittedStudy,
  store: CellStore,
  plan: Parameters<typeof studyScales>[2],
  out: string | null,
) {
  const key = scalesKey(store, study.composite);
  const layout = out === null ? null : new StudyLayout(out);
  let kept: string | null = null;
  try {
    if (layout !== null && readRecord(layout.path).stages.scales === key) kept = layout.scales;
  } catch (error) {
    // A folder that is none is told when it is opened.
    if (!isCellswapError(error)) throw error;
  }
  return { key, scales: studyScales(store, study.composite, plan, kept) };
}

/** Runs `work` on the folder of the features; one that studies share is locked meanwhile. */
async function withFeatures<T>(
  study: Study,
  layout: StudyLayout,
  work: (folder: string, shared: boolean) => Promise<T>,
): Promise<T> {
  if (study.features === undefined) return work(layout.features, false);
  try {
    makeFolder(study.features);
  } catch (cause) {
    throw writeError(study.features, cause);
  }
  const lock = takeLock(study.features);
  try {
    return await work(study.features, true);
  } finally {
    lock.release();
  }
}

/** The choices of a study as its record shows them; files by their content. */
function choicesOf(study: Study): StudyRecord["study"] {
  const { cells: _cells, encoders: _encoders, features: _features, plan, cellList, ...choices } = study;
  return {
    ...choices,
    ...(plan === undefined ? {} : { plan: sha256File(plan) }),
    ...(cellList === undefined ? {} : { cellList: sha256File(cellList) }),
  };
}

function modelsOf(encoders: readonly EncoderFile[]): StudyRecord["encoders"] {
  return Object.fromEntries(
    encoders.map(({ description, sha256 }) => {
      const { name, input, preprocess, outputs } = description;
      return [name, { model: sha256, input, preprocess, outputs }];
    }),
  );
}
