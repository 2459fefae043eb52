import { z } from "zod";
import type { CellStore } from "../../cells/store.ts";
import { withError } from "../../features/key.ts";
import { canonicalJson, sha256 } from "../../files/hash.ts";
import { type MaskSummary, summarizeChanges } from "../../masks/mask-error.ts";
import { groupOf, measureScales, type Scales } from "../../swap/intensity.ts";
import { type SeededError, WrongMasks } from "../../swap/wrong-masks.ts";
import type { CompositeOptions } from "../../types.ts";
import { kept, readKept } from "../kept.ts";
import { scalesKey } from "../scales.ts";

const levels = z.array(z.number().nullable());
const WRONG = z.strictObject({
  background: levels,
  cell: levels,
  summary: z.strictObject({ cells: z.int(), changed: z.int(), stopped: z.int(), iou: z.number() }),
});

/** What an error of all masks makes of the scales, and of the masks of the cells that a study uses. */
export interface WrongScales {
  readonly scales: Scales;
  readonly summary: MaskSummary;
}

/**
 * Measures the scales anew with the masks of an error, as a segmentation that makes it would have had them, or reads
 * what an earlier run left at `path`.
 * @param rows cells of the study
 * @throws SettingError as {@link measureScales}, where the error leaves a group no medium
 */
export function wrongScales(
  store: CellStore,
  composite: CompositeOptions,
  {
    error,
    rows,
    path,
  }: { readonly error: SeededError; readonly rows: readonly number[]; readonly path: string },
): WrongScales {
  const { cells } = store;
  const key = wrongKey(store, composite, error, rows);
  const grouping = groupOf(cells, composite.intensity);
  const source = new WrongMasks(store, error);
  const found = kept<z.infer<typeof WRONG>>(path, key, WRONG, () => {
    const { background, cell } = measureScales(source, composite, grouping);
    const mask = new Uint8Array(store.height * store.width);
    const plain = (values: Float64Array) => Array.from(values, (v) => (Number.isNaN(v) ? null : v));
    return {
      background: plain(background),
      cell: plain(cell),
      summary: summarizeChanges(rows.map((row) => source.changeMask(row, mask))),
    };
  });
  const scales = grouping === null ? measureScales(source, composite, null) : scaled(found, grouping);
  return { scales, summary: found.summary };
}

/** The scales that {@link wrongScales} left at `path`; null where it has not been there. */
export function keptWrongScales(
  store: CellStore,
  composite: CompositeOptions,
  { error, rows, path }: Parameters<typeof wrongScales>[2],
): Scales | null {
  const grouping = groupOf(store.cells, composite.intensity);
  if (grouping === null) return measureScales(new WrongMasks(store, error), composite, null);
  const key = wrongKey(store, composite, error, rows);
  const found = readKept<z.infer<typeof WRONG>>(path, key, WRONG);
  return found === undefined ? null : scaled(found, grouping);
}

function wrongKey(
  store: CellStore,
  composite: CompositeOptions,
  error: SeededError,
  rows: readonly number[],
) {
  const { header, cells, allowed } = store;
  const own = scalesKey({ header: withError(header, error), cells, allowed }, composite);
  const masks = withError(header, error).hashes["masks.npy"];
  return sha256(canonicalJson([own, masks, rows])).slice(0, 12);
}

function scaled(
  { background, cell }: Pick<z.infer<typeof WRONG>, "background" | "cell">,
  grouping: NonNullable<ReturnType<typeof groupOf>>,
): Scales {
  const numbers = (values: readonly (number | null)[]) => Float64Array.from(values, (v) => v ?? Number.NaN);
  const { groups, groupOf: of } = grouping;
  return { kind: "group", groups, groupOf: of, background: numbers(background), cell: numbers(cell) };
}
