import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { DataError, StudyError } from "../../errors.ts";
import type { GivenFeatures } from "../../features/given/given.ts";
import { pixelsKey, scalesHash } from "../../features/key.ts";
import { readInput } from "../../files/input.ts";
import { openSealed, sealJson } from "../../files/sealed.ts";
import { planHash } from "../../swap/plan-file.ts";
import { settingsOf } from "../../swap/runs.ts";
import type { StudyComposites } from "../given.ts";

/** The file of exported composites that says what they are. */
export const EXPORT_RECORD = "composites.json";

/** Bytes that it has at most: 300,000 chunks of a Zarr array. */
const LARGEST = 1 << 26;

const files = z.array(
  z.strictObject({
    /** In the folder itself: an export removes what an earlier one lists. */
    file: z.string().regex(/^(composites|masks)(-\d+)?\.(npy|zarr)$/),
    /** First row of the plan in the file, from 0. */
    from: z.int().min(0),
    rows: z.int().min(0),
  }),
);

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** A file of an export, or of a Zarr array in it, by its path in the folder. */
const own = z
  .string()
  .regex(
    /^(?:(?:composites|masks)(?:-\d+)?\.(?:npy|zarr\/(?:zarr\.json|c(?:\/\d+)+))|plan\.(?:csv|parquet))$/,
  );

/** `composites.json` of exported composites: what they are, which plan their rows are of, and what their pixels depend on. */
export const ExportRecord = z.strictObject({
  format: z.literal("cellswap-composites"),
  version: z.literal(2),
  cellswap: z.string(),
  /** SHA-256 of the swap plan (setting, background, cell, donor of every row). */
  plan: z.string(),
  /** Hash of all that the pixels depend on: crops, masks, scales and the choices of the study. */
  pixels: z.string(),
  rows: z.int().min(0),
  channels: z.array(z.string()),
  height: z.int(),
  width: z.int(),
  arrays: z.enum(["npy", "zarr"]),
  /** rows x channels x height x width, float32. */
  composites: files,
  /** rows x height x width, uint8: 1 on the center cell; null where they were not asked for. */
  masks: files.nullable(),
  /** SHA-256 of every file by its path in the folder. */
  hashes: z.record(own, hash).readonly(),
  /**
   * Files of features that were in the folder when this export took the place of one of another plan or other pixels, and
   * which that one was: they are not of these composites.
   */
  earlier: z.array(z.strictObject({ sha256: z.string(), plan: z.string(), pixels: z.string() })).optional(),
  /** Files that do not bear their names yet: an export was cut off, and the next one ends it. */
  staged: z.record(z.string(), z.string().nullable()).optional(),
  /** SHA-256 of this file, with nothing in the place of it. */
  sha256: hash,
});
export type ExportRecord = Omit<z.infer<typeof ExportRecord>, "sha256">;

/** Text of `composites.json`. */
export function exportText(record: object): string {
  const { sha256: _, ...own } = record as { sha256?: string };
  return sealJson(own, 2);
}

/** Hashes of the plan and of all that the pixels of its composites depend on. */
export function exportHashes({
  store,
  plan,
  scales,
  composite,
}: StudyComposites): Pick<ExportRecord, "plan" | "pixels"> {
  const inputs = {
    header: store.header,
    scales: scalesHash(scales),
    composite,
    medium: plan.medium?.key,
  };
  return { plan: planHash(plan), pixels: pixelsKey(inputs, settingsOf(plan)) };
}

/** Reads `composites.json` of a folder; null where there is none. @throws DataError where it is damaged */
export function readExport(folder: string): ExportRecord | null {
  const path = join(folder, EXPORT_RECORD);
  if (!existsSync(path)) return null;
  const bytes = readInput(path, { bytes: LARGEST, what: "a record of exported composites" });
  try {
    const { sha256: _, ...record } = ExportRecord.parse(openSealed(bytes));
    return record;
  } catch (cause) {
    throw new DataError(
      "is damaged or of another version of cellswap; remove its folder and export the composites again",
      { path, cause },
    );
  }
}

/**
 * Checks features against the exported composites that they were made of, those in the folder that the study names or
 * that the file lies in; returns whether there are any.
 * @throws StudyError where the study's plan or pixels are no longer those of the export, or the features are of an earlier one
 */
export function checkExported(
  { name, path, hash, composites }: GivenFeatures,
  study: StudyComposites,
): boolean {
  const folder = composites ?? dirname(path);
  const record = readExport(folder);
  if (record === null) {
    if (composites === undefined) return false;
    throw new DataError(
      `holds no ${EXPORT_RECORD}; "composites" of ${name} names the folder that \`cellswap export composites\` made`,
      { path: folder },
    );
  }
  const now = exportHashes(study);
  const remedy = `export the composites again (\`cellswap export composites\`) and make the features of ${name} of those, or set the study back`;
  if (record.plan !== now.plan)
    throw new StudyError(
      `the swap plan changed since the composites in ${folder} were exported (${record.rows} rows ${record.plan.slice(0, 8)}, now ${study.plan.count} rows ${now.plan.slice(0, 8)}): other cells, classes, settings, donors or seed; ${remedy}`,
    );
  if (record.pixels !== now.pixels)
    throw new StudyError(
      `the pixels changed since the composites in ${folder} were exported (${record.pixels}, now ${now.pixels}): other crops, masks, or choices of how composites are made; ${remedy}`,
    );
  const made = record.earlier?.find(({ sha256 }) => sha256 === hash);
  if (made !== undefined && !(made.plan === now.plan && made.pixels === now.pixels))
    throw new StudyError(
      `the features of ${name} were in ${folder} before its composites were exported anew, of another plan or with other pixels; make them of the composites that are there now`,
      { path },
    );
  return true;
}
