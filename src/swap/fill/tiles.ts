/** The two tiles that a row (or column) of pixels lies between: their rows (columns), and the share of the second. */
export interface Between {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly share: Float64Array;
}

/** Square tiles that cover a crop. */
export interface Tiles {
  readonly rows: number;
  readonly columns: number;
  /** Tile of every pixel, row-major. */
  readonly tileOf: Int32Array;
  /** For every row of pixels, tile centers above and below (as offsets of their rows); for every column, left and right. */
  readonly vertical: Between;
  readonly horizontal: Between;
}

/** Covers height x width px with tiles of `side` px; those at the bottom and right may reach beyond. */
export function coverWithTiles(height: number, width: number, side: number): Tiles {
  const rows = Math.ceil(height / side);
  const columns = Math.ceil(width / side);
  return {
    rows,
    columns,
    tileOf: Int32Array.from(
      { length: height * width },
      (_, p) => Math.floor(p / width / side) * columns + Math.floor((p % width) / side),
    ),
    vertical: between(height, side, rows, columns),
    horizontal: between(width, side, columns, 1),
  };
}

function between(pixels: number, side: number, tiles: number, step: number): Between {
  const place = (x: number) => Math.max((x + 0.5) / side - 0.5, 0);
  const near = (next: number) =>
    Int32Array.from({ length: pixels }, (_, x) => step * Math.min(Math.floor(place(x)) + next, tiles - 1));
  return {
    first: near(0),
    second: near(1),
    share: Float64Array.from({ length: pixels }, (_, x) => place(x) - Math.floor(place(x))),
  };
}

/** Rows and columns of tiles, all inclusive; empty where the last comes before the first. */
export interface Window {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** Gaussian from -reach to reach tiles, cut at 3 `sigma` (in tiles), 1 in the middle. */
export function tileKernel(sigma: number): Float64Array {
  const reach = Math.ceil(3 * sigma);
  return Float64Array.from({ length: 2 * reach + 1 }, (_, k) =>
    Math.exp(-((k - reach) ** 2) / (2 * sigma * sigma)),
  );
}

/** Room for the values of all tiles and for the sums that {@link smoothTiles} forms and does not keep. */
export function tileValues({ rows, columns }: Tiles): Float64Array {
  return new Float64Array(rows * columns + 3 * Math.max(columns, 1));
}

/**
 * Convolves the window of `values`, columns then rows, four sums at a time; each runs from the first tile to the last.
 * @param line scratch, as `values` from {@link tileValues}
 */
export function smoothTiles(
  { rows, columns }: Tiles,
  kernel: Float64Array,
  { top, bottom, left: first, right: last }: Window,
  values: Float64Array,
  line: Float64Array,
): void {
  const reach = (kernel.length - 1) / 2;
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
        a += w * values[g];
        b += w * values[g + 1];
        c += w * values[g + 2];
        d += w * values[g + 3];
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
      values[row + x] = a;
      if (y < bottom) values[row + columns + x] = b;
      if (y + 1 < bottom) values[row + 2 * columns + x] = c;
      if (y + 2 < bottom) values[row + 3 * columns + x] = d;
    }
  }
}
