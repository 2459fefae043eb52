import { existsSync, lstatSync } from "node:fs";
import { z } from "zod";
import { DataError, StudyError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { readInput } from "../files/input.ts";
import { openSealed, sealJson } from "../files/sealed.ts";
import { version } from "../version.ts";
import { LAYOUT, StudyLayout } from "./layout.ts";

const hash = z.string().regex(/^[0-9a-f]{64}$/);

const RECORD = z.strictObject({
  format: z.literal("cellswap-study"),
  layout: z.literal(LAYOUT),
  /** Version of the package that wrote it; stages are known by their keys, so others may go on with the folder. */
  cellswap: z.string(),
  /** Day of the first run; null where it was not said. */
  date: z.string().nullable(),
  /** SHA-256 of the crops; a folder belongs to one set of them. */
  crops: hash,
  /** The study's choices, as resolved. */
  study: z.record(z.string(), z.unknown()).readonly(),
  /** Encoder descriptions and model hashes by encoder name. */
  encoders: z.record(z.string(), z.unknown()).readonly(),
  /** Keys of the stages whose files hold none. */
  stages: z.record(z.string(), z.string()).readonly(),
  /** SHA-256 of these files and of the results, by path in the folder. */
  files: z.record(z.string(), hash).readonly(),
  /** The features that the results are of; null where there are no results yet. */
  features: z
    .strictObject({
      /** Their folder, from the study folder. */
      folder: z.string(),
      /** SHA-256 of the check sums of every part, by its path in there without ending. */
      parts: z.record(z.string(), hash).readonly(),
    })
    .readonly()
    .nullable(),
  /** SHA-256 of this file, with nothing in the place of it. */
  sha256: hash,
});

/** `record.json` of a study folder: what it was made from, and hashes of what stands in it. */
export type StudyRecord = Readonly<Omit<z.infer<typeof RECORD>, "sha256">>;

/** What to do with a folder that cannot be gone on with. */
export const FORCE = "choose another --out, or --force to replace it";

/** The remedy for anything that is not as a run left it. */
export const AGAIN = "run the study again, which makes it anew";

/** Reads and checks `record.json`. @throws DataError, StudyError naming the folder and the remedy */
export function readRecord(path: string): StudyRecord {
  const found = lookAtRecord(path);
  if (found.record !== null) return found.record;
  if (found.state === "missing" && !isStudyLike(path))
    throw new DataError("is not a study folder (no readable record.json); make one with `cellswap run`", {
      path,
    });
  throw new DataError(
    found.state === "other"
      ? "is not the record of a study; give the folder of one"
      : `is ${found.state}, so nothing vouches for the study; ${AGAIN}`,
    { path: new StudyLayout(path).record },
  );
}

/** Far more than any study's record has; a larger file is none. */
export const RECORD_SIZE = { bytes: 1 << 24, what: "a record" };

/** What stands in the place of a record. */
export type RecordState =
  | { readonly record: StudyRecord; readonly state: "whole" }
  /** `crops` where an earlier version wrote it, whose records carried no check sum. */
  | { readonly record: null; readonly state: "missing" | "damaged" | "other"; readonly crops?: string };

/**
 * Looks at the record of a folder, which is `damaged` where it was of a study of ours, and `other` where nothing tells.
 * @throws StudyError for a study of another layout
 */
export function lookAtRecord(path: string): RecordState {
  const file = new StudyLayout(path).record;
  if (!exists(file)) return { record: null, state: "missing" };
  let bytes: Buffer;
  try {
    bytes = readInput(file, RECORD_SIZE);
  } catch {
    return { record: null, state: isStudyLike(path) ? "damaged" : "other" };
  }
  const sealed = openSealed(bytes);
  const record = RECORD.safeParse(sealed);
  if (record.success) {
    const { sha256: _, ...own } = record.data;
    return { record: own, state: "whole" };
  }
  const old = sealed ?? earlier(bytes);
  if (typeof old?.layout === "number" && old.layout !== LAYOUT)
    throw new StudyError(
      `was made by ${typeof old.cellswap === "string" ? `cellswap ${old.cellswap.slice(0, 20)}` : "another cellswap"} (layout ${old.layout}), this is ${version} (layout ${LAYOUT}); ${FORCE}`,
      { path },
    );
  const ours = bytes.includes("cellswap-study") || isStudyLike(path);
  const crops = typeof old?.crops === "string" ? { crops: old.crops } : {};
  return { record: null, state: ours ? "damaged" : "other", ...crops };
}

/** A record without a check sum, as versions before wrote it. */
function earlier(bytes: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const record = JSON.parse(bytes.toString("utf8")) as Record<string, unknown> | null;
    return record?.format === "cellswap-study" && !("sha256" in record) ? record : null;
  } catch {
    return null;
  }
}

/** Whether a folder holds what a run leaves early, so that it is a study's whatever became of its record. */
export function isStudyLike(path: string): boolean {
  const { plan, survey } = new StudyLayout(path);
  return existsSync(`${plan}.parquet`) && existsSync(survey);
}

/** Leaves the record in a study folder. */
export function writeRecord(path: string, record: StudyRecord): void {
  writeFileAtomic(new StudyLayout(path).record, sealJson({ ...record }, 2));
}

function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // A part of the path is a file, or may not be entered: told where the folder is opened.
    return false;
  }
}
