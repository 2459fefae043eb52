/** Marks the hills of an image within a mask by union-find over all of its sorted pixels; twin of `Hills`. */
export function hillMarkers(
  image: Float64Array,
  mask: Uint8Array,
  height: number,
  width: number,
  depth: number,
  labels: Int32Array,
): number {
  const pixels = height * width;
  const parent = new Int32Array(pixels).fill(-1);
  const peak = new Int32Array(pixels);
  labels.fill(0);
  const order = [...mask.keys()].filter((i) => mask[i] !== 0).sort((a, b) => image[b] - image[a] || a - b);
  const root = (i: number): number => (parent[i] === i ? i : root(parent[i]));
  for (const i of order) {
    parent[i] = i;
    peak[i] = i;
    const x = i % width;
    for (let dy = -width; dy <= width; dy += width)
      for (let dx = -1; dx <= 1; dx++) {
        const n = i + dy + dx;
        if (n < 0 || n >= pixels || x + dx < 0 || x + dx >= width || parent[n] < 0) continue;
        let a = root(i);
        let b = root(n);
        if (a === b) continue;
        if (image[peak[a]] < image[peak[b]] || (image[peak[a]] === image[peak[b]] && peak[a] > peak[b]))
          [a, b] = [b, a];
        if (image[peak[b]] - image[i] >= depth && peak[b] !== i) labels[peak[b]] = -1;
        parent[b] = a;
      }
  }
  for (const i of order) if (parent[i] === i) labels[peak[i]] = -1;
  let count = 0;
  for (let i = 0; i < pixels; i++) if (labels[i] === -1) labels[i] = ++count;
  return count;
}
