import { encode } from "fast-png";
import { groupRows } from "../core/group.ts";
import { mulberry32, namedSeed, shuffle } from "../core/rng.ts";
import { Canvas, type Color } from "../image/canvas.ts";
import { FONT } from "../image/font.ts";
import { CENTER, NEIGHBOR } from "../types.ts";
import type { FieldScale } from "./field.ts";

/** Okabe and Ito's colors: they differ for every kind of color vision. */
const CENTER_COLOR: Color = [230, 159, 0];
const NEIGHBOR_COLOR: Color = [86, 180, 233];
const LEFT_OUT_COLOR: Color = [213, 94, 0];
const TEXT_COLOR: Color = [40, 40, 40];

/** What the sheet shows at most: usable cells, cells of one verdict that leaves out, and verdicts. */
export const SHEET = { usable: 64, perVerdict: 8, verdicts: 8 } as const;

/** Pixels of all tiles together, from which on fewer are shown: half as many of 512 px. */
const SHEET_PIXELS = 2 ** 24;

const COLUMNS = 8;
const GAP = 12;
const LINE = 18;
/** Space below a crop: the cell's name, and air. */
const LABEL = LINE + 8;

/**
 * Rows of the cells on the sheet: first left-out cells, by verdict (most frequent first), then usable ones; drawn at
 * random by `seed`, ascending within their group. Of large crops (height x width px) there are fewer.
 */
export function sheetRows(
  verdicts: readonly string[],
  seed: number,
  height: number,
  width: number,
): number[] {
  const tiles = SHEET.usable + SHEET.perVerdict * SHEET.verdicts;
  const share = Math.min(1, SHEET_PIXELS / (tiles * height * width * zoomOf(height, width) ** 2));
  const shown = (count: number) => Math.max(1, Math.floor(share * count));
  const groups = groupRows(verdicts, (verdict) => verdict);
  const draw = (verdict: string, count: number) =>
    shuffle([...(groups.get(verdict) ?? [])], mulberry32(namedSeed(seed, "contact-sheet", verdict)))
      .slice(0, count)
      .sort((a, b) => a - b);
  const faults = [...groups.keys()].filter((v) => v !== "ok");
  faults.sort((a, b) => groups.get(b)!.length - groups.get(a)!.length || (a < b ? -1 : 1));
  return [
    ...faults.slice(0, SHEET.verdicts).flatMap((v) => draw(v, shown(SHEET.perVerdict))),
    ...draw("ok", shown(SHEET.usable)),
  ];
}

function zoomOf(height: number, width: number): number {
  return Math.max(1, Math.round(192 / Math.max(height, width)));
}

/** One crop on the sheet. */
export interface SheetCell {
  readonly id: string;
  readonly verdict: string;
  /** Channel that was segmented (height x width). */
  readonly channel: Float32Array;
  readonly scale: FieldScale;
  readonly mask: Uint8Array;
}

/**
 * PNG of crops with the outlines of center cell and neighbors, so that a person can judge the masks at a glance.
 * Gray is the square root of the intensity on the scale of the cell's field.
 */
export function contactSheet(
  cells: readonly SheetCell[],
  height: number,
  width: number,
  title: string,
): Uint8Array {
  const zoom = zoomOf(height, width);
  const tileWidth = Math.max(width * zoom, 96);
  const labels = cells.map((cell) => verdictLines(cell.verdict, tileWidth));
  const tileHeight = height * zoom + LABEL + LINE * Math.max(0, ...labels.map((lines) => lines.length));
  const columns = Math.min(COLUMNS, Math.max(5, cells.length));
  const rows = Math.ceil(cells.length / columns);
  const header = 84;
  const canvas = new Canvas(
    Math.max(columns * (tileWidth + GAP) + GAP, 760),
    header + rows * (tileHeight + GAP),
  );
  const fitting = Math.floor((canvas.width - 2 * GAP) / (2 * FONT.advance));
  canvas.text(shorten(title, fitting), GAP, GAP, 2, TEXT_COLOR);
  let x = GAP;
  for (const [name, color] of [
    ["center cell", CENTER_COLOR],
    ["other cells", NEIGHBOR_COLOR],
    ["left out", LEFT_OUT_COLOR],
  ] as const) {
    canvas.fill(x, 46, 20, 14, color);
    canvas.text(name, x + 28, 46, 2, TEXT_COLOR);
    x += 28 + (name.length + 3) * 2 * FONT.advance;
  }
  canvas.text(`${width} x ${height} px per crop`, x, 46, 2, TEXT_COLOR);
  cells.forEach((cell, k) => {
    drawTile(
      canvas,
      cell,
      labels[k],
      height,
      width,
      GAP + (k % columns) * (tileWidth + GAP),
      header + Math.floor(k / columns) * (tileHeight + GAP),
      zoom,
      tileWidth,
    );
  });
  return encode({ width: canvas.width, height: canvas.height, data: canvas.data, channels: 3, depth: 8 });
}

function drawTile(
  canvas: Canvas,
  cell: SheetCell,
  lines: readonly string[],
  height: number,
  width: number,
  x: number,
  y: number,
  zoom: number,
  tileWidth: number,
): void {
  const leftOut = cell.verdict !== "ok";
  if (leftOut) canvas.fill(x - 4, y - 4, width * zoom + 8, height * zoom + 8, LEFT_OUT_COLOR);
  const { low, high } = cell.scale;
  const span = high > low ? high - low : 1;
  const gray = Float64Array.from(cell.channel, (v) =>
    Math.sqrt(Math.min(1, Math.max(0, (v - low) / (1.15 * span)))),
  );
  canvas.gray(gray, height, width, x, y, zoom);
  const thick = Math.max(1, Math.round(zoom / 2));
  canvas.outline(cell.mask, NEIGHBOR, height, width, x, y, zoom, thick, NEIGHBOR_COLOR);
  canvas.outline(cell.mask, CENTER, height, width, x, y, zoom, thick, CENTER_COLOR);
  const label = (text: string, top: number, color: Color) => {
    const scale = text.length * 2 * FONT.advance <= tileWidth ? 2 : 1;
    const fitting = Math.floor(tileWidth / (scale * FONT.advance));
    canvas.text(shorten(text, fitting), x, y + height * zoom + top, scale, color);
  };
  label(cell.id, 7, TEXT_COLOR);
  lines.forEach((line, k) => {
    label(line, 7 + LINE * (k + 1), leftOut ? LEFT_OUT_COLOR : TEXT_COLOR);
  });
}

/** A verdict on one line where it fits, else a line per reason. */
function verdictLines(verdict: string, tileWidth: number): string[] {
  return verdict.length * 2 * FONT.advance <= tileWidth ? [verdict] : verdict.split(";");
}

function shorten(text: string, length: number): string {
  if (text.length <= length) return text;
  const head = Math.ceil((length - 2) / 2);
  return `${text.slice(0, head)}..${text.slice(text.length - (length - 2 - head))}`;
}
