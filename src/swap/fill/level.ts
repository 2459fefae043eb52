import type { Smoothing } from "./lengths.ts";
import type { PixelList } from "./pixel-list.ts";
import { coverWithTiles, smoothTiles, type Tiles, tileKernel, tileValues, type Window } from "./tiles.ts";

/**
 * Smooth level: normalized convolution (Knutsson & Westin 1993) of chosen pixels with a Gaussian, on square tiles,
 * interpolated linearly between tile centers. Where no chosen pixel is near, a given center stands in, with the
 * weight of one pixel. {@link weigh} says which pixels are chosen, {@link measure} takes the values of one channel.
 */
export class Level {
  readonly #width: number;
  readonly #tiles: Tiles;
  readonly #kernel: Float64Array;
  readonly #weight: Float64Array;
  readonly #sum: Float64Array;
  readonly #line: Float64Array;
  /** Tile of every chosen pixel. */
  readonly #tile: Int32Array;
  #size = 0;
  /** Tiles that are asked for. */
  readonly #window: Window;

  constructor(height: number, width: number, { sigma, side }: Smoothing) {
    this.#width = width;
    this.#tiles = coverWithTiles(height, width, side);
    this.#kernel = tileKernel(sigma / side);
    this.#weight = tileValues(this.#tiles);
    this.#sum = tileValues(this.#tiles);
    this.#line = tileValues(this.#tiles);
    this.#tile = new Int32Array(height * width);
    this.#window = { top: 0, bottom: -1, left: 0, right: -1 };
  }

  /** Chooses pixels. @param asked where the level will be asked for; everywhere without it */
  weigh({ pixels, size }: PixelList, asked?: PixelList): void {
    const [tile, weight] = [this.#tile, this.#weight];
    const { tileOf } = this.#tiles;
    this.#size = size;
    this.#ask(asked);
    weight.fill(0);
    for (let k = 0; k < size; k++) {
      const t = tileOf[pixels[k]];
      tile[k] = t;
      weight[t] += 1;
    }
    smoothTiles(this.#tiles, this.#kernel, this.#window, weight, this.#line);
  }

  /** Takes the chosen pixels' values less the center, in their order. */
  measure(values: Float64Array): void {
    const [tile, sum, weight] = [this.#tile, this.#sum, this.#weight];
    const { columns } = this.#tiles;
    const { top, bottom, left, right } = this.#window;
    sum.fill(0);
    for (let k = 0; k < this.#size; k++) sum[tile[k]] += values[k];
    smoothTiles(this.#tiles, this.#kernel, this.#window, sum, this.#line);
    for (let y = top; y <= bottom; y++)
      for (let t = y * columns + left; t <= y * columns + right; t++) sum[t] /= weight[t] + 1;
  }

  /** Writes the level less the center of the pixels `asked`, rounded to float32, to `out` in their order. */
  readAt({ pixels, size }: PixelList, out: Float64Array): void {
    const [sum, width] = [this.#sum, this.#width];
    const { first: above, second: below, share: shareY } = this.#tiles.vertical;
    const { first: left, second: right, share: shareX } = this.#tiles.horizontal;
    for (let n = 0; n < size; n++) {
      const p = pixels[n];
      const y = (p / width) | 0;
      const x = p - y * width;
      const dx = shareX[x];
      const upper = sum[above[y] + left[x]];
      const lower = sum[below[y] + left[x]];
      const a = upper + dx * (sum[above[y] + right[x]] - upper);
      const b = lower + dx * (sum[below[y] + right[x]] - lower);
      out[n] = Math.fround(a + shareY[y] * (b - a));
    }
  }

  /** Writes the level, with its `center`, of all pixels to `out`. */
  spread(center: number, out: Float32Array): void {
    const width = this.#width;
    const { first: above, second: below, share } = this.#tiles.vertical;
    const upper = new Float64Array(width);
    const lower = new Float64Array(width);
    for (let y = 0, p = 0; y < share.length; y++) {
      if (y === 0 || above[y] !== above[y - 1] || below[y] !== below[y - 1]) {
        this.#alongRow(above[y], upper);
        this.#alongRow(below[y], lower);
      }
      const dy = share[y];
      for (let x = 0; x < width; x++, p++) out[p] = center + upper[x] + dy * (lower[x] - upper[x]);
    }
  }

  #alongRow(row: number, out: Float64Array): void {
    const sum = this.#sum;
    const { first, second, share } = this.#tiles.horizontal;
    for (let x = 0; x < out.length; x++) {
      const left = sum[row + first[x]];
      out[x] = left + share[x] * (sum[row + second[x]] - left);
    }
  }

  /** Sets the window of tiles that are needed for the pixels asked for. */
  #ask(asked?: PixelList): void {
    const window = this.#window;
    const { rows, columns, vertical, horizontal } = this.#tiles;
    Object.assign(window, { top: 0, bottom: rows - 1, left: 0, right: columns - 1 });
    if (asked === undefined) return;
    Object.assign(window, { bottom: -1, left: columns, right: -1 });
    const { pixels, size } = asked;
    if (size === 0) return;
    const width = this.#width;
    window.top = vertical.first[(pixels[0] / width) | 0] / columns;
    window.bottom = vertical.second[(pixels[size - 1] / width) | 0] / columns;
    for (let n = 0; n < size; n++) {
      const x = pixels[n] % width;
      if (horizontal.first[x] < window.left) window.left = horizontal.first[x];
      if (horizontal.second[x] > window.right) window.right = horizontal.second[x];
    }
  }
}
