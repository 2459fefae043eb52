import { BitMask } from "./bit-mask.ts";

/** Lets the set pixels of `flooded` spread over the 4-connected pixels of `within`, which holds them. In place. */
export function flood(flooded: BitMask, within: BitMask): void {
  const { data, words, height } = flooded;
  const mask = within.data;
  let first = height;
  let last = -1;
  for (let y = 0; y < height; y++)
    if (fillRow(data, mask, y * words, words)) {
      if (last < 0) first = y;
      last = y;
    }
  if (last < 0) return;
  const step = (y: number, from: number): boolean => {
    let fresh = 0;
    for (let w = 0, k = y * words, other = from * words; w < words; w++, k++) {
      const entered = data[other + w] & mask[k] & ~data[k];
      data[k] |= entered;
      fresh |= entered;
    }
    return fresh !== 0 && fillRow(data, mask, y * words, words);
  };
  for (let again = true; again; ) {
    again = false;
    for (let y = first + 1; y < height; y++)
      if (step(y, y - 1)) {
        if (y > last) last = y;
        again = true;
      } else if (y > last) break;
    let up = false;
    for (let y = last - 1; y >= 0; y--)
      if (step(y, y + 1)) {
        if (y < first) first = y;
        up = true;
      } else if (y < first) break;
    again = up;
  }
}

/** Fills every run of the mask's row that holds a set pixel; false for a row without any. */
function fillRow(data: Int32Array, mask: Int32Array, row: number, words: number): boolean {
  let any = 0;
  let carry = 0;
  for (let k = row; k < row + words; k++) {
    const free = mask[k];
    const seeds = data[k] | (carry & free);
    // The carry of a sum runs through the ones from a seed on.
    const filled = (free & ~(free + seeds)) | seeds;
    data[k] = filled;
    carry = filled >>> 31;
    any |= filled;
  }
  if (any === 0) return false;
  carry = 0;
  for (let k = row + words - 1; k >= row; k--) {
    let free = mask[k];
    let filled = data[k] | ((carry << 31) & free);
    filled |= free & (filled >>> 1);
    free &= free >>> 1;
    filled |= free & (filled >>> 2);
    free &= free >>> 2;
    filled |= free & (filled >>> 4);
    free &= free >>> 4;
    filled |= free & (filled >>> 8);
    free &= free >>> 8;
    filled |= free & (filled >>> 16);
    data[k] = filled;
    carry = filled & 1;
  }
  return true;
}

let outside = new BitMask(0, 0);

/** Fills holes in place: unset pixels that no 4-connected path of such joins to the image's edge are set. */
export function fillHoles(mask: BitMask): void {
  const { data, words, height, width, last } = mask;
  if (outside.height !== height || outside.width !== width) outside = new BitMask(height, width);
  const border = outside.data;
  mask.complement();
  border.fill(0);
  for (let y = 0, row = 0; y < height; y++, row += words) {
    const edge = y === 0 || y === height - 1;
    for (let w = 0; edge && w < words; w++) border[row + w] = data[row + w];
    border[row] |= data[row] & 1;
    border[row + words - 1] |= data[row + words - 1] & (last ^ (last >>> 1));
  }
  flood(outside, mask);
  mask.copy(outside).complement();
}
