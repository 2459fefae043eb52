import * as Plot from "@observablehq/plot";
import {
  composeSvg,
  type FigureOptions,
  type LegendItem,
  markerPlot,
  STYLE,
} from "../../src/report/figures/svg.ts";

/** A plot of the page. Its scales can be asked for. */
export type Drawn = SVGSVGElement & Plot.Plot;

/** Draws a plot without the style sheet that Plot puts into it: the page's policy forbids it, and page.css says the same. */
export function draw(options: Plot.PlotOptions): Drawn {
  const svg = Plot.plot({ ...options, ...STYLE } as Plot.PlotOptions) as Drawn;
  svg.querySelector("style")?.remove();
  return svg;
}

/** A figure for the page; a reader who cannot see it is told what it shows. */
export function drawFigure({ title, description, ...options }: FigureOptions): Drawn {
  const svg = draw(options);
  // What a picture is made of is not named: it has one name.
  for (const part of svg.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${title}: ${description}`);
  return svg;
}

/** A drawing as XML that needs no style sheet: of variables of the page what stands in for them. */
function xmlOf(svg: SVGSVGElement): string {
  return new XMLSerializer().serializeToString(svg).replace(/var\(--[\w-]+,\s*([^()]+)\)/g, "$1");
}

/** A figure as one SVG file: heading and legend, which the page has beside it, dark on white. */
export function fileSvg(figure: FigureOptions, legend: readonly LegendItem[] = []): string {
  const svg = drawFigure(figure);
  const { title, description } = figure;
  const [width, height] = [Number(svg.getAttribute("width")), Number(svg.getAttribute("height"))];
  return composeSvg(
    { title, description, panels: [{ heading: "", svg: xmlOf(svg), width, height }], legend },
    (item) => xmlOf(draw(markerPlot(item))),
  );
}

/** An SVG file as PNG. @param scale pixels of the picture per pixel of the drawing */
export async function pngOf(svg: string, scale = 2): Promise<Blob> {
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = scale * image.naturalWidth;
    canvas.height = scale * image.naturalHeight;
    canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
    if (blob === null) throw new Error("this browser cannot make so large a picture; take the SVG");
    return blob;
  } finally {
    URL.revokeObjectURL(url);
  }
}
