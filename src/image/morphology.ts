import type { BitMask } from "./bit-mask.ts";

/** Half the length of the chord of a disk in every row from its middle on, px. */
export type Disk = Int32Array;

const disks = new Map<number, Disk>();

/** The disk dx^2 + dy^2 <= radius^2. */
function diskOf(radius: number): Disk {
  let disk = disks.get(radius);
  if (disk === undefined) {
    disk = makeDisk(radius, (dy, dx) => dy <= Math.floor(Math.sqrt(radius * radius - dx * dx)));
    disks.set(radius, disk);
  }
  return disk;
}

const distances = new Map<number, Disk>();

function distanceDisk(radius: number): Disk {
  let disk = distances.get(radius);
  if (disk === undefined) {
    disk = makeDisk(radius, (dy, dx) => Math.sqrt(dx * dx + dy * dy) <= radius);
    distances.set(radius, disk);
  }
  return disk;
}

function makeDisk(radius: number, holds: (dy: number, dx: number) => boolean): Disk {
  const chords: number[] = [];
  for (let dy = 0; dy <= radius; dy++) {
    let dx = Math.floor(radius);
    while (dx >= 0 && !holds(dy, dx)) dx--;
    if (dx < 0) break;
    chords.push(dx);
  }
  return Int32Array.from(chords);
}

let result = new Int32Array(0);
let leftward = new Int32Array(0);
let rightward = new Int32Array(0);
let chord = new Int32Array(0);

/** Sets every pixel that the disk reaches from one that is set, in place; what lies outside the image reaches nothing. */
function spread(mask: BitMask, disk: Disk): void {
  const { data, words, height, last } = mask;
  if (result.length < data.length) result = new Int32Array(data.length);
  if (chord.length < words) {
    leftward = new Int32Array(words);
    rightward = new Int32Array(words);
    chord = new Int32Array(words);
  }
  const out = result;
  const [left, right, wide] = [leftward, rightward, chord];
  out.fill(0, 0, data.length);
  for (let y = 0, row = 0; y < height; y++, row += words) {
    let any = 0;
    for (let w = 0; w < words; w++) any |= left[w] = right[w] = wide[w] = data[row + w];
    if (any === 0) continue;
    // The shortest chords are those of the rows that are farthest away.
    for (let reach = 0, dy = disk.length - 1; ; reach++) {
      for (; dy >= 0 && disk[dy] === reach; dy--) {
        if (y >= dy) for (let w = 0, k = row - dy * words; w < words; w++) out[k + w] |= wide[w];
        if (dy > 0 && y + dy < height)
          for (let w = 0, k = row + dy * words; w < words; w++) out[k + w] |= wide[w];
      }
      if (dy < 0) break;
      for (let w = words - 1; w > 0; w--) left[w] = (left[w] << 1) | (left[w - 1] >>> 31);
      left[0] <<= 1;
      left[words - 1] &= last;
      for (let w = 0; w < words - 1; w++) right[w] = (right[w] >>> 1) | (right[w + 1] << 31);
      right[words - 1] >>>= 1;
      for (let w = 0; w < words; w++) wide[w] |= left[w] | right[w];
    }
  }
  data.set(out.subarray(0, data.length));
}

/**
 * Binary morphology with a disk (dx^2 + dy^2 <= radius^2), in place. As in scikit-image, what lies outside the image
 * neither erodes nor grows. Rows are widened by the disk's chords, 32 pixels at a time.
 */
export function erode(mask: BitMask, radius: number): void {
  if (radius < 1) return;
  spread(mask.complement(), diskOf(radius));
  mask.complement();
}

/** Sets every pixel within `radius` of a set one; see {@link erode}. */
export function dilate(mask: BitMask, radius: number): void {
  if (radius >= 1) spread(mask, diskOf(radius));
}

/** Removes what a disk of `radius` does not fit into (bridges, spurs, specks); see {@link erode}. */
export function open(mask: BitMask, radius: number): void {
  erode(mask, radius);
  dilate(mask, radius);
}

/** Fills what a disk of `radius` outside the mask does not reach (notches, gaps); see {@link erode}. */
export function close(mask: BitMask, radius: number): void {
  dilate(mask, radius);
  erode(mask, radius);
}

/** Sets every pixel whose distance to a set one, px, is at most `distance`. */
export function reach(mask: BitMask, distance: number): void {
  spread(mask, distanceDisk(distance));
}
