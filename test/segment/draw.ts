import { mulberry32, normal } from "../../src/core/rng.ts";
import { gaussianBlur } from "../../src/image/gauss.ts";

/** A disk: center and radius in px, brightness in units of a typical cell. */
export interface Disk {
  readonly y: number;
  readonly x: number;
  readonly radius: number;
  readonly brightness: number;
}

/** Drawn cells on noisy medium, blurred by half a px: intensities 0.1 (medium) to about 1.1, times `scale`. */
export function draw(size: number, disks: readonly Disk[], seed: number, scale = 1): Float32Array {
  const random = mulberry32(seed);
  const values = new Float64Array(size * size).fill(0.1);
  for (const { y, x, radius, brightness } of disks)
    for (let i = 0; i < values.length; i++)
      if (Math.hypot(Math.floor(i / size) - y, (i % size) - x) <= radius)
        values[i] = Math.max(values[i], 0.1 + brightness);
  gaussianBlur(values, size, size, 0.5, values, new Float64Array(size * size));
  return Float32Array.from(values, (v) => scale * Math.max(0, v + 0.03 * normal(random)));
}

/** A center cell and a neighbor below it to the right, for crops of `size` px; different for every seed. */
export function scene(size: number, seed: number): Disk[] {
  const random = mulberry32(seed + 1000);
  const c = (size - 1) / 2;
  const radius = size * (0.2 + 0.06 * random());
  const brightness = 0.6 + 0.4 * random();
  return [
    { y: c, x: c, radius, brightness },
    { y: size * 0.9, x: size * (0.86 + 0.08 * random()), radius: size * 0.2, brightness: 1 },
  ];
}

/** Intersection over union of the pixels with `label` in a mask and those of a disk. */
export function overlap(mask: Uint8Array, size: number, disk: Disk, label: number): number {
  let both = 0;
  let either = 0;
  mask.forEach((value, i) => {
    const a = value === label;
    const b = Math.hypot(Math.floor(i / size) - disk.y, (i % size) - disk.x) <= disk.radius;
    if (a && b) both++;
    if (a || b) either++;
  });
  return both / either;
}
