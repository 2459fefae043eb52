/**
 * Binary morphology with a disk (dx^2 + dy^2 <= radius^2), in place on masks of 0 and 1. As in scikit-image, what
 * lies outside the image neither erodes nor grows. Two passes: the distance along the column to the nearest pixel
 * that erodes or grows, then a look along the row at the disk's chords; the cost grows with the radius, not its
 * square. `scratch` holds height x width values.
 */
export function erode(
  mask: Uint8Array,
  height: number,
  width: number,
  radius: number,
  scratch: Float64Array,
): void {
  spread(mask, height, width, radius, 0, scratch);
}

/** Sets every pixel within `radius` of a set one; see {@link erode}. */
export function dilate(
  mask: Uint8Array,
  height: number,
  width: number,
  radius: number,
  scratch: Float64Array,
): void {
  spread(mask, height, width, radius, 1, scratch);
}

/** Gives `label` to every pixel within `radius` of one that has it. */
function spread(
  mask: Uint8Array,
  height: number,
  width: number,
  radius: number,
  label: 0 | 1,
  scratch: Float64Array,
): void {
  const pixels = height * width;
  for (let i = 0; i < pixels; i++)
    scratch[i] = mask[i] === label ? 0 : i < width ? Infinity : scratch[i - width] + 1;
  for (let i = pixels - width - 1; i >= 0; i--)
    if (scratch[i + width] + 1 < scratch[i]) scratch[i] = scratch[i + width] + 1;
  const reach = Math.floor(radius);
  for (let dx = -reach; dx <= reach; dx++) {
    const chord = Math.floor(Math.sqrt(radius * radius - dx * dx));
    const from = Math.max(0, -dx);
    const to = Math.min(width, width - dx);
    for (let row = 0; row < pixels; row += width)
      for (let i = row + from; i < row + to; i++) if (scratch[i + dx] <= chord) mask[i] = label;
  }
}

/** Removes what a disk of `radius` does not fit into (bridges, spurs, specks); see {@link erode}. */
export function open(
  mask: Uint8Array,
  height: number,
  width: number,
  radius: number,
  scratch: Float64Array,
): void {
  erode(mask, height, width, radius, scratch);
  dilate(mask, height, width, radius, scratch);
}

/** Fills what a disk of `radius` outside the mask does not reach (notches, gaps); see {@link erode}. */
export function close(
  mask: Uint8Array,
  height: number,
  width: number,
  radius: number,
  scratch: Float64Array,
): void {
  dilate(mask, height, width, radius, scratch);
  erode(mask, height, width, radius, scratch);
}
