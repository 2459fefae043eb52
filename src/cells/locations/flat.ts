import { dirname } from "node:path";
import { DataError } from "../../errors.ts";
import type { RowSource } from "../../files/rows/row-source.ts";
import { checkStop } from "../../files/turn.ts";
import { isImageColumn } from "../metadata/image-columns.ts";
import { maybeThousands, parseNumber } from "../metadata/missing.ts";
import { CellList } from "./cell-list.ts";
import { findCenters } from "./centers.ts";
import { decimalPoints, type ImageRow, imageRows, KEYS, type LocationSet, ofImages } from "./location-set.ts";

/** Columns that tell images apart where a table has a row per cell. */
const IMAGE = new RegExp(`^(image_)?(metadata_)?(${[...KEYS, "plate", "well", "site"].join("|")})$`, "i");

/**
 * Reads a table with a row per cell that also says of which image it is: image columns, or plate, well and site, for which
 * another table has the images. `Metadata_` columns are kept where they have one value in every image.
 * @throws DataError where it has no centers or does not say the images
 */
export async function flatSet(
  table: RowSource,
  objects: string | null,
  signal: AbortSignal | undefined,
): Promise<LocationSet> {
  const { path, columns, comma } = table;
  const centers = findCenters(columns, objects);
  if (centers === null)
    throw new DataError(
      `has no centers of cells (columns such as ${objects ?? "Nuclei"}_Location_Center_X and Y); give CellProfiler's folder, or choose other --objects`,
      { path },
    );
  const images = columns.filter((name) => isImageColumn(name));
  const telling = [...columns.filter((name) => IMAGE.test(name)), ...images];
  if (telling.length === 0)
    throw new DataError(
      "does not say which image a cell is of (columns Metadata_Plate, Metadata_Well, Metadata_Site, ImageNumber or FileName_CHANNEL)",
      { path },
    );
  const own = new Set([centers.x, centers.y, centers.object]);
  const further = columns.filter((name) => ofImages(name) && !telling.includes(name) && !own.has(name));
  const names = [...telling, ...further];
  const at = new Map<string, number>();
  const lists = new Map<string, string[]>(names.map((name) => [name, []]));
  const varying = new Set<string>();
  const counts: number[] = [];
  const cells = new CellList();
  const signs = new Signs();
  const place = [centers.x, centers.y, ...(centers.object === undefined ? [] : [centers.object])];
  await table.each([...names, ...place], (values) => {
    checkStop(signal, path);
    const id = values.slice(0, telling.length).join("\n");
    let field = at.get(id);
    if (field === undefined) {
      at.set(id, (field = at.size));
      counts.push(0);
      names.forEach((name, i) => void lists.get(name)?.push(values[i]));
    } else
      for (let i = telling.length; i < names.length; i++)
        if (lists.get(names[i])?.[field] !== values[i]) varying.add(names[i]);
    const [x, y, object] = values.slice(names.length);
    if (comma) signs.check(x, y);
    const label = object === undefined ? counts[field] + 1 : parseNumber(object, comma);
    counts[field]++;
    cells.add(field, label, parseNumber(x, comma), parseNumber(y, comma));
  });
  signs.end([centers.x, centers.y], path);
  const kept = new Map([...lists].filter(([name]) => !varying.has(name)));
  const rows: ImageRow[] = imageRows(comma ? decimalPoints(kept) : kept);
  return {
    ...{ path, base: dirname(path), images: rows, cells, unknown: { cells: 0, images: [] } },
    notes:
      varying.size === 0
        ? []
        : [
            `Columns that differ within an image are not kept: ${[...varying].slice(0, 5).join(", ")}${varying.size > 5 ? ", ..." : ""}.`,
          ],
  };
}

/** Watches whether the commas of a table's coordinates can be those of decimals. */
class Signs {
  /** A coordinate whose comma may be the sign of thousands, while all that have a comma are like it. */
  #doubtful: string | undefined;
  #decimal = false;
  #whole = false;

  check(...texts: readonly string[]): void {
    for (const text of texts)
      if (!text.includes(",")) this.#whole ||= text !== "";
      else if (maybeThousands(text)) this.#doubtful ??= text;
      else this.#decimal = true;
  }

  /** @throws DataError where some are whole and the others may be thousands: they would be read a thousandfold too small */
  end(columns: readonly string[], path: string): void {
    const value = this.#doubtful;
    if (value === undefined || this.#decimal || !this.#whole) return;
    throw new DataError(
      `has coordinates such as ${value} beside whole ones in ${columns.join(" and ")}, which may be ${value.replace(",", ".")} or ${value.replace(",", "")}; write them with a point, or without a sign for thousands`,
      { path },
    );
  }
}
