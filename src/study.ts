import { existsSync } from "node:fs";
import { join } from "node:path";
import { CellStore, storeHash } from "./cells/store.ts";
import { type EncoderFile, readEncoder } from "./encode/encoder-file.ts";
import { PairGrid } from "./evaluate/grid.ts";
import { stratifiedPairs } from "./evaluate/split.ts";
import { type EncoderTarget, extract, tryEncoder } from "./features/extract.ts";
import { sha256File } from "./files/hash.ts";
import type { ReportData } from "./report/data.ts";
import { evaluateBlocks, listBlocks, PlanIndex } from "./study/blocks.ts";
import { checkEncoders, featurePaths, outputName } from "./study/encoders.ts";
import { openStudyFolder } from "./study/folder.ts";
import { studyPlan } from "./study/plan.ts";
import { fitProbes, writeResults } from "./study/results.ts";
import { studyScales, writeScales } from "./study/scales.ts";
import type { Study } from "./study/schema.ts";
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
  /** Replace a study of other inputs. */
  readonly fresh?: boolean;
}

/**
 * Runs a study: selection, swap plan, intensity scales, composites through every encoder, pairwise probes, tables and
 * report. What an earlier run of the same inputs left in the folder is used; a run that was killed goes on.
 * @returns the report's data.
 * @throws CellswapError naming the file and the remedy.
 */
export async function runStudy(study: Study, options: StudyOptions): Promise<ReportData> {
  const { out, workers, signal, fresh = false } = options;
  const store = await CellStore.open(study.cells);
  let release = () => {};
  let grid: PairGrid | undefined;
  try {
    // What can be wrong with the inputs is found before anything is written.
    const encoders = study.encoders.map(readEncoder);
    checkEncoders(encoders);
    const selection = selectCells(store.cells, study, store.verdicts);
    const plan = await studyPlan(store, study, selection);
    const scales = studyScales(store, study.composite, plan, fresh ? null : out);
    const targets: EncoderTarget[] = [];
    for (const encoder of encoders)
      targets.push({
        encoder,
        paths: featurePaths(out, encoder),
        dimensions: await tryEncoder(encoder, store),
      });
    release = openStudyFolder(out, inputsOf(study, store), modelsOf(encoders), fresh);
    if (planFiles(join(out, "plan"), plan).some((file) => !existsSync(file)))
      writePlan(join(out, "plan"), plan, store.cells);
    writeScales(out, scales, store.channels);
    await extract(
      { cells: study.cells, plan, scales, composite: study.composite, encoders: targets },
      {
        ...(workers === undefined ? {} : { workers }),
        ...(signal === undefined ? {} : { signal }),
        onProgress: (done, total) => options.onProgress?.("composites", done, total),
      },
    );
    const index = new PlanIndex(plan);
    const featureSets = targets.flatMap(({ encoder, paths, dimensions }) =>
      paths.map((path, o) => ({ name: outputName(encoder, o), encoder, path, dimension: dimensions[o] })),
    );
    const results = await evaluateBlocks({
      folder: out,
      sets: featureSets,
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
    const finished = { study, store, selection, plan, index, scales, featureSets, results, out };
    await fitProbes(finished, signal);
    return writeResults(finished);
  } finally {
    await grid?.dispose();
    store.close();
    release();
  }
}

/** Everything that composites and their classification depend on, but the encoders. */
function inputsOf(study: Study, store: CellStore): Record<string, unknown> {
  const { cells: _cells, encoders: _encoders, title: _title, aggregation: _aggregation, ...rest } = study;
  const { plan, cellList, composite, ...choices } = rest;
  return {
    cells: storeHash(store.header),
    channels: store.channels,
    ...choices,
    ...composite,
    ...(plan === undefined ? {} : { plan: sha256File(plan) }),
    ...(cellList === undefined ? {} : { cellList: sha256File(cellList) }),
  };
}

/** Everything that the features of each encoder depend on. */
function modelsOf(encoders: readonly EncoderFile[]): Record<string, unknown> {
  return Object.fromEntries(
    encoders.map(({ description, sha256 }) => {
      const { name, input, preprocess, outputs } = description;
      return [name, { model: sha256, input, preprocess, outputs }];
    }),
  );
}
