import { useSyncExternalStore } from "react";
import {
  type MapCodes,
  type MapColor,
  marginColor,
  mixed,
  NO_CODE,
  OTHERS,
  rgbOf,
  STEPS,
} from "../../src/explore/map/color.ts";
import { COLORS } from "../../src/report/figures/svg.ts";
import type { Look } from "./painter.ts";

const dark = matchMedia("(prefers-color-scheme: dark)");

/** Color of the page's text as `#rrggbb`, which changes with light and dark. */
export function useInk(): string {
  return useSyncExternalStore(
    (listener) => {
      const watch = new MutationObserver(listener);
      watch.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
      dark.addEventListener("change", listener);
      return () => {
        watch.disconnect();
        dark.removeEventListener("change", listener);
      };
    },
    () => {
      const parts = getComputedStyle(document.body).color.match(/\d+/g) ?? ["0", "0", "0"];
      return `#${parts
        .slice(0, 3)
        .map((n) => Number(n).toString(16).padStart(2, "0"))
        .join("")}`;
    },
  );
}

/** Shapes of places, by number; a code's follows from how often the colors were gone through before it. */
export const SHAPES = ["●", "■", "▲", "◆", "✚"] as const;

/** Color and shape of a code. */
export function styleOf(by: MapColor, code: number, ink: string): { color: string; shape: number } {
  if (code === NO_CODE || code === OTHERS) return { color: "#8A8A8A", shape: 0 };
  if (by === "margin") return { color: marginColor(code), shape: 0 };
  if (by === "flipped") return { color: code === 1 ? "#D55E00" : "#8A8A8A", shape: 0 };
  const [first, cycle] = [COLORS[code % COLORS.length], Math.floor(code / COLORS.length)];
  // Places of a few pixels have no shape: colors that come again are nearer to that of the text.
  const color = mixed(
    first === "currentColor" ? (cycle === 0 ? ink : "#8A8A8A") : first,
    ink,
    0.35 * (cycle % 3),
  );
  return { color, shape: cycle % SHAPES.length };
}

/** How places look, `count` of them; `only`: a code beside which the others fade. */
export function lookOf(
  by: MapColor,
  { names, most }: MapCodes,
  ink: string,
  count: number,
  only: number | null,
): Look {
  const palette = new Uint8Array(256 * 4);
  const shapes = new Uint8Array(256);
  const opacity = count <= 20_000 ? 0.9 : count <= 200_000 ? 0.7 : 0.5;
  const codes = most === null ? names.length : STEPS;
  for (const code of [...Array(codes).keys(), OTHERS, NO_CODE]) {
    const { color, shape } = styleOf(by, code, ink);
    const alpha = code === NO_CODE || code === OTHERS ? 0.4 * opacity : opacity;
    palette.set(
      [...rgbOf(color), only === null || only === code ? alpha : 0.06].map((v) => Math.round(255 * v)),
      4 * code,
    );
    shapes[code] = shape;
  }
  const diameter = count <= 3000 ? 7 : count <= 30_000 ? 5 : count <= 300_000 ? 3 : 2;
  return { palette, shapes, diameter, swapped: 0.5 };
}
