import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DataError } from "../../errors.ts";
import { openRows } from "../../files/rows/rows.ts";
import { CellList } from "../locations/cell-list.ts";
import { findCenters, OBJECTS } from "../locations/centers.ts";
import { type ImageRow, type LocationSet, readColumns } from "../locations/location-set.ts";
import { bare } from "../metadata/cells.ts";
import { maybeMissing, parseNumber } from "../metadata/missing.ts";

/** Parts of a project by where they stand below its folder. */
const PLACES = ["inputs", "."];

/**
 * Reads a DeepProfiler project: `inputs/metadata/index.csv` (Metadata_Plate, Metadata_Well, Metadata_Site, a column of
 * files per channel, relative to `inputs/images`) and `inputs/locations/PLATE/WELL-SITE-Nuclei.csv` (columns
 * `Nuclei_Location_Center_X` and `Y`: column and row, the middle of the first pixel is 0). The cells of an image are
 * numbered from 1 in the order of their file, where it does not number them itself; so are DeepProfiler's features.
 * @param source the project, its `inputs`, or its index
 * @param objects in the names of the location files; by default Nuclei, or where there are none Cells
 * @throws DataError where the index, its columns or all locations are missing
 */
export async function deepprofilerSet(source: string, objects: string | null = null): Promise<LocationSet> {
  const index = findIndex(source);
  const inputs = /^metadata$/i.test(basename(dirname(index))) ? dirname(dirname(index)) : dirname(index);
  const table = await openRows(index);
  const columns = await readColumns(table, () => true);
  const rows = columns.get(table.columns[0])?.length ?? 0;
  const named = (name: string): readonly string[] => {
    const found = table.columns.find((column) => bare(column).toLowerCase() === name.toLowerCase());
    if (found !== undefined) return columns.get(found) as string[];
    throw new DataError(
      `has no column Metadata_${name} (its columns: ${table.columns.join(", ")}); DeepProfiler's index has Plate, Well and Site`,
      { path: index },
    );
  };
  const [plate, well, site] = ["Plate", "Well", "Site"].map(named);
  const isFile = (values: readonly string[]) =>
    values.some((v) => v !== "") &&
    values.every((v) => v === "" || maybeMissing(v) || /\.(tiff?|png)$/i.test(v));
  const channels = table.columns.filter(
    (name) => !/^metadata_/i.test(name) && isFile(columns.get(name) as string[]),
  );
  const infos = table.columns.filter((name) => !channels.includes(name) && !/^Unnamed: /.test(name));
  const locations = join(inputs, "locations");
  const images: ImageRow[] = [];
  const cells = new CellList();
  const without: string[] = [];
  for (let row = 0; row < rows; row++) {
    const text = (name: string) => columns.get(name)?.[row] ?? "";
    images.push({
      info: new Map(infos.map((name) => [bare(name), text(name)])),
      files: new Map(
        channels
          .map((name) => [name, text(name)] as const)
          .filter(([, file]) => !maybeMissing(file) && file !== ""),
      ),
      planes: new Map(),
    });
    const stem = `${well[row]}-${site[row]}`;
    const file = locationFile(join(locations, plate[row]), stem, objects);
    if (file === null) without.push(`${plate[row]}/${stem}`);
    else await readCenters(file, objects, row, cells);
  }
  if (without.length === rows)
    throw new DataError(
      `has no locations of any image of the index (looked for ${without[0]}-${objects ?? OBJECTS[0]}.csv)`,
      { path: locations },
    );
  return {
    ...{ path: index, images, cells, unknown: { cells: 0, images: [] } },
    base: existsSync(join(inputs, "images")) ? join(inputs, "images") : inputs,
    notes:
      without.length === 0
        ? []
        : [
            `${without.length} of ${rows} images have no locations (${without.slice(0, 3).join(", ")}${without.length > 3 ? ", ..." : ""}).`,
          ],
  };
}

function findIndex(source: string): string {
  const stat = statSync(source, { throwIfNoEntry: false });
  if (stat === undefined) throw new DataError("is not there; check the path", { path: source });
  if (!stat.isDirectory()) return source;
  const found = PLACES.flatMap((place) => [
    join(source, place, "metadata/index.csv"),
    join(source, place, "index.csv"),
  ]).find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new DataError(
    "has no inputs/metadata/index.csv; give the folder of the DeepProfiler project, or its index",
    { path: source },
  );
}

function locationFile(folder: string, stem: string, objects: string | null): string | null {
  for (const name of objects === null ? OBJECTS : [objects]) {
    const file = join(folder, `${stem}-${name}.csv`);
    if (existsSync(file)) return file;
  }
  if (objects !== null || !existsSync(folder)) return null;
  const other = readdirSync(folder).find((name) => name.startsWith(`${stem}-`) && /\.csv$/i.test(name));
  return other === undefined ? null : join(folder, other);
}

async function readCenters(
  path: string,
  objects: string | null,
  field: number,
  cells: CellList,
): Promise<void> {
  const table = await openRows(path);
  const centers = findCenters(table.columns, objects) ?? findCenters(table.columns, null);
  if (centers === null)
    throw new DataError(
      `has no centers (columns such as Nuclei_Location_Center_X and Y; its columns: ${table.columns.join(", ")})`,
      { path },
    );
  let running = 0;
  const names = [centers.x, centers.y, ...(centers.object === undefined ? [] : [centers.object])];
  await table.each(names, ([x, y, object]) => {
    running++;
    const label = object === undefined ? running : parseNumber(object, table.comma);
    cells.add(field, label, parseNumber(x, table.comma), parseNumber(y, table.comma));
  });
}
