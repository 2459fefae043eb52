import type { FeatureSet } from "../features/features.ts";
import { shortHash } from "../features/key.ts";
import { localizationProportions } from "../proportions/proportions.ts";
import { type ReportInput, reportProportions } from "../report/data.ts";
import type { Cells } from "../types.ts";
import type { Block, PlanIndex } from "./block.ts";
import { kept } from "./kept.ts";
import type { StudyLayout } from "./layout.ts";
import type { Study } from "./schema.ts";
import type { Selection } from "./select.ts";

/** Fields per class from which an interval over fields is worth giving. */
export const FEWEST_FIELDS = 3;

/** Fields of every class in order of appearance. */
export function fieldsOf(cells: Cells, { rows }: Selection): string[][] {
  return rows.map((list) => [...new Set(Array.from(list, (row) => cells.field[row]))]);
}

/** Raised whenever the same features give other probabilities. */
export const LOGISTIC_VERSION = 4;

/** The features of one encoder and what they are of. */
export interface FeatureRequest {
  readonly set: Pick<FeatureSet, "name" | "dimension" | "key" | "read">;
  readonly layout: StudyLayout;
  readonly cells: Cells;
  readonly selection: Selection;
  readonly index: PlanIndex;
  readonly study: Study;
}

/** Localization proportions of multiply localized proteins as published; null where there are none. */
export function proportions(request: FeatureRequest): NonNullable<ReportInput["proportions"]>[number] | null {
  const { set, cells, selection, index, study } = request;
  const encoder = set.name;
  const { multiple, classes } = selection;
  const needed = (["original", "masked"] as const).map((setting): Block => ({ setting, background: null }));
  if (study.proportions.method !== "published") return null;
  if (multiple.length === 0 || needed.some((b) => !study.settings.includes(b.setting))) return null;
  const { optimizer, rows } = study.proportions;
  const proteins = Array.from(multiple, (row) => cells.protein?.[row] ?? "");
  const key = keyOf(request, needed, [...selection.rows, multiple], [proteins, optimizer, rows, study.seed]);
  return kept(request.layout.stage("proportions", encoder), key, reportProportions, () => {
    const [original, masked] = needed.map((block) =>
      collect(set, index, block, selection, (c) => selection.rows[c]),
    );
    const [targetOriginal, targetMasked] = needed.map((block) => {
      const rows = index.rows(block, "", multiple)!;
      const features = new Float32Array(rows.length * set.dimension);
      set.read(rows, features);
      return features;
    });
    const result = localizationProportions(
      { original: original.features, masked: masked.features, labels: original.labels },
      {
        original: targetOriginal,
        masked: targetMasked,
        proteins,
      },
      set.dimension,
      classes,
      { cells: rows === "all" ? "mean" : "first", logistic: { optimizer, seed: study.seed } },
    );
    const { mean, sd, min, quartile1, median, quartile3, max } = result.summary;
    return {
      encoder,
      proteins: result.proteins.map(({ protein, cells: count, original: o, masked: m, divergence }) => ({
        protein,
        kl: Math.max(0, divergence),
        original: [...o],
        masked: [...m],
        cells: count,
      })),
      summary: { mean, sd: Number.isNaN(sd) ? 0 : sd, min, q1: quartile1, median, q3: quartile3, max },
    };
  });
}

/** Key of a stage that looks at the features of blocks of the cells in `rows` (by class, then others) and at `more`. */
export function keyOf(
  { set, index, selection }: FeatureRequest,
  blocks: readonly Block[],
  rows: readonly Int32Array[],
  more: readonly unknown[],
): string {
  const keys = blocks.map((block) =>
    rows.map((cells, c) => {
      const found = index.rows(block, selection.classes[c] ?? "", cells);
      return found === null ? null : set.key(index.plan, found);
    }),
  );
  return shortHash({ version: LOGISTIC_VERSION, classes: selection.classes, blocks, keys, more });
}

/** Features and labels of all classes that a block has, class after class. */
function collect(
  set: FeatureRequest["set"],
  index: PlanIndex,
  block: Block,
  { classes }: Selection,
  cellsOf: (c: number) => Int32Array,
): { features: Float32Array; labels: Int32Array } {
  const parts = classes.map((name, c) => index.rows(block, name, cellsOf(c)) ?? new Int32Array());
  const labels = Int32Array.from(parts.flatMap((rows, c) => Array.from(rows, () => c)));
  const features = new Float32Array(labels.length * set.dimension);
  let at = 0;
  for (const rows of parts) {
    set.read(rows, features.subarray(at));
    at += rows.length * set.dimension;
  }
  return { features, labels };
}
