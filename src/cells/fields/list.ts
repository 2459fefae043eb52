import { existsSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { DataError, StudyError } from "../../errors.ts";
import type { TableOptions } from "../metadata/cells.ts";
import { isZarr } from "../readers/ome-zarr.ts";
import type { FieldEntry, FieldList, Slice } from "./field.ts";
import { joinMetadata } from "./join.ts";
import { manifestFields } from "./manifest.ts";
import { patternFields } from "./pattern.ts";
import { zarrFields, zarrLabels } from "./zarr.ts";

export interface FieldListOptions extends TableOptions {
  /** CSV with one row per field. */
  readonly manifest?: string | undefined;
  /** Names of the image files: `{Plate}_{Well}_{Site}_{Channel}.tif`. */
  readonly pattern?: string | undefined;
  /** Names of the label images of cells and of nuclei: a pattern, or within OME-Zarr the name of the labels. */
  readonly labelImages?: string | undefined;
  readonly nucleiImages?: string | undefined;
  readonly channels?: readonly string[] | undefined;
  /** Tables that say more of the fields: platemaps, joined by the columns that they share (Plate, Well, ...). */
  readonly metadata?: readonly string[] | undefined;
  readonly slice?: Slice | null | undefined;
  readonly time?: number | null | undefined;
}

/**
 * Lists the fields at `path`: of a manifest, by a pattern of file names, of an OME-Zarr image or plate, or of one image
 * file.
 * @throws StudyError where it is not said what the fields are; DataError as the lists themselves.
 */
export async function listFields(path: string, options: FieldListOptions): Promise<FieldList> {
  return joinMetadata(await readList(path, options), options.metadata ?? [], options);
}

/** Images of OME-Zarr bring their labels along. */
async function ownLabels(list: FieldList): Promise<FieldList> {
  const fields: FieldEntry[] = [];
  for (const field of list.fields) {
    const bare = field.labels === null && field.files.length === 1 && isZarr(field.files[0]);
    fields.push(bare ? { ...field, labels: await zarrLabels(field.files[0]) } : field);
  }
  return { ...list, fields };
}

async function readList(path: string, options: FieldListOptions): Promise<FieldList> {
  const { manifest, pattern } = options;
  if (manifest !== undefined && pattern !== undefined)
    throw new StudyError("--manifest and --pattern both say what the fields are; give one");
  if (manifest !== undefined) {
    if (options.labelImages !== undefined || options.nucleiImages !== undefined)
      throw new StudyError(
        "label images are named by the manifest (Labels, Labels_Nuclei); leave --label-images out",
      );
    return manifestFields(path, { ...options, manifest });
  }
  if (pattern !== undefined) return ownLabels(patternFields(path, { ...options, pattern }));
  if (isZarr(path)) return zarrFields(path, options);
  if (statSync(path, { throwIfNoEntry: false })?.isFile())
    return patternFields(dirname(path), { ...options, pattern: basename(path) });
  if (!existsSync(path)) throw new DataError("is not there; check the path", { path });
  throw new StudyError(
    `${path}: does not say what the fields are; give --manifest fields.csv, or --pattern "{Well}_{Site}_{Channel}.tif" with --label-images`,
  );
}
