import { resolve } from "node:path";
import { CellStore } from "../../cells/store.ts";
import { DataError, StudyError } from "../../errors.ts";
import { metadataOf } from "../../features/feature-table.ts";
import { ParquetFile } from "../../files/parquet/file.ts";
import type { Column } from "../../types.ts";
import { StudyLayout } from "../layout.ts";
import { readStudyFolder } from "../read.ts";
import type { StudyRecord } from "../record.ts";
import type { Study } from "../schema.ts";
import { checkFile } from "../vouched.ts";
import { writeOutput } from "./output.ts";
import { type Planned, readPlanned } from "./planned.ts";

export interface AnnDataExportOptions {
  /** The study that the folder is of, for all that is known of its cells and for features that lie elsewhere. */
  readonly study?: Pick<Study, "cells" | "allow" | "features" | "segment">;
  /** Output of an encoder, by its name in results; default: all. */
  readonly encoder?: string;
  /** Called before a file is written. */
  readonly onFile?: (path: string) => void;
}

/** What was written. */
export interface AnnDataExport {
  readonly cells: number;
  /** One file per output of an encoder. */
  readonly files: readonly { readonly path: string; readonly encoder: string; readonly dimension: number }[];
}

/**
 * Writes the cells of a finished study with their features as AnnData: X is the crop as imaged (`original`), obsm every
 * other setting, obs what is known and predicted of the cells, uns how it was made (docs/anndata.md). Of several outputs
 * each gets a file of its own, `OUT.NAME.h5ad`.
 * @throws DataError, StudyError for a study that is not finished or has no `original`, features that are no longer there,
 * other cells, or an output that the study does not have
 */
export async function exportAnnData(
  folder: string,
  out: string,
  options: AnnDataExportOptions = {},
): Promise<AnnDataExport> {
  if (!/\.h5ad$/i.test(out))
    throw new DataError("does not end in .h5ad; name the file NAME.h5ad", { path: out });
  const results = await readStudyFolder(folder);
  const names = results.report.encoders.map((e) => e.name);
  const wanted = options.encoder === undefined ? names : names.filter((name) => name === options.encoder);
  if (wanted.length === 0)
    throw new StudyError(`has no encoder ${options.encoder}; it has ${names.join(", ")}`, { path: folder });
  const layout = new StudyLayout(folder);
  const study = { path: resolve(folder), record: results.record };
  for (const file of [`${layout.plan}.parquet`, layout.cells]) checkFile(study, file);
  const plan = await readPlanned(layout);
  const table = await ParquetFile.open(layout.cells);
  const metadata = await cellMetadata(options.study, results.record, plan, folder);
  const files: AnnDataExport["files"][number][] = [];
  for (const encoder of wanted) {
    const path = wanted.length === 1 ? out : out.replace(/\.h5ad$/i, `.${encoder}.h5ad`);
    options.onFile?.(path);
    const place = options.study?.features ?? layout.features;
    const dimension = await writeOutput(path, encoder, {
      plan,
      table,
      metadata,
      results,
      folder,
      features: place,
    });
    files.push({ path, encoder, dimension });
  }
  return { cells: plan.cells.length, files };
}

/** What is known of the cells: all their metadata, or what the plan has of it. */
async function cellMetadata(
  study: AnnDataExportOptions["study"],
  record: StudyRecord,
  plan: Planned,
  folder: string,
): Promise<Map<string, Column>> {
  if (study === undefined) {
    const [field, protein] = [plan.columns.get("field")!, plan.columns.get("protein")!];
    return new Map<string, Column>([
      ["Metadata_Cell", [...plan.id]],
      ["Metadata_Protein", protein],
      ["Metadata_Field", field],
    ]);
  }
  // Of a study that draws its cells the rows are those of the drawn ones.
  const cells = study.segment?.cells ?? study.cells;
  const store = await CellStore.open(cells, study.allow);
  try {
    if (store.header.hashes["crops.npy"] !== record.crops)
      throw new StudyError(
        `is a study of other cells than ${cells}; give the study file that it was run with`,
        {
          path: folder,
        },
      );
    return metadataOf(
      store.cells,
      Int32Array.from(plan.cells, (row) => plan.cell[row]),
    );
  } finally {
    store.close();
  }
}
