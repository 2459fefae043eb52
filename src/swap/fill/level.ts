/**
 * Smooth level: normalized convolution (Knutsson & Westin 1993) of chosen pixels with a Gaussian, on square blocks,
 * interpolated linearly between block centers. Where no chosen pixel is near, a given center stands in, with the
 * weight of one pixel. {@link weigh} says which pixels are chosen, {@link measure} takes the values of one channel.
 */
export class Level {
  readonly #width: number;
  readonly #rows: number;
  readonly #columns: number;
  readonly #weight: Float64Array;
  readonly #sum: Float64Array;
  readonly #line: Float64Array;
  /** Gaussian from -reach to reach. */
  readonly #kernel: Float64Array;
  readonly #reach: number;
  /** Block of every pixel, and of every chosen one. */
  readonly #blockOf: Int32Array;
  readonly #block: Int32Array;
  #size = 0;
  /** Blocks above and below every row of pixels (as offsets), left and right of every column; share of the second. */
  readonly #above: Int32Array;
  readonly #below: Int32Array;
  readonly #left: Int32Array;
  readonly #right: Int32Array;
  readonly #shareY: Float64Array;
  readonly #shareX: Float64Array;
  /** Rows and columns of blocks that are asked for. */
  #top = 0;
  #bottom = 0;
  #first = 0;
  #last = 0;
  readonly #upper: Float64Array;
  readonly #lower: Float64Array;

  /** `block` is the side of a block, `sigma` the Gaussian's standard deviation, both in px. */
  constructor(height: number, width: number, block: number, sigma: number) {
    this.#width = width;
    this.#rows = Math.ceil(height / block);
    this.#columns = Math.ceil(width / block);
    const blocks = this.#rows * this.#columns;
    // With room for sums that are formed and not kept.
    this.#weight = new Float64Array(blocks + 3);
    this.#sum = new Float64Array(blocks + 3);
    this.#line = new Float64Array(blocks + 3 * this.#columns);
    const s = sigma / block;
    this.#reach = Math.ceil(3 * s);
    this.#kernel = Float64Array.from({ length: 2 * this.#reach + 1 }, (_, k) =>
      Math.exp(-((k - this.#reach) ** 2) / (2 * s * s)),
    );
    this.#blockOf = Int32Array.from(
      { length: height * width },
      (_, p) => Math.floor(p / width / block) * this.#columns + Math.floor((p % width) / block),
    );
    this.#block = new Int32Array(height * width);
    const place = (x: number) => Math.max((x + 0.5) / block - 0.5, 0);
    const near = (size: number, blocks: number, next: number) =>
      Int32Array.from({ length: size }, (_, x) => Math.min(Math.floor(place(x)) + next, blocks - 1));
    const share = (size: number) =>
      Float64Array.from({ length: size }, (_, x) => place(x) - Math.floor(place(x)));
    this.#above = near(height, this.#rows, 0).map((b) => b * this.#columns);
    this.#below = near(height, this.#rows, 1).map((b) => b * this.#columns);
    this.#left = near(width, this.#columns, 0);
    this.#right = near(width, this.#columns, 1);
    this.#shareY = share(height);
    this.#shareX = share(width);
    this.#upper = new Float64Array(width);
    this.#lower = new Float64Array(width);
  }

  /**
   * Chooses the first `size` pixels of `pool`.
   * @param asked pixels at which the level will be asked for, `count` of them, ascending; everywhere without them
   */
  weigh(pool: Int32Array, size: number, asked?: Int32Array, count = 0): void {
    const [block, blockOf, weight] = [this.#block, this.#blockOf, this.#weight];
    this.#size = size;
    this.#ask(asked, count);
    weight.fill(0);
    for (let k = 0; k < size; k++) {
      const b = blockOf[pool[k]];
      block[k] = b;
      weight[b] += 1;
    }
    this.#smooth(weight);
  }

  /** Takes the chosen pixels' values less the center, in the order of the pool. */
  measure(values: Float64Array): void {
    const [block, sum, weight, columns] = [this.#block, this.#sum, this.#weight, this.#columns];
    sum.fill(0);
    for (let k = 0; k < this.#size; k++) sum[block[k]] += values[k];
    this.#smooth(sum);
    for (let y = this.#top; y <= this.#bottom; y++)
      for (let b = y * columns + this.#first; b <= y * columns + this.#last; b++) sum[b] /= weight[b] + 1;
  }

  /** The level less the center at pixel `p`, rounded to float32. */
  at(p: number): number {
    const sum = this.#sum;
    const y = (p / this.#width) | 0;
    const x = p - y * this.#width;
    const above = this.#above[y];
    const below = this.#below[y];
    const left = this.#left[x];
    const right = this.#right[x];
    const dx = this.#shareX[x];
    const a = sum[above + left] + dx * (sum[above + right] - sum[above + left]);
    const b = sum[below + left] + dx * (sum[below + right] - sum[below + left]);
    return Math.fround(a + this.#shareY[y] * (b - a));
  }

  /** Writes the level, with its `center`, of all pixels to `out` from `offset` on. */
  spread(center: number, out: Float32Array, offset: number): void {
    const [upper, lower, width] = [this.#upper, this.#lower, this.#width];
    let [above, below] = [-1, -1];
    for (let y = 0, p = offset; y < this.#shareY.length; y++) {
      if (this.#above[y] !== above || this.#below[y] !== below) {
        [above, below] = [this.#above[y], this.#below[y]];
        this.#alongRow(above, upper);
        this.#alongRow(below, lower);
      }
      const dy = this.#shareY[y];
      for (let x = 0; x < width; x++, p++) out[p] = center + upper[x] + dy * (lower[x] - upper[x]);
    }
  }

  #alongRow(row: number, out: Float64Array): void {
    const sum = this.#sum;
    for (let x = 0; x < out.length; x++) {
      const left = sum[row + this.#left[x]];
      out[x] = left + this.#shareX[x] * (sum[row + this.#right[x]] - left);
    }
  }

  /** Sets the window of blocks that are needed for the pixels asked for. */
  #ask(asked: Int32Array | undefined, count: number): void {
    const columns = this.#columns;
    [this.#top, this.#bottom, this.#first, this.#last] = [0, this.#rows - 1, 0, columns - 1];
    if (asked === undefined) return;
    [this.#first, this.#last, this.#bottom] = [columns, -1, -1];
    if (count === 0) return;
    const width = this.#width;
    this.#top = this.#above[(asked[0] / width) | 0] / columns;
    this.#bottom = this.#below[(asked[count - 1] / width) | 0] / columns;
    for (let n = 0; n < count; n++) {
      const x = asked[n] % width;
      if (this.#left[x] < this.#first) this.#first = this.#left[x];
      if (this.#right[x] > this.#last) this.#last = this.#right[x];
    }
  }

  /** Convolves the window of a grid, columns then rows, four sums at a time; each runs from the first block to the last. */
  #smooth(grid: Float64Array): void {
    const [rows, columns, line, kernel, reach] = [
      this.#rows,
      this.#columns,
      this.#line,
      this.#kernel,
      this.#reach,
    ];
    const [top, bottom, first, last] = [this.#top, this.#bottom, this.#first, this.#last];
    const left = Math.max(0, first - reach);
    const right = Math.min(columns - 1, last + reach);
    for (let y = top; y <= bottom; y++) {
      const from = Math.max(0, y - reach);
      const to = Math.min(rows - 1, y + reach);
      for (let x = left; x <= right; x += 4) {
        let a = 0;
        let b = 0;
        let c = 0;
        let d = 0;
        for (let k = from, g = from * columns + x; k <= to; k++, g += columns) {
          const w = kernel[k - y + reach];
          a += w * grid[g];
          b += w * grid[g + 1];
          c += w * grid[g + 2];
          d += w * grid[g + 3];
        }
        const to4 = y * columns + x;
        line[to4] = a;
        if (x < right) line[to4 + 1] = b;
        if (x + 1 < right) line[to4 + 2] = c;
        if (x + 2 < right) line[to4 + 3] = d;
      }
    }
    for (let y = top; y <= bottom; y += 4) {
      const row = y * columns;
      for (let x = first; x <= last; x++) {
        const from = Math.max(0, x - reach);
        const to = Math.min(columns - 1, x + reach);
        let a = 0;
        let b = 0;
        let c = 0;
        let d = 0;
        for (let k = from, l = row + from; k <= to; k++, l++) {
          const w = kernel[k - x + reach];
          a += w * line[l];
          b += w * line[l + columns];
          c += w * line[l + 2 * columns];
          d += w * line[l + 3 * columns];
        }
        grid[row + x] = a;
        if (y < bottom) grid[row + columns + x] = b;
        if (y + 1 < bottom) grid[row + 2 * columns + x] = c;
        if (y + 2 < bottom) grid[row + 3 * columns + x] = d;
      }
    }
  }
}
