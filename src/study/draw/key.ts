import { basename, resolve } from "node:path";
import { z } from "zod";

/** How the cells of a study are segmented that have no masks yet. */
export const Segment = z.strictObject({
  channel: z
    .string()
    .min(1)
    .optional()
    .describe("Channel to find the cells in, best a stain of the whole cell; default: the last."),
  nuclei: z
    .string()
    .min(1)
    .optional()
    .describe("Channel of nuclei: cells that touch are found from their nuclei."),
  diameter: z
    .number()
    .positive()
    .optional()
    .describe("Typical diameter of a cell, px; default: that of the cells."),
  cells: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Folder for the cell store of the drawn cells, relative to this file; default: the file's name with .drawn.cells behind it.",
    ),
});

/** The same with the path of the store, in a study file at `path`; `where` is the folder that paths are relative to. */
export function resolveSegment(
  segment: z.infer<typeof Segment>,
  where: string,
  path: string,
): z.infer<typeof Segment> & { readonly cells: string } {
  const usual = `${basename(path).replace(/\.json$/, "")}.drawn.cells`;
  return { ...segment, cells: resolve(where, segment.cells ?? usual) };
}
