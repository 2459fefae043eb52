import { CENTER } from "../types.ts";
import { checkScale, type Scales } from "./intensity.ts";

/** What becomes of a pixel x of each channel: (x - zero) * slope + base, not below `low`, not above `high`. */
export interface Match {
  readonly zero: Float64Array;
  readonly slope: Float64Array;
  readonly base: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
}

export function emptyMatch(channels: number): Match {
  const numbers = () => new Float64Array(channels);
  return { zero: numbers(), slope: numbers(), base: numbers(), low: numbers(), high: numbers() };
}

/**
 * Finds what brings pixels of group `from` to the scale of group `to`: the medium's level to its level, the cells' to
 * theirs.
 * @param clip range in units of `to` (0 its medium, 1 its cells); null: not clipped
 */
export function matchGroups(
  scales: Pick<Scales, "background" | "cell">,
  { from, to }: { readonly from: number; readonly to: number },
  clip: readonly [number, number] | null,
  out: Match,
): void {
  const channels = out.zero.length;
  for (let c = 0; c < channels; c++) {
    const [f, t] = [from * channels + c, to * channels + c];
    const zero = scales.background[f];
    // Never -0: no pixel is brought to it then.
    const base = scales.background[t] + 0;
    const range = scales.cell[t] - base;
    const ends = clip === null ? [-Infinity, Infinity] : clip.map((end) => base + range * end);
    out.zero[c] = zero;
    out.slope[c] = range / (scales.cell[f] - zero);
    out.base[c] = base;
    out.low[c] = Math.min(...ends);
    out.high[c] = Math.max(...ends);
  }
}

/** Writes `crop` (channels x pixels), brought to the scale of a match, to `out`: float64 arithmetic, rounded once. */
export function applyMatch(crop: Float32Array, match: Match, out: Float32Array): void {
  const channels = match.zero.length;
  const pixels = crop.length / channels;
  for (let c = 0, i = 0; c < channels; c++) {
    const zero = match.zero[c];
    const slope = match.slope[c];
    const base = match.base[c];
    const low = match.low[c];
    const high = match.high[c];
    const end = i + pixels;
    // Four at a time: their arithmetic does not wait for each other's.
    for (; i + 3 < end; i += 4) {
      const p = (crop[i] - zero) * slope + base;
      const q = (crop[i + 1] - zero) * slope + base;
      const r = (crop[i + 2] - zero) * slope + base;
      const s = (crop[i + 3] - zero) * slope + base;
      out[i] = p < low ? low : p > high ? high : p;
      out[i + 1] = q < low ? low : q > high ? high : q;
      out[i + 2] = r < low ? low : r > high ? high : r;
      out[i + 3] = s < low ? low : s > high ? high : s;
    }
    for (; i < end; i++) {
      const v = (crop[i] - zero) * slope + base;
      out[i] = v < low ? low : v > high ? high : v;
    }
  }
}

/** Brings backgrounds to the field of the cell that is pasted on them; everything else is as imaged. */
export class FieldMatcher {
  readonly #fields: Scales;
  readonly #clip: readonly [number, number] | null;
  readonly #match: Match;

  constructor(fields: Scales, channels: number, clip: readonly [number, number] | null) {
    this.#fields = fields;
    this.#clip = clip;
    this.#match = emptyMatch(channels);
  }

  /**
   * Writes a background of `donor` (channels x pixels) at the scale of the field of `cell`. False, and nothing is
   * written, where that is the donor's own field: the background stays as it is.
   * @throws SettingError where one of the fields has no scale
   */
  bring(background: Float32Array, donor: number, cell: number, out: Float32Array): boolean {
    const other = this.#find(donor, cell);
    if (other) applyMatch(background, this.#match, out);
    return other;
  }

  /** Writes the level of the medium in the field of `cell`. @throws SettingError where it has no scale */
  putMedium(cell: number, out: Float32Array): void {
    const [from, channels] = this.#at(cell);
    const pixels = out.length / channels;
    for (let c = 0; c < channels; c++)
      out.fill(this.#fields.background[from + c], c * pixels, (c + 1) * pixels);
  }

  /** How much brighter than the medium cells of the field of `cell` are, per channel. @throws SettingError */
  light(cell: number): Float64Array {
    const [from, channels] = this.#at(cell);
    const { background, cell: level } = this.#fields;
    return Float64Array.from({ length: channels }, (_, c) => level[from + c] - background[from + c]);
  }

  /** How many pixels of a background outside the center cell of `mask` are clipped in {@link bring}. */
  countClipped(background: Float32Array, donor: number, cell: number, mask: Uint8Array): number {
    if (!this.#find(donor, cell)) return 0;
    const { zero, slope, base, low, high } = this.#match;
    const pixels = mask.length;
    let count = 0;
    for (let c = 0, i = 0; c < zero.length; c++)
      for (let p = 0; p < pixels; p++, i++) {
        const v = (background[i] - zero[c]) * slope[c] + base[c];
        if (mask[p] !== CENTER && (v < low[c] || v > high[c])) count++;
      }
    return count;
  }

  /** Sets the match of two cells' fields; false where they are one field. */
  #find(donor: number, cell: number): boolean {
    const { groupOf } = this.#fields;
    const [from, to] = [groupOf[donor], groupOf[cell]];
    if (from === to) return false;
    this.#at(donor);
    this.#at(cell);
    matchGroups(this.#fields, { from, to }, this.#clip, this.#match);
    return true;
  }

  /** Where the constants of the field of `cell` begin, and how many channels there are. */
  #at(cell: number): [number, number] {
    const channels = this.#match.zero.length;
    checkScale(this.#fields, cell, channels);
    return [this.#fields.groupOf[cell] * channels, channels];
  }
}
