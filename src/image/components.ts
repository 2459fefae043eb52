let stack = new Int32Array(0);

/**
 * Numbers the 4-connected pieces of `mask > 0` from 1 on, in the order of their first pixel, into `labels` (0
 * elsewhere) and returns how many there are; equals `scipy.ndimage.label`.
 */
export function connectedComponents(
  mask: ArrayLike<number>,
  height: number,
  width: number,
  labels: Int32Array,
): number {
  const pixels = height * width;
  if (stack.length < pixels) stack = new Int32Array(pixels);
  labels.fill(0, 0, pixels);
  let count = 0;
  for (let seed = 0; seed < pixels; seed++) {
    if (!(mask[seed] > 0) || labels[seed] !== 0) continue;
    count++;
    labels[seed] = count;
    stack[0] = seed;
    for (let top = 1; top > 0; ) {
      const i = stack[--top];
      const x = i % width;
      if (x > 0 && mask[i - 1] > 0 && labels[i - 1] === 0) labels[(stack[top++] = i - 1)] = count;
      if (x < width - 1 && mask[i + 1] > 0 && labels[i + 1] === 0) labels[(stack[top++] = i + 1)] = count;
      if (i >= width && mask[i - width] > 0 && labels[i - width] === 0)
        labels[(stack[top++] = i - width)] = count;
      if (i < pixels - width && mask[i + width] > 0 && labels[i + width] === 0)
        labels[(stack[top++] = i + width)] = count;
    }
  }
  return count;
}
