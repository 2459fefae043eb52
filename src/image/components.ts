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

/** Fills holes in place: pixels of 0 that no 4-connected path of zeros joins to the image's edge become 1. */
export function fillHoles(mask: Uint8Array, height: number, width: number): void {
  const pixels = height * width;
  if (stack.length < pixels) stack = new Int32Array(pixels);
  const OUTSIDE = 255;
  let top = 0;
  const push = (i: number) => {
    if (mask[i] !== 0) return;
    mask[i] = OUTSIDE;
    stack[top++] = i;
  };
  for (let x = 0; x < width; x++) {
    push(x);
    push(pixels - width + x);
  }
  for (let y = 0; y < height; y++) {
    push(y * width);
    push(y * width + width - 1);
  }
  while (top > 0) {
    const i = stack[--top];
    const x = i % width;
    if (x > 0) push(i - 1);
    if (x < width - 1) push(i + 1);
    if (i >= width) push(i - width);
    if (i < pixels - width) push(i + width);
  }
  for (let i = 0; i < pixels; i++) mask[i] = mask[i] === OUTSIDE ? 0 : 1;
}
