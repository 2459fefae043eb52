import { existsSync } from "node:fs";
import type { CellStore, StoreHeader } from "../cells/store.ts";
import { isCellswapError, SettingError } from "../errors.ts";
import { shortHash } from "../features/key.ts";
import { readCsv, table, writeCsv } from "../files/table.ts";
import { groupOf, type MeasureOptions, measureScales, type Scales } from "../swap/intensity.ts";
import type { Column, CompositeOptions, SwapPlan } from "../types.ts";
import { StudyLayout } from "./layout.ts";
import { isFile } from "./open-folder.ts";
import { lookAtRecord } from "./record.ts";
import type { FittedStudy } from "./schema.ts";

/** Raised whenever the same pixels, masks and grouping give other scales. */
const SCALES_VERSION = 1;

/**
 * The scales, and their key: measured, or as an earlier run left them under the same key.
 * @param out study folder of earlier runs; null: there is none
 * @param onProgress as {@link measureScales} has it
 */
export function scalesOf(
  study: Pick<FittedStudy, "composite">,
  store: CellStore,
  plan: SwapPlan,
  { out, onProgress }: { readonly out: string | null } & Pick<MeasureOptions, "onProgress">,
) {
  const key = scalesKey(store, study.composite);
  return {
    key,
    scales: studyScales(store, study.composite, plan, {
      kept: out === null ? null : keptScales(out, key),
      onProgress,
    }),
  };
}

/** Whether {@link scalesOf} measures scales, on cells of the whole store, as the folder `out` has none of these. */
export function measuresScales(
  study: Pick<FittedStudy, "composite">,
  store: CellStore,
  out: string,
): boolean {
  const { composite } = study;
  return (
    groupOf(store.cells, composite.intensity) !== null &&
    keptScales(out, scalesKey(store, composite)) === null
  );
}

/** `scales.csv` of a study folder, where a run left it under this key; null where not. */
function keptScales(out: string, key: string): string | null {
  const { scales } = new StudyLayout(out);
  try {
    const { record } = lookAtRecord(out);
    return record?.stages.scales === key && isFile(scales, record.files["scales.csv"]) ? scales : null;
  } catch (error) {
    // A folder that is none is told when it is opened.
    if (!isCellswapError(error)) throw error;
    return null;
  }
}

/** Key of the scales of a study: what they are measured on. */
export function scalesKey(
  store: Pick<CellStore, "cells" | "allowed"> & { readonly header: Pick<StoreHeader, "hashes"> },
  { intensity }: CompositeOptions,
): string {
  const { "crops.npy": crops, "masks.npy": masks, "quality.csv": quality } = store.header.hashes;
  const grouping = groupOf(store.cells, intensity);
  return shortHash({
    version: SCALES_VERSION,
    intensity,
    ...(grouping === null
      ? {}
      : {
          crops,
          masks,
          quality,
          ...(store.allowed.length === 0 ? {} : { allowed: store.allowed }),
          groups: grouping.groups,
          of: shortHash(new Uint8Array(grouping.groupOf.buffer)),
        }),
  });
}

/**
 * Intensity scales of the study, checked against the plan.
 * @param kept `scales.csv` of an earlier run under the same key; null: measured anew
 * @throws SettingError where a cell of the plan has no scale, or as {@link measureScales}.
 */
export function studyScales(
  store: CellStore,
  composite: CompositeOptions,
  plan: SwapPlan,
  { kept, onProgress }: { readonly kept: string | null } & Pick<MeasureOptions, "onProgress">,
): Scales {
  const grouping = groupOf(store.cells, composite.intensity);
  const read = kept === null || grouping === null ? null : readScales(kept, grouping.groups, store.channels);
  const scales: Scales =
    read === null || grouping === null
      ? measureScales(store, composite, grouping, { onProgress })
      : { kind: "group", groups: grouping.groups, groupOf: grouping.groupOf, ...read };
  if (scales.kind === "group")
    for (let row = 0; row < plan.count; row++)
      for (const cell of [plan.cell[row], plan.donor[row]])
        if (cell >= 0 && Number.isNaN(scales.cell[scales.groupOf[cell] * store.channels.length]))
          throw new SettingError(
            `cell ${store.cells.id[cell]}: no cell of its ${composite.intensity} (${scales.groups[scales.groupOf[cell]]}) has a mask that passed, so its scale is unknown; leave it out, or choose intensity \`crop\``,
          );
  return scales;
}

/** Writes `scales.csv`: group (field or protein), channel, background (becomes 0), cell (becomes 1). */
export function writeScales(path: string, scales: Scales, channels: readonly string[]): void {
  if (scales.kind !== "group") return;
  const columns: [string, Column][] = [
    ["group", scales.groups.flatMap((group) => channels.map(() => group))],
    ["channel", scales.groups.flatMap(() => [...channels])],
    ["background", scales.background],
    ["cell", scales.cell],
  ];
  writeCsv(path, table(new Map(columns)));
}

function readScales(
  path: string,
  groups: readonly string[],
  channels: readonly string[],
): Pick<Scales, "background" | "cell"> | null {
  if (!existsSync(path)) return null;
  let columns: Map<string, string[]>;
  try {
    columns = readCsv(path);
  } catch (error) {
    if (isCellswapError(error)) return null;
    throw error;
  }
  const fits = (name: string, expected: (i: number) => string) => {
    const column = columns.get(name);
    return column?.length === groups.length * channels.length && column.every((v, i) => v === expected(i));
  };
  if (
    !fits("group", (i) => groups[Math.floor(i / channels.length)].trim()) ||
    !fits("channel", (i) => channels[i % channels.length].trim())
  )
    return null;
  const numbers = (name: string) =>
    Float64Array.from(columns.get(name) ?? [], (v) => (v === "" ? Number.NaN : Number(v)));
  const [background, cell] = [numbers("background"), numbers("cell")];
  return background.length === cell.length && cell.length === groups.length * channels.length
    ? { background, cell }
    : null;
}
