import { median } from "../core/statistics.ts";
import { SettingError } from "../errors.ts";
import { BACKGROUND, CENTER, type Cells, type CompositeOptions, type CropSource } from "../types.ts";
import { streamMedian } from "./median.ts";

/** How pixels are scaled for composites. */
export interface Scales {
  readonly kind: "none" | "crop" | "group";
  /** Group names; empty unless `kind` is `group`. */
  readonly groups: readonly string[];
  /** Index into `groups` of every cell. */
  readonly groupOf: Int32Array;
  /** Median of the cell-free pixels, groups x channels. */
  readonly background: Float64Array;
  /** Median over the cells of the mean inside the center mask, groups x channels. */
  readonly cell: Float64Array;
}

/** Scales that leave pixels as they are (`none`), or bring each crop's minimum and maximum to 0 and 1 (`crop`). */
export function plainScales(kind: "none" | "crop"): Scales {
  const empty = new Float64Array(0);
  return { kind, groups: [], groupOf: new Int32Array(0), background: empty, cell: empty };
}

/** Which group (field or protein) every cell belongs to, and which cells its scale is measured on. */
export interface Grouping {
  readonly groups: readonly string[];
  readonly groupOf: Int32Array;
  readonly usable: Uint8Array;
}

/**
 * The groups that the intensity option asks for; null for `none` and `crop`, which have none.
 * @throws SettingError for `protein` where the cells have none
 */
export function groupOf(
  cells: Pick<Cells, "field" | "protein" | "usable">,
  intensity: CompositeOptions["intensity"],
): Grouping | null {
  if (intensity === "none" || intensity === "crop") return null;
  const ids = new Map<string, number>();
  const names = cells[intensity];
  if (names === null)
    throw new SettingError(
      "the cells have no protein to measure intensity by; choose intensity `field` or `crop`, or import them with a column Protein",
    );
  const of = Int32Array.from(names, (name) => {
    let id = ids.get(name);
    if (id === undefined) ids.set(name, (id = ids.size));
    return id;
  });
  return { groups: [...ids.keys()], groupOf: of, usable: cells.usable };
}

/** Pixels of one group that are held by default; larger groups are read several times. */
const HELD = 1 << 22;

export interface MeasureOptions {
  /** Pixels of one group that are held in memory at most. */
  readonly held?: number;
  /** Called before every group with the number of cells that are measured, and of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Scale of every group (field or protein) and channel, from its usable cells: `background` is the median of all
 * pixels with label 0, `cell` the median over the cells of the mean inside the center mask. Medians are exact, memory
 * is bounded whatever the number of cells. With them a pixel x is (x - background) / (cell - background) in units of its
 * group: what whole crops are brought to by protein, and what a background keeps in the cell's field by field.
 *
 * @param grouping from {@link groupOf}; null for intensity `none` and `crop`, where nothing is measured
 * @throws SettingError for a group without cell-free pixels, or whose two constants coincide
 */
export function measureScales(
  source: CropSource,
  { intensity }: Pick<CompositeOptions, "intensity">,
  grouping: Grouping | null,
  { held = HELD, onProgress }: MeasureOptions = {},
): Scales {
  if (intensity === "none" || intensity === "crop" || grouping === null)
    return plainScales(intensity === "crop" ? "crop" : "none");
  if (source.masks === "none")
    throw new SettingError(
      `intensity \`${intensity}\` needs masks; make them with \`cellswap segment CELLS\`, or give "segment" in the study file, or choose \`crop\` or \`none\``,
    );
  const { groups, groupOf, usable } = grouping;
  const rows: number[][] = groups.map(() => []);
  for (let cell = 0; cell < source.count; cell++) if (usable[cell] === 1) rows[groupOf[cell]].push(cell);
  const channels = source.channels.length;
  const background = new Float64Array(groups.length * channels);
  const cell = new Float64Array(groups.length * channels);
  const reader = new GroupReader(source);
  const total = rows.reduce((n, cells) => n + cells.length, 0);
  let done = 0;
  rows.forEach((cells, g) => {
    onProgress?.(done, total);
    done += cells.length;
    // A group without usable cells is not scaled; compose() refuses its cells.
    if (cells.length === 0) {
      background.fill(Number.NaN, g * channels, (g + 1) * channels);
      cell.fill(Number.NaN, g * channels, (g + 1) * channels);
      return;
    }
    const measured = reader.measure(cells, held);
    for (let c = 0; c < channels; c++) {
      const at = g * channels + c;
      background[at] = measured.background[c];
      cell[at] = measured.cell[c];
      if (measured.pixels === 0)
        throw new SettingError(
          `${groups[g]} has no cell-free pixels, so its background level is unknown; choose intensity by protein or crop, or look at its masks`,
        );
      if (background[at] === cell[at] || Number.isNaN(cell[at]))
        throw new SettingError(
          `${groups[g]}, channel ${source.channels[c]}: cells and background have the same level (${background[at]}); leave the group out, choose intensity \`crop\`, or look at its masks`,
        );
    }
  });
  return { kind: "group", groups, groupOf, background, cell };
}

class GroupReader {
  readonly #source: CropSource;
  readonly #crop: Float32Array;
  readonly #mask: Uint8Array;
  readonly #piece: Float32Array;

  constructor(source: CropSource) {
    this.#source = source;
    const pixels = source.height * source.width;
    this.#crop = new Float32Array(source.channels.length * pixels);
    this.#mask = new Uint8Array(pixels);
    this.#piece = new Float32Array(pixels);
  }

  measure(
    cells: readonly number[],
    held: number,
  ): { pixels: number; background: Float64Array; cell: Float64Array } {
    const channels = this.#source.channels.length;
    const means = Array.from({ length: channels }, () => new Float64Array(cells.length));
    let pixels = 0;
    let hold: Float32Array[] | null = Array.from({ length: channels }, () => new Float32Array(0));
    cells.forEach((cell, k) => {
      this.#read(cell);
      const free = this.#count(BACKGROUND);
      if (hold !== null && (pixels + free) * channels > held) hold = null;
      for (let c = 0; c < channels; c++) {
        means[c][k] = this.#centerMean(c);
        if (hold === null) continue;
        if (hold[c].length < pixels + free) {
          const larger = new Float32Array(2 * (pixels + free));
          larger.set(hold[c]);
          hold[c] = larger;
        }
        this.#free(c, hold[c], pixels);
      }
      pixels += free;
    });
    const background = Float64Array.from(means, (_, c) =>
      streamMedian((visit) => {
        if (hold !== null) return visit(hold[c], pixels);
        for (const cell of cells) {
          this.#read(cell);
          visit(this.#piece, this.#free(c, this.#piece, 0));
        }
      }, pixels),
    );
    return { pixels, background, cell: Float64Array.from(means, (m) => median(m)) };
  }

  #read(cell: number): void {
    this.#source.readCrop(cell, this.#crop);
    this.#source.readMask(cell, this.#mask);
  }

  #count(label: number): number {
    let n = 0;
    for (let p = 0; p < this.#mask.length; p++) if (this.#mask[p] === label) n++;
    return n;
  }

  #centerMean(channel: number): number {
    const offset = channel * this.#mask.length;
    let sum = 0;
    let n = 0;
    for (let p = 0; p < this.#mask.length; p++)
      if (this.#mask[p] === CENTER) {
        sum += this.#crop[offset + p];
        n++;
      }
    return sum / n;
  }

  /** Copies the cell-free pixels of a channel to `out` from `at` on; returns how many. */
  #free(channel: number, out: Float32Array, at: number): number {
    const offset = channel * this.#mask.length;
    let n = at;
    for (let p = 0; p < this.#mask.length; p++)
      if (this.#mask[p] === BACKGROUND) out[n++] = this.#crop[offset + p];
    return n - at;
  }
}

/** @throws SettingError where pixels are scaled by groups and that of `cell` has no scale */
export function checkScale(
  { kind, groups, groupOf, cell: levels }: Scales,
  cell: number,
  channels: number,
): void {
  if (kind !== "group") return;
  const group = groupOf[cell];
  if (Number.isNaN(levels[group * channels]))
    throw new SettingError(
      `${groups[group]} has no usable cell to measure its intensity on; leave its cells out, choose intensity \`crop\`, or look at its masks`,
    );
}

/** What becomes of a pixel x of each channel: (x - zero) / range, not below `low`, not above `high`. */
export interface PixelScale {
  readonly zero: Float64Array;
  readonly range: Float64Array;
  low: number;
  high: number;
}

/** Leaves the pixels of `channels` channels as they are. */
export function unscaled(channels: number): PixelScale {
  const zero = new Float64Array(channels);
  return { zero, range: new Float64Array(channels).fill(1), low: -Infinity, high: Infinity };
}

/** Finds the scale of the crop of `cell` (channels x pixels, unscaled), clipped where `clip` is given. */
export function pixelScale(
  crop: Float32Array,
  cell: number,
  scales: Scales,
  clip: readonly [number, number] | null,
  out: PixelScale,
): void {
  const { zero, range } = out;
  const channels = zero.length;
  const plain = scales.kind === "none";
  out.low = plain ? -Infinity : (clip?.[0] ?? -Infinity);
  out.high = plain ? Infinity : (clip?.[1] ?? Infinity);
  const pixels = crop.length / channels;
  for (let c = 0; c < channels; c++) {
    if (plain) {
      zero[c] = 0;
      range[c] = 1;
    } else if (scales.kind === "group") {
      const at = scales.groupOf[cell] * channels + c;
      zero[c] = scales.background[at];
      range[c] = scales.cell[at] - zero[c];
    } else {
      let bottom = Infinity;
      let top = -Infinity;
      for (let i = c * pixels; i < (c + 1) * pixels; i++) {
        if (crop[i] < bottom) bottom = crop[i];
        if (crop[i] > top) top = crop[i];
      }
      zero[c] = bottom;
      range[c] = top > bottom ? top - bottom : 1;
    }
  }
}

/** Scales the crop of `cell` (channels x pixels) in place: float64 arithmetic, clipped where `clip` is given. */
export function applyScale(
  crop: Float32Array,
  cell: number,
  channels: number,
  scales: Scales,
  clip: readonly [number, number] | null,
): void {
  if (scales.kind === "none") return;
  const scale = unscaled(channels);
  pixelScale(crop, cell, scales, clip, scale);
  const { low, high } = scale;
  const pixels = crop.length / channels;
  for (let c = 0, i = 0; c < channels; c++) {
    const zero = scale.zero[c];
    const range = scale.range[c];
    for (const end = i + pixels; i < end; i++)
      crop[i] = Math.min(Math.max((crop[i] - zero) / range, low), high);
  }
}

/** How many pixels of a crop (unscaled) outside the center cell of `mask` a scale clips. */
export function countBeyond(
  crop: Float32Array,
  { zero, range, low, high }: PixelScale,
  mask: Uint8Array,
): number {
  const pixels = mask.length;
  let count = 0;
  for (let c = 0, i = 0; c < zero.length; c++)
    for (let p = 0; p < pixels; p++, i++) {
      const v = (crop[i] - zero[c]) / range[c];
      if (mask[p] !== CENTER && (v < low || v > high)) count++;
    }
  return count;
}
