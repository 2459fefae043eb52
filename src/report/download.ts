import { type CsvRows, csvText } from "./csv.ts";
import { Html, html, xmlText } from "./escape.ts";
import { composeFigure } from "./figures/draw.ts";
import type { LegendItem } from "./figures/svg.ts";

/** A link that saves a table (rows, or CSV as it is); nothing is fetched, the file is in the page. */
export function csvLink(name: string, rows: CsvRows | string): Html {
  return link(`${name}.csv`, "text/csv", typeof rows === "string" ? rows : csvText(rows), "CSV");
}

/** A link that saves a figure that stands on its own ({@link standAlone}); `which` tells several figures apart. */
export function svgLink(name: string, svg: string, which?: string): Html {
  return link(`${name}.svg`, "image/svg+xml", svg, which === undefined ? "SVG" : `SVG ${which}`);
}

/** A figure of the page as a file of its own: heading and legend, which the page has beside it, dark on white. */
export function standAlone(title: string, svg: string, legend: readonly LegendItem[] = []): string {
  const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg) as RegExpExecArray;
  const panel = { heading: "", svg, width: Number(width), height: Number(height) };
  return composeFigure({ title, description: title, panels: [panel], legend });
}

/** The links of one figure or table. */
export function downloads(about: string, links: readonly Html[]): Html {
  return html`<p class="downloads"><span class="unseen">${about}, </span>download: ${links.map((l, i) => html`${i > 0 && " · "}${l}`)}</p>`;
}

function link(name: string, type: string, text: string, shown: string): Html {
  const file = name.replace(/[^\w.-]+/g, "-").replace(/^[-.]+/, "");
  return html`<a download="${file}" href="${new Html(dataUri(type, text))}">${shown}<span class="unseen"> ${file}</span></a>`;
}

function dataUri(type: string, text: string): string {
  const bytes = new TextEncoder().encode(xmlText(text));
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return `data:${type};charset=utf-8;base64,${btoa(binary)}`;
}
