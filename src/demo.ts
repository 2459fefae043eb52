import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { readHeader } from "./cells/store.ts";
import { bundledEncoders } from "./encode/bundled.ts";
import { StudyError } from "./errors.ts";
import { isLeftPart, writeFileAtomic } from "./files/atomic.ts";
import type { DatasetOptions } from "./simulate/dataset.ts";
import { ORGANISM_NAMES, type OrganismName } from "./simulate/organism.ts";
import { ORGANISMS } from "./simulate/organisms.ts";
import { writeSimulatedCells } from "./simulate/write-cells.ts";
import type { StudyProgress } from "./study/prepare.ts";
import { readRecord } from "./study/record.ts";
import { readStudyFile } from "./study/schema.ts";
import { runStudy, type StudyRun } from "./study.ts";

/**
 * The demos of each organism, whole and quick: cells of each localization, encoders, and the classes that lend
 * backgrounds.
 */
export const DEMOS = {
  yeast: {
    title: "Demo: simulated yeast, 15 localizations",
    dataset: {},
    full: {
      cells: 60,
      encoders: /^(deeploc|pci|pifia)/,
      backgrounds: ["bud neck", "cytoplasm", "mitochondrion", "nucleus", "vacuole"],
    },
    quick: { cells: 24, encoders: /^deeploc/, backgrounds: ["cytoplasm", "mitochondrion", "nucleus"] },
  },
  human: {
    title: "Demo: simulated human cells, 13 localizations",
    // Fields that hold little more than the cells that are taken from them.
    dataset: { organism: "human", physics: { size: 384 } },
    full: {
      cells: 60,
      encoders: /^human/,
      backgrounds: ["Cytosol", "Golgi apparatus", "Mitochondria", "Nucleoplasm", "Plasma membrane"],
    },
    quick: { cells: 24, encoders: /^human/, backgrounds: ["Cytosol", "Mitochondria", "Nucleoplasm"] },
  },
} as const satisfies Record<OrganismName, unknown>;

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
  /** Whose cells; standard yeast. */
  readonly organism?: OrganismName | undefined;
  /** Fewer cells and backgrounds, one encoder and its twin. */
  readonly quick?: boolean | undefined;
  /** Cells of each localization, 10 or more. */
  readonly cells?: number | undefined;
  /** Names the simulated fields; not that of the fields that the encoders were trained on (1). */
  readonly seed?: number | undefined;
  /** Threads; one per usable core by default. */
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
 * Simulates fields of an organism and runs a study of the bundled encoders of its cells on them. The folder then holds
 * `cells`, `study.json` and `study`, the study folder; those of human cells stand in a folder `human` of their own, and
 * those of the quick demo in a folder `quick` there. Cells of the same options are used again.
 * @throws StudyError where `out` holds other things or `seed` is that of the training; as {@link runStudy}.
 */
export async function runDemo(out: string, options: DemoOptions = {}): Promise<Demo> {
  const { organism = "yeast", quick = false, workers, signal, onProgress } = options;
  const scale = DEMOS[organism][quick ? "quick" : "full"];
  const { cells = scale.cells, seed = DEMO_SEED } = options;
  if (seed === TRAINING_SEED)
    throw new StudyError(
      `seed ${seed} names the fields that the bundled encoders were trained on; give another`,
    );
  if (!Number.isInteger(cells) || cells < 10)
    throw new StudyError(`${cells} cells of each localization are too few for the demo; give 10 or more`);
  checkFolder(out);
  const folder = join(out, ...places(organism, quick));
  const demo = {
    cells: join(folder, "cells"),
    study: join(folder, "study.json"),
    out: join(folder, "study"),
  };
  const dataset: DatasetOptions = {
    ...DEMOS[organism].dataset,
    seed,
    proteinsPerLocalization: PROTEINS,
    cellsPerProtein: Math.ceil(cells / PROTEINS),
    fieldsPerProtein: FIELDS,
  };
  const mark = join(folder, MARK);
  if (!holds(mark, dataset)) {
    writeFileAtomic(mark, "null\n");
    await writeSimulatedCells(demo.cells, dataset, {
      signal,
      onProgress: (done, total) => onProgress?.("cells", done, total),
    });
    writeFileAtomic(mark, `${JSON.stringify(dataset)}\n`);
  }
  const { hashes } = readHeader(demo.cells);
  writeFileAtomic(demo.study, `${JSON.stringify(studyFile(folder, organism, quick), null, 2)}\n`);
  const run = await runStudy(readStudyFile(demo.study), {
    out: demo.out,
    force: isOfOthers(demo.out, hashes["crops.npy"]),
    ...(options.date === undefined ? {} : { date: options.date }),
    command: `cellswap demo${organism === "yeast" ? "" : ` --organism ${organism}`}${quick ? " --quick" : ""}`,
    ...(workers === undefined ? {} : { workers }),
    ...(signal === undefined ? {} : { signal }),
    onProgress: (...progress) => onProgress?.(...progress),
  });
  return { ...demo, run };
}

function studyFile(folder: string, organism: OrganismName, quick: boolean): Record<string, unknown> {
  const schema = resolve(import.meta.dirname, "../schema/study.schema.json");
  const { allowed } = ORGANISMS[organism];
  const scale = DEMOS[organism][quick ? "quick" : "full"];
  return {
    $schema: relative(folder, schema).replaceAll("\\", "/"),
    title: DEMOS[organism].title,
    cells: "cells",
    encoders: [...bundledEncoders().keys()].filter((name) => scale.encoders.test(name)),
    preset: "recommended",
    backgrounds: scale.backgrounds,
    ...(allowed.length === 0 ? {} : { allow: allowed }),
  };
}

/** Folders of a demo in that of all. */
function places(organism: OrganismName, quick: boolean): string[] {
  return [...(organism === "yeast" ? [] : [organism]), ...(quick ? ["quick"] : [])];
}

/** @throws StudyError where the folder holds something and no demo. */
function checkFolder(out: string): void {
  const marks = ORGANISM_NAMES.flatMap((name) =>
    [true, false].map((quick) => join(...places(name, quick), MARK)),
  );
  if (!existsSync(out) || marks.some((mark) => existsSync(join(out, mark)))) return;
  if (!isEmpty(out))
    throw new StudyError("is not empty and holds no demo; choose another --out", { path: out });
}

/** Whether a folder holds at most what a demo leaves that was killed as it began. */
function isEmpty(folder: string): boolean {
  return readdirSync(folder, { withFileTypes: true }).every((entry) => {
    const path = join(folder, entry.name);
    const within = entry.isDirectory() && /^(?:human|quick)$/.test(entry.name);
    return within ? isEmpty(path) : isLeftPart(path);
  });
}

/** Whether a folder holds a study of other cells, as that of an earlier demo. */
function isOfOthers(study: string, crops: string): boolean {
  try {
    return readRecord(study).crops !== crops;
  } catch {
    // No study, or one that the run itself says what is wrong with.
    return false;
  }
}

function holds(mark: string, dataset: DatasetOptions): boolean {
  return existsSync(mark) && readFileSync(mark, "utf8") === `${JSON.stringify(dataset)}\n`;
}
