import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { readHeader } from "./cells/store.ts";
import { bundledEncoders } from "./encode/bundled.ts";
import { StudyError } from "./errors.ts";
import { writeFileAtomic } from "./files/atomic.ts";
import type { DatasetOptions } from "./simulate/dataset.ts";
import { writeSimulatedCells } from "./simulate/write-cells.ts";
import { readStudyFile } from "./study/schema.ts";
import { runStudy, type StudyProgress, type StudyRun } from "./study.ts";

/** The two demos: cells of each localization, encoders, and the classes that lend backgrounds. */
export const DEMOS = {
  full: {
    cells: 60,
    encoders: /./,
    backgrounds: ["bud neck", "cytoplasm", "mitochondrion", "nucleus", "vacuole"],
  },
  quick: { cells: 24, encoders: /^deeploc/, backgrounds: ["cytoplasm", "mitochondrion", "nucleus"] },
} as const;

/** Seed of the simulated fields where none is given. */
export const DEMO_SEED = 7;
const PROTEINS = 2;
const FIELDS = 3;
/** Seed of the fields that the bundled encoders were trained on; the demo draws others. */
const TRAINING_SEED = 1;
/** What makes a folder a demo's: the data set of its cells, null while they are drawn. */
const MARK = "demo.json";

/** Where a demo is: it draws cells, then runs a study. */
export type DemoProgress = (
  stage: "cells" | Parameters<StudyProgress>[0],
  done: number,
  total: number,
) => void;

export interface DemoOptions {
  /** Fewer cells and backgrounds, one encoder and its twin. */
  readonly quick?: boolean | undefined;
  /** Cells of each localization, 10 or more. */
  readonly cells?: number | undefined;
  /** Names the simulated fields; not that of the fields that the encoders were trained on (1). */
  readonly seed?: number | undefined;
  /** Threads; one per core by default. */
  readonly workers?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For the head of the report, `2026-11-25`. */
  readonly date?: string | undefined;
  readonly onProgress?: DemoProgress | undefined;
}

export interface Demo {
  /** Folder of the cell store. */
  readonly cells: string;
  /** Study file, to start one's own from. */
  readonly study: string;
  /** Study folder, with the report. */
  readonly out: string;
  readonly run: StudyRun;
}

/**
 * Simulates fields of yeast with 15 localizations and runs a study of the bundled encoders on them. The folder then
 * holds `cells`, `study.json` and `study`, the study folder; those of the quick demo stand in a folder `quick` of its
 * own. Cells of the same options are used again.
 * @throws StudyError where `out` holds other things or `seed` is that of the training; as {@link runStudy}.
 */
export async function runDemo(out: string, options: DemoOptions = {}): Promise<Demo> {
  const { quick = false, workers, signal, onProgress } = options;
  const scale = DEMOS[quick ? "quick" : "full"];
  const { cells = scale.cells, seed = DEMO_SEED } = options;
  if (seed === TRAINING_SEED)
    throw new StudyError(
      `seed ${seed} names the fields that the bundled encoders were trained on; give another`,
    );
  if (!Number.isInteger(cells) || cells < 10)
    throw new StudyError(`${cells} cells of each localization are too few for the demo; give 10 or more`);
  checkFolder(out);
  const folder = quick ? join(out, "quick") : out;
  const demo = {
    cells: join(folder, "cells"),
    study: join(folder, "study.json"),
    out: join(folder, "study"),
  };
  const dataset: DatasetOptions = {
    seed,
    proteinsPerLocalization: PROTEINS,
    cellsPerProtein: Math.ceil(cells / PROTEINS),
    fieldsPerProtein: FIELDS,
  };
  const mark = join(folder, MARK);
  if (!holds(mark, dataset)) {
    writeFileAtomic(mark, "null\n");
    // A study of other cells.
    rmSync(demo.out, { recursive: true, force: true });
    await writeSimulatedCells(demo.cells, dataset, {
      signal,
      onProgress: (done, total) => onProgress?.("cells", done, total),
    });
    writeFileAtomic(mark, `${JSON.stringify(dataset)}\n`);
  }
  readHeader(demo.cells);
  writeFileAtomic(demo.study, `${JSON.stringify(studyFile(folder, scale), null, 2)}\n`);
  const run = await runStudy(readStudyFile(demo.study), {
    out: demo.out,
    ...(options.date === undefined ? {} : { date: options.date }),
    command: quick ? "cellswap demo --quick" : "cellswap demo",
    ...(workers === undefined ? {} : { workers }),
    ...(signal === undefined ? {} : { signal }),
    onProgress: (...progress) => onProgress?.(...progress),
  });
  return { ...demo, run };
}

function studyFile(folder: string, scale: (typeof DEMOS)[keyof typeof DEMOS]): Record<string, unknown> {
  const schema = resolve(import.meta.dirname, "../schema/study.schema.json");
  return {
    $schema: relative(folder, schema).replaceAll("\\", "/"),
    title: "Demo: simulated yeast, 15 localizations",
    cells: "cells",
    encoders: [...bundledEncoders().keys()].filter((name) => scale.encoders.test(name)),
    preset: "recommended",
    backgrounds: scale.backgrounds,
  };
}

/** @throws StudyError where the folder holds something and no demo. */
function checkFolder(out: string): void {
  if (!existsSync(out) || [MARK, join("quick", MARK)].some((mark) => existsSync(join(out, mark)))) return;
  if (readdirSync(out).length > 0)
    throw new StudyError("is not empty and holds no demo; choose another --out", { path: out });
}

function holds(mark: string, dataset: DatasetOptions): boolean {
  return existsSync(mark) && readFileSync(mark, "utf8") === `${JSON.stringify(dataset)}\n`;
}
