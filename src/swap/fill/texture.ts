import type { Random } from "../../core/rng.ts";

/** Side of a patch, width of the seam it shares with the next one, and the fewest places it may come from. */
const SIZES: readonly (readonly [side: number, seam: number, places: number])[] = [
  [12, 4, 60],
  [8, 3, 60],
  [6, 2, 50],
  [4, 1, 40],
  [2, 0, 30],
  [1, 0, 1],
];

/**
 * Weaves noise from patches of known noise. Patches are squares of good pixels, as large as there are places for
 * (12 px down to single pixels), drawn without replacement until all places are used, turned and mirrored at random.
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
  readonly #ramp = new Float64Array(12);

  constructor(channels: number, height: number, width: number) {
    this.#channels = channels;
    this.#height = height;
    this.#width = width;
    this.#sums = new Int32Array((height + 1) * (width + 1));
    this.#places = new Int32Array(height * width);
  }

  /**
   * Writes noise to `out` (channels x pixels) wherever `wanted` is 1; other pixels of `out` are undefined.
   * @param noise channels x pixels @param good 1 where `noise` may be taken from; at least one pixel
   * @returns side of the patches used, px
   */
  weave(
    noise: Float32Array,
    good: Uint8Array,
    wanted: Uint8Array,
    random: Random,
    out: Float32Array,
  ): number {
    const [height, width] = [this.#height, this.#width];
    this.#sumUp(good);
    let choice = 0;
    let places = 0;
    for (; choice < SIZES.length; choice++) {
      places = this.#findPlaces(SIZES[choice][0]);
      if (places >= SIZES[choice][2]) break;
    }
    const [side, seam] = SIZES[choice];
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
        this.#add(noise, place, Math.floor(random() * 8), y, x, side, out);
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

  /** Adds the patch at `place`, turned by one of the 8 symmetries of the square, at (y0, x0). */
  #add(
    noise: Float32Array,
    place: number,
    turn: number,
    y0: number,
    x0: number,
    side: number,
    out: Float32Array,
  ): void {
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
