import { DataError } from "../../errors.ts";
import { connectedComponents } from "../../image/components.ts";
import type { PlaneValues } from "../../image/planes.ts";
import type { FieldEntry } from "../field-list.ts";
import { matchNuclei } from "../nuclei.ts";
import { type LabeledObject, listObjects } from "../objects.ts";
import { readLabels } from "../readers/field-planes.ts";

/** What a field's label images hold. */
export interface FieldCells {
  readonly height: number;
  readonly width: number;
  readonly objects: readonly LabeledObject[];
  /** Nuclei per cell, and those outside of cells; null without labels of nuclei. */
  readonly nuclei: { readonly perCell: ReadonlyMap<number, number>; readonly outside: number } | null;
}

/**
 * Reads the label image of a field (0 background, another value per cell). With `split` it is a mask of one value, whose
 * 4-connected pieces are numbered from 1 in the order of their first pixel.
 * @throws DataError where it is missing or no label image.
 */
export async function readCellLabels(
  entry: FieldEntry,
  split: boolean,
  path: string,
): Promise<{
  readonly labels: PlaneValues;
  readonly height: number;
  readonly width: number;
  readonly path: string;
}> {
  if (entry.labels === null)
    throw new DataError(
      `has no label image for the field ${entry.name}; name it in a column Labels of the manifest, or give --label-images`,
      { path },
    );
  const image = await readLabels(entry.labels, entry);
  return { ...image, labels: split ? pieces(image, entry.labels) : image.labels, path: entry.labels };
}

/**
 * Finds the cells of a field by its label images.
 * @throws DataError where a label image is missing, of another size than that of the nuclei, or a mask that does not tell
 * cells apart.
 */
export async function findCells(entry: FieldEntry, split: boolean, list: string): Promise<FieldCells> {
  const { labels, height, width, path } = await readCellLabels(entry, split, list);
  const objects = listObjects(labels, height, width, path);
  if (!split && objects.length === 1) {
    const found = connectedComponents(labels, height, width, new Int32Array(labels.length));
    if (found > 1)
      throw new DataError(
        `holds one value besides 0 (${objects[0].label}) in ${found} separate pieces: a mask that does not tell cells apart; --split-objects takes every piece for a cell`,
        { path },
      );
  }
  if (entry.nuclei === null) return { height, width, objects, nuclei: null };
  const nuclei = await readLabels(entry.nuclei, entry);
  if (nuclei.height !== height || nuclei.width !== width)
    throw new DataError(
      `is ${nuclei.height} x ${nuclei.width} px, the labels of its cells ${path} are ${height} x ${width} px; nuclei and cells need one size`,
      { path: entry.nuclei },
    );
  const own = split ? pieces(nuclei, entry.nuclei) : nuclei.labels;
  return { height, width, objects, nuclei: matchNuclei(labels, own) };
}

function pieces(
  {
    labels,
    height,
    width,
  }: { readonly labels: PlaneValues; readonly height: number; readonly width: number },
  path: string,
): Int32Array {
  const other = labels.find((v) => v !== 0);
  const second = labels.find((v) => v !== 0 && v !== other);
  if (second !== undefined)
    throw new DataError(
      `tells cells apart already (it holds ${other} and ${second}); leave --split-objects out`,
      { path },
    );
  const out = new Int32Array(labels.length);
  connectedComponents(labels, height, width, out);
  return out;
}
