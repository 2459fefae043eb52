import * as Plot from "@observablehq/plot";
import { SETTINGS, type Setting } from "../../settings.ts";
import { escapeHtml } from "../escape.ts";

/**
 * Okabe-Ito colors, told apart by color-blind readers; yellow, which fails on white, gives way to gray, and black to
 * the color of the text, so that it stays visible on dark paper.
 */
export const COLORS = [
  "#0072B2",
  "#D55E00",
  "#009E73",
  "#CC79A7",
  "#E69F00",
  "#56B4E9",
  "currentColor",
  "#8A8A8A",
] as const;

/** Markers, in the order of the settings. */
const MARKERS = [
  "circle",
  "star",
  "circle",
  "diamond2",
  "triangle",
  "square",
  "times",
  "wye",
  "plus",
] as const satisfies readonly Plot.SymbolType[];

/** Marker of each setting, the same in every figure. */
export const SYMBOLS = Object.fromEntries(
  SETTINGS.map((setting, i) => [setting, MARKERS[i % MARKERS.length]]),
) as Readonly<Record<Setting, Plot.SymbolType>>;

/** Color of the `index`-th encoder (cyclic). */
export function encoderColor(index: number): string {
  return COLORS[index % COLORS.length];
}

/** Marker of the `index`-th encoder, for figures where markers are not taken by settings (cyclic). */
export function encoderSymbol(index: number): Plot.SymbolType {
  return ENCODER_MARKERS[index % ENCODER_MARKERS.length];
}
const ENCODER_MARKERS = [...new Set<Plot.SymbolType>(MARKERS)];

/** Name for an axis: at most 24 characters. */
export function axisName(name: string): string {
  const letters = [...name];
  return letters.length <= 24 ? name : `${letters.slice(0, 23).join("")}…`;
}

/** Plot's options with what every figure must say: what it shows, for readers who cannot see it. */
export interface FigureOptions extends Plot.PlotOptions {
  /** Short name of the picture. */
  title: string;
  /** One sentence with what it shows. */
  description: string;
}

/** How every plot is written. */
export const STYLE = {
  className: "cellswap-figure",
  style: { fontSize: "12px", fontFamily: "system-ui, sans-serif" },
} as const;

/** An entry of a legend. */
export interface LegendItem {
  /** What the entry tells apart; printed before the first of its group. */
  readonly group: "encoder" | "setting" | "remedy" | "variant" | "crops";
  readonly label: string;
  readonly color: string;
  readonly symbol: Plot.SymbolType;
  /** Drawn as an outline. */
  readonly hollow?: boolean;
}

/** A 14 x 14 px marker as it appears in the figures. */
export function markerPlot(item: LegendItem): Plot.PlotOptions {
  return {
    width: 14,
    height: 14,
    margin: 0,
    axis: null,
    x: { type: "identity" },
    y: { type: "identity" },
    marks: [
      Plot.dot([[7, 7]], {
        symbol: item.symbol,
        r: 4.5,
        fill: item.hollow ? "none" : item.color,
        stroke: item.color,
      }),
    ],
  };
}

/** A panel of a composed figure. */
export interface Panel {
  readonly heading: string;
  readonly svg: string;
  readonly width: number;
  readonly height: number;
}

/** What a stand-alone file shows. */
export interface Composed {
  readonly title: string;
  readonly description: string;
  readonly panels: readonly Panel[];
  readonly legend: readonly LegendItem[];
}

/** Width of text at 12 px, roughly; generous, so that nothing overlaps. */
function textWidth(text: string): number {
  return 7 * [...text].length;
}

/**
 * One stand-alone SVG file: heading, panels side by side, legend below, on white.
 * @param drawMarker draws a {@link markerPlot} to SVG text
 */
export function composeSvg(
  { title, description, panels, legend }: Composed,
  drawMarker: (item: LegendItem) => string,
): string {
  const pad = 16;
  const width = 2 * pad + panels.reduce((sum, p) => sum + p.width, 0) + pad * (panels.length - 1);
  const top = 50;
  const parts: string[] = [
    `<text x="${pad}" y="22" font-size="15" font-weight="600">${escapeHtml(title)}</text>`,
  ];
  let x = pad;
  for (const panel of panels) {
    parts.push(`<text x="${x}" y="44" font-size="13">${escapeHtml(panel.heading)}</text>`);
    parts.push(panel.svg.replace("<svg ", `<svg x="${x}" y="${top}" `));
    x += panel.width + pad;
  }
  let y = top + Math.max(...panels.map((p) => p.height)) + 10;
  x = pad;
  for (const [i, item] of legend.entries()) {
    if (item.group !== legend[i - 1]?.group) {
      parts.push(`<text x="${x}" y="${y + 11}" font-size="12" fill-opacity="0.7">${item.group}</text>`);
      x += textWidth(item.group) + 8;
    }
    const needed = 20 + textWidth(item.label) + 16;
    if (x > pad && x + needed > width - pad) {
      x = pad;
      y += 22;
    }
    parts.push(drawMarker(item).replace("<svg ", `<svg x="${x}" y="${y}" `));
    parts.push(`<text x="${x + 20}" y="${y + 11}" font-size="12">${escapeHtml(item.label)}</text>`);
    x += needed;
  }
  const height = y + 14 + pad;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif" color="#1c1e21" fill="#1c1e21">`,
    `<title>${escapeHtml(title)}</title><desc>${escapeHtml(description)}</desc>`,
    `<rect width="100%" height="100%" fill="#ffffff" />`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}
