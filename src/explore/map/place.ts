/** Places of composites on the map, one entry per row of the plan; NaN where there is none. */
export interface Places {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** A part of the map: its middle, and units of the map per pixel of the screen, the same in both directions. */
export interface Frame {
  readonly x: number;
  readonly y: number;
  readonly unit: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The frame that shows all places with a margin; null where there are none. */
export function frameOf({ x, y }: Places, { width, height }: Size): Frame | null {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < x.length; i++) {
    if (x[i] < left) left = x[i];
    if (x[i] > right) right = x[i];
    if (y[i] < low) low = y[i];
    if (y[i] > high) high = y[i];
  }
  if (!(left <= right && low <= high)) return null;
  const unit = 1.08 * Math.max((right - left) / Math.max(1, width), (high - low) / Math.max(1, height));
  return { x: (left + right) / 2, y: (low + high) / 2, unit: unit > 0 ? unit : 1 / Math.max(1, width) };
}

/** Where a place is on the screen, px from the left and the top. */
export function toScreen(frame: Frame, { width, height }: Size, x: number, y: number): [number, number] {
  return [width / 2 + (x - frame.x) / frame.unit, height / 2 - (y - frame.y) / frame.unit];
}

/** The place at a point of the screen. */
export function toPlace(frame: Frame, { width, height }: Size, px: number, py: number): [number, number] {
  return [frame.x + (px - width / 2) * frame.unit, frame.y - (py - height / 2) * frame.unit];
}

/** The frame `factor` times as near (over 1) or far, with what is at (px, py) left where it is. */
export function zoomed(frame: Frame, size: Size, px: number, py: number, factor: number): Frame {
  const [x, y] = toPlace(frame, size, px, py);
  const unit = frame.unit / factor;
  return { x: x - (px - size.width / 2) * unit, y: y + (py - size.height / 2) * unit, unit };
}

/** Round values of an axis from `low` to `high`, about `count` of them. */
export function ticksOf(low: number, high: number, count: number): number[] {
  const rough = (high - low) / Math.max(1, count);
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((s) => s * power >= rough) ?? 10);
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Finds the places that are near to a point, of some rows of the plan, by squares of a grid. */
export class PlaceIndex {
  readonly #places: Places;
  readonly #rows: Int32Array;
  /** Rows by square, and where each square's start. */
  readonly #starts: Int32Array;
  readonly #across: number;
  readonly #left: number;
  readonly #low: number;
  readonly #side: number;

  constructor(places: Places, rows: Int32Array) {
    const { x, y } = places;
    let [left, right, low, high, n] = [Infinity, -Infinity, Infinity, -Infinity, 0];
    for (const row of rows) {
      if (Number.isNaN(x[row] + y[row])) continue;
      n++;
      left = Math.min(left, x[row]);
      right = Math.max(right, x[row]);
      low = Math.min(low, y[row]);
      high = Math.max(high, y[row]);
    }
    this.#places = places;
    this.#across = Math.max(1, Math.min(512, Math.ceil(Math.sqrt(n / 4))));
    this.#side = n === 0 ? 1 : Math.max(right - left, high - low) / this.#across || 1;
    this.#left = n === 0 ? 0 : left;
    this.#low = n === 0 ? 0 : low;
    this.#starts = new Int32Array(this.#across ** 2 + 1);
    const square = (row: number) => this.#column(x[row]) + this.#across * this.#line(y[row]);
    for (const row of rows) if (!Number.isNaN(x[row] + y[row])) this.#starts[square(row) + 1]++;
    for (let s = 0; s < this.#across ** 2; s++) this.#starts[s + 1] += this.#starts[s];
    const next = this.#starts.slice();
    this.#rows = new Int32Array(n);
    for (const row of rows) if (!Number.isNaN(x[row] + y[row])) this.#rows[next[square(row)]++] = row;
  }

  #column(x: number): number {
    return Math.max(0, Math.min(this.#across - 1, Math.floor((x - this.#left) / this.#side)));
  }

  #line(y: number): number {
    return Math.max(0, Math.min(this.#across - 1, Math.floor((y - this.#low) / this.#side)));
  }

  /** Row of the nearest place within `most` of (x, y); of equals the first of the plan. -1: none. */
  nearest(x: number, y: number, most: number): number {
    let [best, least] = [-1, most ** 2];
    this.#within(x, y, most, (row, squared) => {
      if (squared < least || (squared === least && (best < 0 || row < best))) [best, least] = [row, squared];
    });
    return best;
  }

  /** Rows of the `count` nearest places for which `wanted` holds, nearest first. */
  nearestOf(x: number, y: number, count: number, wanted: (row: number) => boolean): number[] {
    const all = this.#rows.length;
    const extent = this.#side * this.#across;
    for (let reach = this.#side; ; reach *= 2) {
      const found: { row: number; squared: number }[] = [];
      this.#within(x, y, reach, (row, squared) => {
        if (wanted(row)) found.push({ row, squared });
      });
      const away = Math.hypot(x - this.#left, y - this.#low) + 2 * extent;
      if (found.length < Math.min(count, all) && reach < away) continue;
      return found
        .sort((a, b) => a.squared - b.squared || a.row - b.row)
        .slice(0, count)
        .map(({ row }) => row);
    }
  }

  #within(x: number, y: number, reach: number, found: (row: number, squared: number) => void): void {
    const [from, to] = [this.#column(x - reach), this.#column(x + reach)];
    for (let line = this.#line(y - reach); line <= this.#line(y + reach); line++)
      for (
        let at = this.#starts[line * this.#across + from];
        at < this.#starts[line * this.#across + to + 1];
        at++
      ) {
        const row = this.#rows[at];
        const squared = (this.#places.x[row] - x) ** 2 + (this.#places.y[row] - y) ** 2;
        if (squared <= reach ** 2) found(row, squared);
      }
  }
}
