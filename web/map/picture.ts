import type { Frame, Places, Size } from "../../src/explore/map/place.ts";
import { toScreen } from "../../src/explore/map/place.ts";
import type { Look, Painter } from "./painter.ts";

/** Places that a picture holds as shapes; more become pixels. */
export const MOST_SHAPES = 5000;

const STYLE = `text { font: 12px sans-serif; fill: INK; stroke: none; }
.axes line { stroke: INK; } .step { stroke: INK; stroke-width: 1.6; fill: none; } .aside { stroke-dasharray: 4 3; }
.end circle { fill: none; stroke: INK; stroke-width: 2; } marker path { fill: INK; }
.end text { paint-order: stroke; stroke: PAPER; stroke-width: 3px; } .lasso { fill: none; stroke: INK; stroke-dasharray: 5 4; }`;

interface Request {
  readonly title: string;
  readonly places: Places;
  readonly setting: Uint8Array;
  readonly original: number;
  readonly code: Uint8Array;
  readonly rows: Int32Array;
  readonly frame: Frame;
  readonly size: Size;
  readonly look: Look;
  readonly ink: string;
  readonly paper: string;
  readonly legend: readonly { name: string; color: string; mark: string }[];
  /** What lies over the places. */
  readonly over: SVGSVGElement;
  readonly painter: Painter;
  readonly canvas: HTMLCanvasElement;
}

const LINE = 18;

/** The map as an SVG file: places as shapes, or as one picture where there are many. */
export function mapSvg(request: Request): string {
  const { title, size, ink, paper, legend, over } = request;
  const text = (words: string) => words.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  const height = size.height + LINE * (legend.length + 2);
  const lines = legend.map(
    ({ name, color, mark }, i) =>
      `<text x="12" y="${size.height + LINE * (i + 2)}"><tspan style="fill:${color}">${mark}</tspan> ${text(name)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${height}" viewBox="0 0 ${size.width} ${height}">`,
    `<title>${text(title)}</title><style>${STYLE.replaceAll("INK", ink).replaceAll("PAPER", paper)}</style>`,
    `<rect width="100%" height="100%" fill="${paper}"/>`,
    placesOf(request),
    new XMLSerializer().serializeToString(over).replace(/ class="over"/, ""),
    `<text x="12" y="${size.height + LINE}">${text(title)}</text>`,
    ...lines,
    "</svg>",
  ].join("\n");
}

function placesOf({
  places,
  setting,
  original,
  code,
  rows,
  frame,
  size,
  look,
  painter,
  canvas,
}: Request): string {
  if (rows.length > MOST_SHAPES) {
    painter.draw(frame, size, look);
    return `<image width="${size.width}" height="${size.height}" href="${canvas.toDataURL()}"/>`;
  }
  const r = look.diameter / 2;
  const drawn = [
    (x: number, y: number) => `<circle cx="${x}" cy="${y}" r="${r}"`,
    (x: number, y: number) => `<rect x="${x - r}" y="${y - r}" width="${2 * r}" height="${2 * r}"`,
    (x: number, y: number) => `<path d="M${x - r},${y + r}L${x},${y - r}L${x + r},${y + r}Z"`,
    (x: number, y: number) => `<path d="M${x - r},${y}L${x},${y - r}L${x + r},${y}L${x},${y + r}Z"`,
    (x: number, y: number) =>
      `<path d="M${x - r},${y - 1}h${r - 1}v${1 - r}h2v${r - 1}h${r - 1}v2h${1 - r}v${r - 1}h-2v${1 - r}h${1 - r}Z"`,
  ];
  return Array.from(rows, (row) => {
    const [px, py] = toScreen(frame, size, places.x[row], places.y[row]);
    if (!(px >= 0 && px <= size.width && py >= 0 && py <= size.height)) return "";
    const [red, green, blue, a] = look.palette.subarray(4 * code[row], 4 * code[row] + 4);
    const opacity = (a / 255) * (setting[row] === original ? 1 : look.swapped);
    const round = (v: number) => Math.round(10 * v) / 10;
    const shape = drawn[look.shapes[code[row]]](round(px), round(py));
    return `${shape} fill="rgb(${red},${green},${blue})" fill-opacity="${opacity.toFixed(2)}"/>`;
  }).join("\n");
}
