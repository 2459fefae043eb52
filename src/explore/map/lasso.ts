import type { Places } from "./place.ts";

/** Corners of a line that was drawn around places, in units of the map. */
export type Lasso = readonly (readonly [x: number, y: number])[];

/** Corners that a lasso keeps, so that it fits into an address. */
const MOST_CORNERS = 24;

/** Rows whose places lie inside, by the rule of even and odd crossings. */
export function inLasso(rows: Int32Array, { x, y }: Places, lasso: Lasso): Int32Array {
  const out = new Int32Array(rows.length);
  let n = 0;
  const [xs, ys] = [lasso.map(([a]) => a), lasso.map(([, b]) => b)];
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  for (const row of rows) {
    const [px, py] = [x[row], y[row]];
    if (!(px >= left && px <= right && py >= low && py <= high)) continue;
    let inside = false;
    for (let i = 0, j = xs.length - 1; i < xs.length; j = i++)
      if (ys[i] > py !== ys[j] > py && px < ((xs[j] - xs[i]) * (py - ys[i])) / (ys[j] - ys[i]) + xs[i])
        inside = !inside;
    if (inside) out[n++] = row;
  }
  return out.slice(0, n);
}

/** Part of a lasso's bounding box that a corner must be worth. */
const LEAST_WORTH = 5e-4;

/** The lasso with few corners: those go first without which it changes least, and all without which it hardly does. */
export function simpler(lasso: Lasso, most = MOST_CORNERS): Lasso {
  const left = [...lasso];
  const area = (i: number) => {
    const [ax, ay] = left[(i + left.length - 1) % left.length];
    const [bx, by] = left[i];
    const [cx, cy] = left[(i + 1) % left.length];
    return Math.abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2;
  };
  const extent = (of: number[]) => Math.max(...of) - Math.min(...of);
  const enough = LEAST_WORTH * extent(lasso.map(([x]) => x)) * extent(lasso.map(([, y]) => y));
  while (left.length > 3) {
    let least = 0;
    for (let i = 1; i < left.length; i++) if (area(i) < area(least)) least = i;
    if (left.length <= most && area(least) >= enough) break;
    left.splice(least, 1);
  }
  return left;
}

/** Text of a lasso for the address: four digits of each number. */
export function formatLasso(lasso: Lasso): string {
  return lasso.map(([x, y]) => `${Number(x.toPrecision(4))},${Number(y.toPrecision(4))}`).join(" ");
}

/** Reads {@link formatLasso}; null where it is none. */
export function parseLasso(text: string): Lasso | null {
  const corners = text
    .split(" ")
    .map((corner) => corner.split(",").map((n) => (n === "" ? Number.NaN : Number(n))));
  const right = corners.every((c) => c.length === 2 && c.every(Number.isFinite));
  return right && corners.length >= 3 && corners.length <= 100
    ? corners.map(([x, y]) => [x, y] as const)
    : null;
}
