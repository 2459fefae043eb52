import { join } from "node:path";
import { DataError } from "../../errors.ts";
import type { Planes } from "../../image/planes.ts";
import { normalizeMask } from "../../masks/label-mask.ts";
import type { MaskKind } from "../../types.ts";
import { type CropValues, joinPlanes } from "../crop-type.ts";
import type { CellPixels, CellSource } from "../importer.ts";
import { type CellMetadata, cellMetadata, type TableOptions } from "../metadata/cells.ts";
import { csvOptions, joinCsv } from "../metadata/join.ts";
import { compareNatural } from "../natural.ts";
import type { Room } from "../read-ahead.ts";
import { readImage } from "../readers/image.ts";
import { cropRoom } from "../readers/read-channels.ts";
import { type CellFiles, gatherCells } from "../tree.ts";

export interface HpaOptions extends TableOptions {
  /** CSV with a column `Cell` (or `ID`) that names the crops, and the columns of a manifest. */
  readonly manifest?: string | undefined;
  /** What the masks know, where it is not to be found out from the labels. */
  readonly masks?: MaskKind | undefined;
}

/** Colors in which the Human Protein Atlas shows its stains, in the order of its merged images, and what they stain. */
const COLORS = ["red", "green", "blue", "yellow"];
const STAINS = ["Microtubules", "Protein", "DNA", "ER"];
const NAME = /^(.+?)(?:_(red|green|blue|yellow|mask))?\.(?:png|tiff?)$/i;
/** What is longer than this is a whole image and no cell, px. */
const LONG = 1024;

type HpaCell = { readonly stem: string } & CellFiles;

/**
 * Plans the import of crops stored as the Human Protein Atlas stores its images: a file per color (`ID_red.png`,
 * `_green`, `_blue`, `_yellow`: microtubules, protein, DNA, endoplasmic reticulum) or one merged file `ID.png` of three
 * or four samples (red, green, blue, and yellow in the place of alpha), in `path` or in folders named after the protein;
 * `ID_mask.png` where there are masks. Without a CSV the id without its last number names the field.
 * @throws DataError where no file has such a name, a cell lacks one of the set's colors, or the CSV lacks a crop.
 */
export async function hpaSource(path: string, options: HpaOptions = {}): Promise<CellSource> {
  const found = gatherCells(
    path,
    NAME,
    ([, stem, color]) => ({ id: { stem }, channel: color?.toLowerCase() ?? "merged" }),
    { flat: true },
  );
  const all = found.cells.sort(
    (a, b) => compareNatural(a.folder, b.folder) || compareNatural(a.stem, b.stem),
  );
  if (all.length === 0)
    throw new DataError(
      "has no files named ID_red.png, ID_green.png, ID_blue.png (ID_yellow.png) or ID.png; give the folder of the crops",
      {
        path,
      },
    );
  const { cells, metadata, notes } = describe(all, options, path);
  const file = (cell: HpaCell, kind: string) => join(path, cell.folder, cell.files[kind]);
  const kinds = ["merged", ...COLORS, "mask"].filter((k) => cells.some((c) => c.files[k] !== undefined));
  const apart = kinds.filter((k) => COLORS.includes(k));
  if (apart.length > 0 && kinds.includes("merged")) {
    const cell = cells.find((c) => c.files.merged !== undefined) as HpaCell;
    throw new DataError("has no color in its name, other files have; keep files per color or merged ones", {
      path: file(cell, "merged"),
    });
  }
  for (const cell of cells) {
    const missing = kinds.find((k) => cell.files[k] === undefined);
    if (missing !== undefined)
      throw new DataError(
        `has no ${missing} file beside ${Object.values(cell.files)[0]}; restore it or remove the others`,
        {
          path: join(path, cell.folder, cell.stem),
        },
      );
  }
  const samples = apart.length > 0 ? apart.length : (await readImage(file(cells[0], "merged"))).planes;
  if (apart.length === 0 && samples !== 3 && samples !== 4)
    throw new DataError(
      `has ${samples} sample(s); merged images have three (red, green, blue) or four (yellow as alpha)`,
      {
        path: file(cells[0], "merged"),
      },
    );
  const colors = apart.length > 0 ? apart : COLORS.slice(0, samples);
  const masked = kinds.includes("mask") && options.masks !== "none";
  return {
    source: "hpa",
    path,
    channels: colors.map((c) => STAINS[COLORS.indexOf(c)]),
    masks: masked ? (options.masks ?? "auto") : "none",
    count: cells.length,
    notes: [...found.notes, ...notes, ...metadata.notes],
    record: metadata.record,
    file: (i, c = 0) => file(cells[i], apart.length > 0 ? colors[c] : "merged"),
    inputs: (i) =>
      [...(apart.length > 0 ? colors : ["merged"]), ...(masked ? ["mask"] : [])].map((kind) =>
        file(cells[i], kind),
      ),
    read: async (i, room) => {
      const pixels = await (apart.length > 0
        ? readColors(
            colors.map((c) => [c, file(cells[i], c)]),
            room,
          )
        : readMerged(file(cells[i], "merged"), colors.length, room));
      if (Math.max(pixels.height, pixels.width) > LONG)
        throw new DataError(
          `is ${pixels.height} x ${pixels.width} px, a whole image with many cells; cut the cells out of it with \`cellswap import fields\``,
          { path: file(cells[i], apart.length > 0 ? colors[0] : "merged") },
        );
      if (!masked) return pixels;
      const mask = await readImage(file(cells[i], "mask"), room);
      checkSize(mask, pixels, file(cells[i], "mask"), file(cells[i], kinds[0]));
      return { ...pixels, mask: centered(normalizeMask(mask, file(cells[i], "mask")), options.masks) };
    },
  };
}

function centered(mask: Uint8Array, kind: MaskKind | undefined): Uint8Array {
  if (kind === "center") for (let p = 0; p < mask.length; p++) if (mask[p] === 2) mask[p] = 0;
  return mask;
}

function checkSize(
  image: { height: number; width: number },
  first: { height: number; width: number },
  path: string,
  other: string,
): void {
  if (image.height !== first.height || image.width !== first.width)
    throw new DataError(
      `is ${image.height} x ${image.width} px, ${other} is ${first.height} x ${first.width} px; the files of a cell need one size`,
      { path },
    );
}

async function readMerged(path: string, channels: number, room: Room | undefined): Promise<CellPixels> {
  const { planes, height, width, data } = await readImage(path, room);
  if (planes !== channels)
    throw new DataError(`has ${planes} sample(s), the first crop has ${channels}; export all crops alike`, {
      path,
    });
  return { height, width, crop: data, mask: null };
}

async function readColors(
  files: readonly (readonly [color: string, path: string])[],
  room: Room | undefined,
): Promise<CellPixels> {
  const together = cropRoom(room);
  const images = await Promise.all(files.map(([, path]) => readImage(path, together)));
  const { height, width } = images[0];
  const planes = images.map((image, c) => {
    const [color, path] = files[c];
    checkSize(image, images[0], path, files[0][1]);
    return onePlane(image, color, path);
  });
  return { height, width, crop: joinPlanes(planes), mask: null };
}

/** The one plane of a file per color: gray, or shown in its color (yellow: red and green alike). */
function onePlane(
  { planes, height, width, data }: Planes<CropValues>,
  color: string,
  path: string,
): CropValues {
  const plane = (n: number) => data.subarray(n * height * width, (n + 1) * height * width);
  if (planes === 1) return plane(0);
  const shown = color === "yellow" ? [0, 1] : [COLORS.indexOf(color)];
  const own = plane(shown[0]);
  const alike = (n: number) => plane(n).every((v, p) => v === own[p]);
  const dark = (n: number) => plane(n).every((v) => v === 0);
  if (planes >= 3 && [0, 1, 2].every((n) => (shown.includes(n) ? alike(n) : dark(n)))) return own;
  if (planes >= 3 && [0, 1, 2].every(alike)) return own;
  throw new DataError(
    `has ${planes} samples that differ; a file of one color is gray, or holds that color alone`,
    { path },
  );
}

/** Which cells there are and who they are: by the CSV where there is one, else by folder and name. */
function describe(
  cells: readonly HpaCell[],
  options: HpaOptions,
  path: string,
): { cells: readonly HpaCell[]; metadata: CellMetadata; notes: readonly string[] } {
  const { manifest } = options;
  const id = (cell: HpaCell) => (cell.folder === "" ? cell.stem : `${cell.folder}/${cell.stem}`);
  if (manifest === undefined) {
    const table = new Map([
      ["Field", cells.map(({ stem }) => stem.replace(/_[^_]*?\d+$/, ""))],
      ...(cells.some((c) => c.folder !== "") ? [["Protein", cells.map((c) => c.folder)] as const] : []),
    ]);
    const metadata = cellMetadata(table, { path, count: cells.length, ids: (row) => id(cells[row]) });
    const notes = [
      "The name without its last number stands for the field (the image); say otherwise in a CSV: --manifest.",
    ];
    return { cells, metadata, notes };
  }
  const { csv, kept, table, lines, notes } = joinCsv(
    manifest,
    cells.map((cell) => [id(cell), cell.stem]),
    "crop",
  );
  const metadata = cellMetadata(table, {
    path: manifest,
    count: kept.length,
    ids: (row) => id(cells[kept[row]]),
    ...csvOptions(csv, options, lines),
  });
  return { cells: kept.map((row) => cells[row]), metadata, notes };
}
