import { addTo } from "../core/group.ts";
import { CENTER, type Cells, type Column, type CropSource, NEIGHBOR } from "../types.ts";

/**
 * Share of each crop (0 to 1, by row) that neighbors of the cell's own class, of others and of unknown class cover; NaN
 * where the cell has no place.
 */
export interface NeighborClasses {
  readonly own: Float64Array;
  readonly other: Float64Array;
  readonly unknown: Float64Array;
}

/** A cell with its place in the field. */
interface Placed {
  readonly row: number;
  /** First column and row of its crop in the field. */
  readonly left: number;
  readonly top: number;
  /** Pixels of the cell in its crop. */
  readonly pixels: Int32Array;
}

/**
 * Tells of what class the neighbors in each crop are, from the masks of the other cells of the field: their places
 * (`Metadata_X`, `Metadata_Y`: mean of the cell's pixels in the field) put each cell's own pixels into the crops around it.
 * Neighbors that no row of `rows` shows are of unknown class. Memory grows with the pixels of the cells of one field.
 * @param source masks that know the neighbors
 * @param label class of every row; null where it is not known
 * @returns null where the cells have no places
 */
export function neighborClasses(
  source: CropSource,
  { field, metadata }: Pick<Cells, "field" | "metadata">,
  rows: Int32Array,
  label: ArrayLike<string | null>,
): NeighborClasses | null {
  const [x, y] = ["Metadata_X", "Metadata_Y"].map((name) => numbers(metadata.columns.get(name)));
  if (x === null || y === null) return null;
  const { count, height, width } = source;
  const nothing = () => new Float64Array(count).fill(Number.NaN);
  const found = { own: nothing(), other: nothing(), unknown: nothing() };
  const mask = new Uint8Array(height * width);
  const fields = new Map<string, number[]>();
  for (const row of rows) addTo(fields, field[row], row);
  for (const members of fields.values()) {
    const placed = members
      .map((row): Placed => {
        source.readMask(row, mask);
        const pixels = Int32Array.from(mask.keys()).filter((p) => mask[p] === CENTER);
        let [sumX, sumY] = [0, 0];
        for (const p of pixels) {
          sumX += p % width;
          sumY += Math.floor(p / width);
        }
        const [left, top] = [x[row] - sumX / pixels.length, y[row] - sumY / pixels.length];
        return { row, left: Math.round(left), top: Math.round(top), pixels };
      })
      .filter(({ left, top }) => Number.isFinite(left) && Number.isFinite(top))
      .sort((a, b) => a.left - b.left);
    placed.forEach((cell, at) => {
      source.readMask(cell.row, mask);
      const areas = { own: 0, other: 0 };
      for (const other of around(placed, at, width, height)) {
        const name = label[other.row];
        if (name === null || label[cell.row] === null) continue;
        const kind = name === label[cell.row] ? "own" : "other";
        areas[kind] += claim(mask, cell, other, height, width);
      }
      const left = mask.reduce((n, v) => n + (v === NEIGHBOR ? 1 : 0), 0);
      found.own[cell.row] = areas.own / mask.length;
      found.other[cell.row] = areas.other / mask.length;
      found.unknown[cell.row] = left / mask.length;
    });
  }
  return found;
}

/** Cells whose crops overlap that of the one at `at`, of cells sorted by `left`. */
function* around(placed: readonly Placed[], at: number, width: number, height: number): Generator<Placed> {
  const { left, top } = placed[at];
  const near = (other: Placed) => Math.abs(other.top - top) < height;
  for (let i = at - 1; i >= 0 && left - placed[i].left < width; i--) if (near(placed[i])) yield placed[i];
  for (let i = at + 1; i < placed.length && placed[i].left - left < width; i++)
    if (near(placed[i])) yield placed[i];
}

/** Takes the neighbor pixels that are another cell's from the mask; how many there are. */
function claim(mask: Uint8Array, cell: Placed, other: Placed, height: number, width: number): number {
  const [dx, dy] = [other.left - cell.left, other.top - cell.top];
  let claimed = 0;
  for (const p of other.pixels) {
    const x = (p % width) + dx;
    const y = Math.floor(p / width) + dy;
    if (x < 0 || y < 0 || x >= width || y >= height || mask[y * width + x] !== NEIGHBOR) continue;
    mask[y * width + x] = 0;
    claimed++;
  }
  return claimed;
}

function numbers(column: Column | undefined): ArrayLike<number> | null {
  return ArrayBuffer.isView(column) ? column : null;
}
