import { type Setting, traitsOf } from "../settings.ts";

/**
 * Outline of the pixels with one label, along their edges, as the path of an SVG in pixels of the crop; "" without any.
 * The crop's own edge is part of it.
 *
 * @param mask labels, height x width
 */
export function outlinePath(
  mask: Uint8Array | Int32Array,
  label: number,
  height: number,
  width: number,
): string {
  const is = (y: number, x: number) =>
    y >= 0 && y < height && x >= 0 && x < width && mask[y * width + x] === label;
  const parts: string[] = [];
  for (let y = 0; y <= height; y++)
    for (let x = 0; x < width; x++) {
      if (is(y - 1, x) === is(y, x)) continue;
      const from = x;
      while (x + 1 < width && is(y - 1, x + 1) !== is(y, x + 1)) x++;
      parts.push(`M${from} ${y}H${x + 1}`);
    }
  for (let x = 0; x <= width; x++)
    for (let y = 0; y < height; y++) {
      if (is(y, x - 1) === is(y, x)) continue;
      const from = y;
      while (y + 1 < height && is(y + 1, x - 1) !== is(y + 1, x)) y++;
      parts.push(`M${x} ${from}V${y + 1}`);
    }
  return parts.join("");
}

/** Whose mask says what is seen of cells in a composite. */
export interface Outlined {
  /** Whether the cell itself is seen. */
  readonly center: boolean;
  /** Whose neighbors are seen, the cell's own or the donor's; null: nobody's. */
  readonly neighbors: "own" | "donor" | null;
}

/** What a setting shows of cells. */
export function outlinedIn(setting: Setting): Outlined {
  const { cell, background, removes } = traitsOf(setting);
  const neighbors =
    removes === "all" || background === "none" ? null : background === "own" ? "own" : "donor";
  return { center: cell !== "removed", neighbors };
}

/** Length of a scale bar, micrometers: 1, 2 or 5 times a power of ten, at most `most`. */
export function barLength(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  return [5, 2, 1].map((n) => n * power).find((length) => length <= most) ?? power;
}
