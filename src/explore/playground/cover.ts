/** SVG path, in pixels of the crop, that covers the pixels with one label row by row; "" without any. */
export function coverPath(
  labels: Uint8Array | Int32Array,
  label: number,
  height: number,
  width: number,
): string {
  const parts: string[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (labels[y * width + x] !== label) continue;
      const start = x;
      while (x < width && labels[y * width + x] === label) x++;
      parts.push(`M${start} ${y}h${x - start}v1h${start - x}z`);
    }
  return parts.join("");
}
