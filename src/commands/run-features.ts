import { basename, resolve } from "node:path";
import { readFeatureFolder } from "../encode/published/feature-folder.ts";
import { resultTable } from "../evidence/tables.ts";
import { formatJson, formatText } from "../report/table-format.ts";
import { evaluateAuthorFeatures } from "../study/author-features.ts";
import { print } from "./output.ts";
import { monitored, type ProgressOptions } from "./progress.ts";

/** Cells of each class and folds, as the published study has them. */
const CELLS = 1000;
const FOLDS = 5;

/** `cellswap run --features DIR`: the authors' tables recomputed from the authors' own features. */
export async function runFeatures(
  path: string,
  options: ProgressOptions & { layer?: string; out?: string; workers?: number },
): Promise<void> {
  const folder = readFeatureFolder(path, options.layer);
  const name = basename(resolve(path));
  const out = resolve(options.out ?? `${name}.results`);
  const scores = await monitored(options, (monitor, signal) =>
    evaluateAuthorFeatures(folder, {
      out,
      encoder: name,
      cells: CELLS,
      folds: FOLDS,
      signal,
      ...(options.workers === undefined ? {} : { workers: options.workers }),
      onProgress: monitor.stage("classify", "blocks").update,
    }),
  );
  const table = resultTable(scores, "even");
  if (options.json === true) print(formatJson(table).trimEnd());
  else print(`${formatText(table)}\nTables: ${out} (cellswap table ${out})`);
}
