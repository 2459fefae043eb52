import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { escapeHtml, xmlText } from "../escape.ts";
import { type Composed, composeSvg, type FigureOptions, type LegendItem, markerPlot, STYLE } from "./svg.ts";

/** Draws a plot to SVG text. Equal options give equal text: nothing in it is counted or drawn by chance. */
export function drawPlot({ title, description, ...options }: FigureOptions): string {
  return withAttributes(
    plotSvg(options),
    `role="img" aria-label="${escapeHtml(`${title}: ${description}`)}"`,
  );
}

/** A small drawing that repeats what the text beside it says; screen readers pass over it. */
export function drawDecoration(options: Plot.PlotOptions): string {
  return withAttributes(plotSvg(options), 'aria-hidden="true"');
}

/** {@link markerPlot} to SVG text. */
export function drawMarker(item: LegendItem): string {
  return drawDecoration(markerPlot(item));
}

/** {@link composeSvg} with markers as {@link drawMarker} draws them. */
export function composeFigure(of: Composed): string {
  return composeSvg(of, drawMarker);
}

// linkedom leaves < in attributes, which XML forbids; whatever names of users get into is added as text here.
function withAttributes(svg: string, attributes: string): string {
  return svg.replace("<svg ", () => `<svg xmlns="http://www.w3.org/2000/svg" ${attributes} `);
}

function plotSvg(options: Plot.PlotOptions): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const svg = Plot.plot({
    ...options,
    ...STYLE,
    document: document as unknown as Plot.PlotOptions["document"],
  } as Plot.PlotOptions);
  return xmlText(roundCoordinates(svg.outerHTML));
}

/** Coordinates to a hundredth of a pixel: shorter, and free of last bits that differ between machines. */
function roundCoordinates(svg: string): string {
  return svg.replace(/ (?:d|transform|[xyr][12]?|width|height)="[^"]*"/g, (attribute) =>
    attribute.replace(/-?\d+\.\d{3,}/g, (number) => String(Math.round(Number(number) * 100) / 100)),
  );
}
