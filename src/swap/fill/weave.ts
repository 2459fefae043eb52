import type { Random } from "../../core/rng.ts";
import { type Lengths, pixelsFor } from "./lengths.ts";
import type { Medium } from "./medium.ts";

/** Side of a patch, width of the seam it shares with the next one, and the fewest places it may come from. */
type Size = readonly [side: number, seam: number, places: number];

/** Sizes for crops of 64 px, and the last for all. */
const SIZES: readonly Size[] = [
  [12, 4, 60],
  [8, 3, 60],
  [6, 2, 50],
  [4, 1, 40],
  [2, 0, 30],
];
const SINGLE: Size = [1, 0, 1];

/** Sizes in proportion to the grain (1 or more), then those of 64 px that are smaller, down to single pixels. */
function patchSizes(lengths: Pick<Lengths, "grain">): readonly Size[] {
  const { grain } = lengths;
  const grown = SIZES.map(([side, seam, places]): Size => {
    return [Math.round(side * grain), Math.round(seam * grain), pixelsFor(places, lengths)];
  });
  const least = grown[grown.length - 1][0];
  return [...grown, ...SIZES.filter(([side]) => side < least), SINGLE];
}

/** A patch of `side` px to add at (y0, x0): the one at pixel `place`, turned by one of the 8 symmetries of the square. */
interface Patch {
  readonly place: number;
  readonly turn: number;
  readonly side: number;
  readonly y0: number;
  readonly x0: number;
}

/**
 * Weaves noise from patches of known noise. Patches are squares of good pixels, as large as there are places for
 * (12 px in crops of 64 px, down to single pixels), drawn without replacement until all places are used, turned and mirrored at random.
 * Where neighbors overlap they are mixed with weights whose squares add up to 1, so that the variance is kept
 * (independent patches), and within patches so is the correlation of neighboring pixels and of channels.
 */
export class Weaver {
  readonly #height: number;
  readonly #width: number;
  readonly #channels: number;
  /** Summed-area table of good pixels, (height + 1) x (width + 1). */
  readonly #sums: Int32Array;
  readonly #places: Int32Array;
  readonly #sizes: readonly Size[];
  readonly #ramp: Float64Array;

  constructor(channels: number, height: number, width: number, lengths: Pick<Lengths, "grain">) {
    this.#channels = channels;
    this.#height = height;
    this.#width = width;
    this.#sums = new Int32Array((height + 1) * (width + 1));
    this.#places = new Int32Array(height * width);
    this.#sizes = patchSizes(lengths);
    this.#ramp = new Float64Array(this.#sizes[0][0]);
  }

  /**
   * Writes noise to `out` (channels x pixels) wherever `wanted` is 1; other pixels of `out` are undefined.
   * @param medium its noise, and at least one good pixel to take it from
   * @returns side of the patches used, px
   */
  weave(
    { noise, good }: Pick<Medium, "noise" | "good">,
    wanted: Uint8Array,
    random: Random,
    out: Float32Array,
  ): number {
    const [height, width] = [this.#height, this.#width];
    this.#sumUp(good);
    let choice = 0;
    let places = 0;
    for (const sizes = this.#sizes; choice < sizes.length; choice++) {
      places = this.#findPlaces(sizes[choice][0]);
      if (places >= sizes[choice][2]) break;
    }
    const [side, seam] = this.#sizes[choice];
    for (let k = 0; k < side; k++) {
      const rise = k < seam ? (k + 0.5) / seam : k >= side - seam ? (side - k - 0.5) / seam : 1;
      this.#ramp[k] = Math.sin((Math.PI / 2) * rise);
    }
    out.fill(0);
    const step = side - seam;
    const shiftY = Math.floor(random() * step);
    const shiftX = Math.floor(random() * step);
    let left = places;
    const end = wanted.lastIndexOf(1);
    const first = Math.floor(wanted.indexOf(1) / width);
    for (let y = -shiftY - seam; y < height && y * width <= end; y += step) {
      if (y + side <= first) continue;
      for (let x = -shiftX - seam; x < width; x += step) {
        if (!this.#touches(wanted, y, x, side)) continue;
        if (left === 0) left = places;
        const draw = Math.floor(random() * left--);
        const place = this.#places[draw];
        this.#places[draw] = this.#places[left];
        this.#places[left] = place;
        this.#add(noise, { place, turn: Math.floor(random() * 8), side, y0: y, x0: x }, out);
      }
    }
    return side;
  }

  #sumUp(good: Uint8Array): void {
    const [height, width, sums] = [this.#height, this.#width, this.#sums];
    for (let y = 0, p = 0; y < height; y++) {
      let row = 0;
      for (let x = 0; x < width; x++, p++) {
        row += good[p];
        sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
      }
    }
  }

  #findPlaces(side: number): number {
    const [height, width, sums] = [this.#height, this.#width, this.#sums];
    let n = 0;
    for (let y = 0; y + side <= height; y++)
      for (let x = 0; x + side <= width; x++) {
        const top = y * (width + 1) + x;
        const bottom = top + side * (width + 1);
        if (sums[bottom + side] - sums[bottom] - sums[top + side] + sums[top] === side * side)
          this.#places[n++] = y * width + x;
      }
    return n;
  }

  #touches(wanted: Uint8Array, y0: number, x0: number, side: number): boolean {
    for (let y = Math.max(y0, 0); y < Math.min(y0 + side, this.#height); y++)
      for (let x = Math.max(x0, 0); x < Math.min(x0 + side, this.#width); x++)
        if (wanted[y * this.#width + x] === 1) return true;
    return false;
  }

  #add(noise: Float32Array, { place, turn, side, y0, x0 }: Patch, out: Float32Array): void {
    const [height, width, ramp] = [this.#height, this.#width, this.#ramp];
    const last = side - 1;
    // In `noise`: from pixel to pixel of a row, and from row to row, of the turned patch.
    const alongX = (turn & 4) === 0 ? 1 : width;
    const alongY = (turn & 4) === 0 ? width : 1;
    const stepX = (turn & 2) === 0 ? alongX : -alongX;
    const stepY = (turn & 1) === 0 ? alongY : -alongY;
    const start = place + (stepX < 0 ? last * alongX : 0) + (stepY < 0 ? last * alongY : 0);
    const left = Math.max(0, -x0);
    const right = Math.min(side, width - x0);
    const bottom = Math.min(side, height - y0);
    for (let c = 0, offset = 0; c < this.#channels; c++, offset += height * width)
      for (let i = Math.max(0, -y0); i < bottom; i++) {
        let from = offset + start + i * stepY + left * stepX;
        let to = offset + (y0 + i) * width + x0 + left;
        const rise = ramp[i];
        for (let j = left; j < right; j++, from += stepX) out[to++] += rise * ramp[j] * noise[from];
      }
  }
}
