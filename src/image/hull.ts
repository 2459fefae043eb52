/**
 * Number of pixels whose centers lie in the convex hull of the pixel centers labeled `label`; 0 where there are none.
 * Hull by the monotone chain (Andrew 1979) over the outermost pixels of each row, pixel count by Pick's theorem, so
 * that everything is exact in integers and a digitally convex blob has as many hull pixels as pixels.
 */
export function hullPixels(mask: Uint8Array, height: number, width: number, label: number): number {
  const xs: number[] = [];
  const ys: number[] = [];
  for (let y = 0; y < height; y++) {
    const first = mask.subarray(y * width, (y + 1) * width).indexOf(label);
    if (first < 0) continue;
    const last = mask.subarray(y * width, (y + 1) * width).lastIndexOf(label);
    xs.push(first);
    ys.push(y);
    if (last !== first) {
      xs.push(last);
      ys.push(y);
    }
  }
  const hull: number[] = [];
  for (const order of [1, -1]) {
    const start = hull.length;
    for (let k = 0; k < xs.length; k++) {
      const i = order === 1 ? k : xs.length - 1 - k;
      while (hull.length - start >= 2 && turn(hull[hull.length - 2], hull[hull.length - 1], i) <= 0)
        hull.pop();
      hull.push(i);
    }
    hull.pop();
  }
  if (hull.length === 0) return xs.length;
  let doubleArea = 0;
  let boundary = 0;
  for (let k = 0; k < hull.length; k++) {
    const a = hull[k];
    const b = hull[(k + 1) % hull.length];
    doubleArea += xs[a] * ys[b] - xs[b] * ys[a];
    boundary += gcd(Math.abs(xs[a] - xs[b]), Math.abs(ys[a] - ys[b]));
  }
  return (Math.abs(doubleArea) + boundary) / 2 + 1;

  function turn(a: number, b: number, c: number): number {
    return (xs[b] - xs[a]) * (ys[c] - ys[a]) - (ys[b] - ys[a]) * (xs[c] - xs[a]);
  }
}

function gcd(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
