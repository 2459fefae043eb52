/** Where something is in a plane of height x width pixels. */
export interface Area {
  readonly height: number;
  readonly width: number;
  has(pixel: number): boolean;
}

/** SVG path that covers an area, run by run of its rows; "" where it is empty. 1 unit is 1 px. */
export function coverPath({ height, width, has }: Area): string {
  const parts: string[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (!has(y * width + x)) continue;
      const start = x;
      while (x < width && has(y * width + x)) x++;
      parts.push(`M${start} ${y}h${x - start}v1h${start - x}z`);
    }
  return parts.join("");
}

/** SVG path along the edges of an area, each edge once; "" where it is empty. 1 unit is 1 px. */
export function edgePath({ height, width, has }: Area): string {
  const inside = (y: number, x: number) => y >= 0 && x >= 0 && y < height && x < width && has(y * width + x);
  const parts: string[] = [];
  for (let y = 0; y <= height; y++)
    for (let x = 0; x < width; x++) {
      const start = x;
      while (x < width && inside(y - 1, x) !== inside(y, x)) x++;
      if (x > start) parts.push(`M${start} ${y}h${x - start}`);
    }
  for (let x = 0; x <= width; x++)
    for (let y = 0; y < height; y++) {
      const start = y;
      while (y < height && inside(y, x - 1) !== inside(y, x)) y++;
      if (y > start) parts.push(`M${x} ${start}v${y - start}`);
    }
  return parts.join("");
}
