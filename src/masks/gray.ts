/** Values of a mask above which it is looked at as an image may be. */
const FEW = 16;

/**
 * Whether one plane (height x width, whole numbers) holds an image rather than labels: many values, and most pixels
 * that are not 0 differ from the one on their right. Labels form patches; gray values have noise.
 */
export function looksGray(data: ArrayLike<number>, height: number, width: number, values: number): boolean {
  if (values <= FEW) return false;
  let pairs = 0;
  let differ = 0;
  for (let y = 0; y < height; y++)
    for (let p = y * width; p < (y + 1) * width - 1; p++) {
      if (data[p] === 0 || data[p + 1] === 0) continue;
      pairs++;
      if (data[p] !== data[p + 1]) differ++;
    }
  return 2 * differ > pairs;
}
