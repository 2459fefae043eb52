import { existsSync } from "node:fs";
import { join } from "node:path";
import { CellStore, storeHash } from "./cells/store.ts";
import { type EncoderFile, readEncoder } from "./encode/encoder-file.ts";
import { StudyError } from "./errors.ts";
import { PairGrid } from "./evaluate/grid.ts";
import { extract } from "./features/extract.ts";
import { sha256File } from "./files/hash.ts";
import { readCsv } from "./files/table.ts";
import type { ReportData } from "./report/data.ts";
import { type BlockResult, evaluateBlock, listBlocks, PlanIndex } from "./study/blocks.ts";
import { openStudyFolder } from "./study/folder.ts";
import { studyPlan } from "./study/plan.ts";
import { writeResults } from "./study/results.ts";
import type { Study } from "./study/schema.ts";
import { selectCells } from "./study/select.ts";
import { groupOf, measureScales } from "./swap/intensity.ts";
import { writePlan } from "./swap/plan-file.ts";

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
  const store = await CellStore.open(study.cells);
  const encoders = study.encoders.map(readEncoder);
  const release = openFolder(study, store, encoders, options);
  const grid = new PairGrid(options.workers);
  try {
    const selection = selectCells(store.cells, study, verdicts(store));
    const plan = await studyPlan(store, study, selection);
    if (!existsSync(join(options.out, "plan.parquet")))
      await writePlan(join(options.out, "plan"), plan, store.cells);
    const scales = measureScales(store, study.composite, groupOf(store.cells, study.composite.intensity));
    const targets = encoders.map((encoder) => ({ encoder, paths: featurePaths(options.out, encoder) }));
    const dimensions = await extract(
      { cells: study.cells, shape: store, plan, scales, composite: study.composite, encoders: targets },
      {
        ...(options.workers === undefined ? {} : { workers: options.workers }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        onProgress: (done, total) => options.onProgress?.("composites", done, total),
      },
    );
    const index = new PlanIndex(plan);
    const featureSets = targets.flatMap(({ encoder, paths }, e) =>
      paths.map((path, o) => ({ name: outputName(encoder, o), encoder, path, dimension: dimensions[e][o] })),
    );
    const blocks = listBlocks(study.settings, study.backgrounds ?? selection.classes);
    const results: BlockResult[] = [];
    for (const { name, path } of featureSets)
      for (const block of blocks) {
        options.onProgress?.("pairs", results.length, featureSets.length * blocks.length);
        results.push(
          await evaluateBlock({
            folder: options.out,
            encoder: name,
            featurePath: path,
            block,
            classes: selection.classes,
            rows: selection.rows,
            index,
            folds: study.folds,
            grid,
            signal: options.signal,
          }),
        );
      }
    options.onProgress?.("pairs", results.length, results.length);
    return writeResults({
      study,
      store,
      selection,
      plan,
      index,
      scales,
      featureSets,
      results,
      out: options.out,
    });
  } finally {
    grid.dispose();
    store.close();
    release();
  }
}

/** Name of an encoder's output in tables: the encoder's, with the layer behind it where there are several outputs. */
export function outputName({ description }: EncoderFile, output: number): string {
  const { layer, output: name } = description.outputs[output];
  return description.outputs.length === 1 ? description.name : `${description.name}.${layer ?? name}`;
}

function featurePaths(out: string, encoder: EncoderFile): string[] {
  return encoder.description.outputs.map((_, o) => join(out, "features", `${outputName(encoder, o)}.npy`));
}

function verdicts(store: CellStore): readonly string[] | null {
  return store.masks === "none"
    ? null
    : (readCsv(join(store.path, "quality.csv")).get("Quality_Verdict") ?? null);
}

/** Checks the folder against everything the results depend on and takes it. */
function openFolder(
  study: Study,
  store: CellStore,
  encoders: readonly EncoderFile[],
  { out, fresh }: StudyOptions,
): () => void {
  const names = encoders.map((e) => e.description.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new StudyError(`two encoders are called ${twice}; rename one in its description`);
  const {
    cells: _cells,
    encoders: _encoders,
    title: _title,
    aggregation: _aggregation,
    plan,
    cellList,
    ...choices
  } = study;
  const inputs = {
    cells: storeHash(store.manifest),
    ...choices,
    ...(plan === undefined ? {} : { plan: sha256File(plan) }),
    ...(cellList === undefined ? {} : { cellList: sha256File(cellList) }),
  };
  const models = Object.fromEntries(
    encoders.map(({ description, sha256 }) => {
      const { input, preprocess, outputs } = description;
      return [description.name, { model: sha256, input, preprocess, outputs }];
    }),
  );
  return openStudyFolder(out, inputs, models, fresh);
}
