import { mulberry32, namedSeed, shuffle } from "../../core/rng.ts";
import { quantile } from "../../core/statistics.ts";
import { DataError } from "../../errors.ts";
import type { FieldList } from "./field.ts";
import { findCells } from "./find.ts";

/** Fields whose cells are measured at most. */
const FIELDS = 64;
/** Share of the cells that the crop is made for. */
const SHARE = 0.98;
/** Room around them: the crop's side by the cell's. */
const ROOM = 1.5;
const STEP = 16;
const LARGEST = 512;

/** Side of crops that fits the cells, and how it was found. */
export interface FittedSize {
  readonly size: number;
  /** Side of the window that holds 98 % of the cells, px. */
  readonly extent: number;
  readonly fields: number;
  readonly cells: number;
}

/**
 * Crop side that fits the cells: 1.5 times the side of the centered window that holds 98 % of them, rounded up to a
 * multiple of 16 px and at most 512 px or the smallest field; measured on 64 fields drawn by `seed`, on whole cells.
 * @throws DataError where these fields hold no whole cell.
 */
export async function fitSize(
  list: FieldList,
  split: boolean,
  seed: number,
  minArea = 0,
): Promise<FittedSize> {
  const order = shuffle([...list.fields.keys()], mulberry32(namedSeed(seed, "size of crops")));
  const drawn = order.slice(0, FIELDS).sort((a, b) => a - b);
  const extents: number[] = [];
  let room = LARGEST;
  for (const field of drawn) {
    const { objects, height, width } = await findCells(list.fields[field], split, list.path);
    for (const object of objects) if (!object.atEdge && object.area >= minArea) extents.push(object.extent);
    room = Math.min(room, STEP * Math.floor(Math.min(height, width) / STEP));
  }
  if (extents.length === 0)
    throw new DataError(
      `has no whole cell in the label images of ${drawn.length} field(s) (${list.fields[drawn[0]].labels}); check what they hold, or give --size`,
      { path: list.path },
    );
  const extent = quantile(extents, SHARE);
  return {
    size: Math.max(STEP, Math.min(STEP * Math.ceil((ROOM * extent) / STEP), room)),
    extent,
    fields: drawn.length,
    cells: extents.length,
  };
}
