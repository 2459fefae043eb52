import { DataError } from "../../errors.ts";
import { connectedComponents } from "../../image/components.ts";
import type { PlaneValues } from "../../image/planes.ts";
import { WatershedScratch, watershed } from "../../image/watershed.ts";
import type { Rows } from "../readers/field-image.ts";
import { readLabels } from "../readers/field-planes.ts";
import type { FieldEntry } from "./field.ts";
import { matchNuclei, type NucleusMatch } from "./nuclei.ts";
import { type LabeledObject, listObjects } from "./objects.ts";

/** What a field's label images hold. */
export interface FieldCells {
  readonly height: number;
  readonly width: number;
  readonly objects: readonly LabeledObject[];
  /** Nuclei per cell; null without labels of nuclei. */
  readonly nuclei: NucleusMatch | null;
}

interface LabelImage {
  readonly labels: PlaneValues;
  readonly height: number;
  readonly width: number;
}

/**
 * Reads the label image of a field (0 background, another value per cell). With `split` it is a mask of one value whose
 * 4-connected pieces are the cells, numbered from 1 in the order of their first pixel; where the field has labels of
 * nuclei as well, a piece with nuclei is divided among them, every pixel to the nucleus that is nearest within the piece,
 * and has the nucleus' label (pieces without one follow after the largest label). Without `split` some `rows` may be read.
 * @throws DataError where it is missing, no label image or, with `split`, tells cells apart already.
 */
export async function readCellLabels(
  entry: FieldEntry,
  split: boolean,
  list: string,
  rows?: Rows,
): Promise<LabelImage & { readonly path: string; readonly nuclei: PlaneValues | null }> {
  const { labels: path } = entry;
  if (path === null)
    throw new DataError(
      `has no label image for the field ${entry.name}; name it in a column Labels of the manifest, or give --label-images`,
      { path: list },
    );
  const image = await readLabels(path, entry, rows);
  if (!split) return { ...image, path, nuclei: null };
  const cells = pieces(image, path);
  if (entry.nuclei === null) return { ...image, path, labels: cells, nuclei: null };
  const nuclei = numbered(await readNuclei(entry.nuclei, entry, image, path), entry.nuclei);
  return { ...image, path, labels: divide(cells, nuclei, image.height, image.width), nuclei };
}

/**
 * Finds the cells of a field by its label images.
 * @throws DataError as {@link readCellLabels}, where nuclei have another size, or for a mask that does not tell cells
 * apart.
 */
export async function findCells(entry: FieldEntry, split: boolean, list: string): Promise<FieldCells> {
  const { labels, height, width, path, nuclei: divided } = await readCellLabels(entry, split, list);
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
  const nuclei = divided ?? (await readNuclei(entry.nuclei, entry, { height, width }, path)).labels;
  return { height, width, objects, nuclei: matchNuclei(labels, nuclei, entry.nuclei) };
}

async function readNuclei(
  path: string,
  entry: FieldEntry,
  { height, width }: Pick<LabelImage, "height" | "width">,
  cells: string,
): Promise<LabelImage> {
  const nuclei = await readLabels(path, entry);
  if (nuclei.height !== height || nuclei.width !== width)
    throw new DataError(
      `is ${nuclei.height} x ${nuclei.width} px, the labels of its cells ${cells} are ${height} x ${width} px; nuclei and cells need one size`,
      { path },
    );
  return nuclei;
}

/** Two different values besides 0, as far as there are any. */
function values(labels: PlaneValues): [number | undefined, number | undefined] {
  const first = labels.find((v) => v !== 0);
  return [first, labels.find((v) => v !== 0 && v !== first)];
}

function pieces({ labels, height, width }: LabelImage, path: string): Int32Array {
  const [first, second] = values(labels);
  if (second !== undefined)
    throw new DataError(
      `tells cells apart already (it holds ${first} and ${second}); leave --split-objects out`,
      { path },
    );
  const out = new Int32Array(labels.length);
  connectedComponents(labels, height, width, out);
  return out;
}

/** Labels of nuclei that fit into 32 bits, or the pieces of a mask of one value. */
function numbered(image: LabelImage, path: string): Int32Array {
  if (values(image.labels)[1] === undefined) return pieces(image, path);
  const out = Int32Array.from(image.labels);
  const other = out.findIndex((v, p) => v !== image.labels[p] || v < 0);
  if (other >= 0)
    throw new DataError(
      `has the value ${image.labels[other]}; nuclei that divide a mask need labels from 0 to 2,147,483,647`,
      { path },
    );
  return out;
}

function divide(cells: Int32Array, nuclei: Int32Array, height: number, width: number): Int32Array {
  const out = nuclei.slice();
  let largest = 0;
  for (const nucleus of nuclei) if (nucleus > largest) largest = nucleus;
  const mask = Uint8Array.from(cells, (v) => (v === 0 ? 0 : 1));
  watershed(new Float64Array(cells.length), mask, height, width, out, new WatershedScratch(cells.length));
  for (let p = 0; p < out.length; p++) if (out[p] === 0 && cells[p] !== 0) out[p] = largest + cells[p];
  return out;
}
