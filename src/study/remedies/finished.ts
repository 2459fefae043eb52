import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { DataError, StudyError } from "../../errors.ts";
import { type Place, PlacedFeatures } from "../../features/placed.ts";
import { numbersOf, textOf } from "../../files/parquet/columns.ts";
import { ParquetFile } from "../../files/parquet/file.ts";
import type { ClassRows } from "../../remedy/rows.ts";
import { type Setting, traitsOf } from "../../settings.ts";
import { type PlannedBlock, readPlanned, resultsOf } from "../anndata/planned.ts";
import { StudyLayout } from "../layout.ts";
import { PART_SETTINGS, partBackgrounds } from "../part.ts";
import { readStudyFolder, type StudyResults } from "../read.ts";
import { checkFile } from "../vouched.ts";

/** What remedies of one output of an encoder are fitted on: all cells of a finished study. */
export interface FinishedRows {
  readonly results: StudyResults;
  readonly classes: readonly string[];
  /** By class: its cells in the composites that the study measures remedies on. */
  readonly rows: readonly ClassRows[];
  readonly cells: number;
  readonly settings: readonly Setting[];
}

/** Where the features of a block lie. */
interface PlacedBlock extends PlannedBlock {
  readonly files: readonly (string | null)[];
  readonly rows: ArrayLike<number>;
  /** Row of the plan of a cell, by its row in the cell store. */
  readonly of: ReadonlyMap<number, number>;
}

/**
 * Reads the features of one output in a finished study, each checked.
 * @throws DataError, StudyError for a study that is not finished, of a damaged folder, or without this output
 */
export async function readFinished(folder: string, output: string): Promise<FinishedRows> {
  const results = await readStudyFolder(folder);
  const { record, report } = results;
  const known = report.encoders.find((e) => e.name === output);
  if (known === undefined)
    throw new StudyError(
      `has no encoder ${output}; it has ${report.encoders.map((e) => e.name).join(", ")}`,
      { path: folder },
    );
  const layout = new StudyLayout(folder);
  for (const file of [`${layout.plan}.parquet`, layout.cells])
    checkFile({ path: resolve(folder), record }, file);
  const plan = await readPlanned(layout);
  const table = await ParquetFile.open(layout.cells);
  const from = await resultsOf(plan, table, report, output);
  const { classes } = report;
  const given = (record.study as { backgrounds?: readonly string[] }).backgrounds;
  const backgrounds: readonly (string | null)[] = [null, ...partBackgrounds(given ?? classes)];
  const isJudged = ({ setting, background }: PlannedBlock) =>
    (PART_SETTINGS as readonly Setting[]).includes(setting) && backgrounds.includes(background);
  const standIns = PART_SETTINGS.map((setting) => traitsOf(setting).ownClass);
  const wanted = plan.blocks.filter((b) => isJudged(b) || standIns.includes(b.setting));
  const blocks = await Promise.all(
    wanted.map(async (block): Promise<PlacedBlock> => {
      const [start, end] = [from + block.start, from + block.end];
      const of = Array.from(plan.cell.subarray(block.start, block.end), (cell, i) => [cell, i] as const);
      return {
        ...block,
        files: await textOf(table, "features_file", start, end),
        rows: await numbersOf(table, "features_row", start, end),
        of: new Map(of),
      };
    }),
  );
  const place = join(folder, record.features?.folder ?? "features");
  const reader = new PlacedFeatures(known.dimension);
  try {
    const names = plan.columns.get("class")!;
    const rows = classes.map((name, own) => {
      const cells = [...plan.cells].filter((_, i) => names[i] === name).map((row) => plan.cell[row]);
      const judged = blocks.filter(isJudged).map((block) => ofClass(name, block, blocks));
      return classRows(reader, place, { own, classes, cells, blocks: judged });
    });
    return {
      results,
      classes,
      rows,
      cells: rows.reduce((n, { cells }) => n + cells, 0),
      settings: [...new Set(wanted.map((b) => b.setting))],
    };
  } finally {
    reader.close();
  }
}

/** The block with the rows of the setting that stands in for it where the background is of the cells' own class. */
function ofClass(name: string, block: PlacedBlock, all: readonly PlacedBlock[]): PlacedBlock {
  const standsIn = block.background === name ? traitsOf(block.setting).ownClass : undefined;
  const from = all.find(({ setting }) => setting === standsIn);
  return from === undefined ? block : { ...from, setting: block.setting, background: block.background };
}

/** Features of the cells of a class in all blocks that have every one of them. */
function classRows(
  reader: PlacedFeatures,
  folder: string,
  {
    own,
    classes,
    cells,
    blocks,
  }: {
    readonly own: number;
    readonly classes: readonly string[];
    readonly cells: readonly number[];
    readonly blocks: readonly PlacedBlock[];
  },
): ClassRows {
  const { dimension } = reader;
  const present = blocks.filter(({ of }) => cells.every((cell) => of.has(cell)));
  const size = cells.length * dimension;
  const features = new Float32Array(present.length * size);
  for (const [b, { of, files, rows }] of present.entries()) {
    const at = (i: number): Place => {
      const row = of.get(cells[i])!;
      const base = join(folder, files[row]!.replace(/\.npy$/, ""));
      if (!existsSync(`${base}.npy`))
        throw new DataError(
          "is not there, and the results of the study name it; put the features back, or run the study again",
          { path: `${base}.npy` },
        );
      return { base, row: rows[row] };
    };
    reader.read(cells.length, at, features.subarray(b * size, (b + 1) * size));
  }
  return {
    own,
    cells: cells.length,
    dimension,
    features,
    blocks: present.map(({ setting, background }) => ({
      setting,
      background: background === null ? -1 : classes.indexOf(background),
    })),
  };
}
