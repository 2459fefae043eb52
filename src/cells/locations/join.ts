import { DataError } from "../../errors.ts";
import { openRows } from "../../files/rows/rows.ts";
import { bare } from "../formats/metadata.ts";
import { imageColumns, isImageColumn } from "../image-columns.ts";
import { maybeMissing } from "../missing.ts";
import { type ImageRow, readColumns } from "./location-set.ts";

/** Names under which screens keep plates and wells in platemaps. */
const SAME: Readonly<Record<string, string>> = {
  well_position: "well",
  assay_plate_barcode: "plate",
  plate_barcode: "plate",
};

const key = (column: string) => {
  const name = bare(column.replace(/^image_/i, "")).toLowerCase();
  return SAME[name] ?? name;
};

/** A1 and A01 are one well, 1 and 1.0 one number. */
function same(name: string, value: string): string {
  const well = name === "well" ? /^([A-Z]{1,2})0*(\d+)$/i.exec(value) : null;
  if (well !== null) return `${well[1].toUpperCase()}${well[2]}`;
  return /^\d+\.0+$/.test(value) ? value.slice(0, value.indexOf(".")) : value;
}

/**
 * Adds to every image what a table says of it: the table's rows are found by the columns that it shares with what is
 * known of the images (Plate, Well, Site, ...; `well_position` is Well); its other columns are added, image columns as
 * files.
 * @returns what a person should know, one sentence each
 * @throws DataError where no column is shared, no image is found, or two rows of one key differ
 */
export async function joinTable(images: readonly ImageRow[], path: string): Promise<string[]> {
  const table = await openRows(path);
  const columns = await readColumns(table, () => true);
  const known = new Set(images.flatMap(({ info }) => [...info.keys()].map(key)));
  const names = [...columns.keys()];
  const shared = names.filter((name) => known.has(key(name)) && !isImageColumn(name));
  if (shared.length === 0)
    throw new DataError(
      `shares no column with the images (its columns: ${names.join(", ")}; the images': ${[...known].join(", ")}); name plates, wells and sites as the images do`,
      { path },
    );
  const added = names.filter(
    (name) => !shared.includes(name) && !isImageColumn(name) && !/^Unnamed: /.test(name),
  );
  const files = imageColumns(columns, maybeMissing);
  const rowOf = new Map<string, number>();
  const values = (row: number) => names.map((name) => columns.get(name)?.[row]).join("\n");
  for (let row = 0; row < (columns.get(names[0])?.length ?? 0); row++) {
    const id = shared.map((name) => same(key(name), columns.get(name)?.[row] ?? "")).join("\n");
    const other = rowOf.get(id);
    if (other !== undefined && values(other) !== values(row))
      throw new DataError(
        `has two rows for ${shared.map((name) => `${bare(name)} ${columns.get(name)?.[row]}`).join(", ")}, and they differ; leave one, or add the column that tells them apart`,
        { path },
      );
    rowOf.set(id, row);
  }
  const without: string[] = [];
  for (const { info, files: own } of images) {
    const byKey = new Map([...info].map(([name, value]) => [key(name), value]));
    const ids = shared.map((name) => same(key(name), byKey.get(key(name)) ?? ""));
    const row = rowOf.get(ids.join("\n"));
    if (row === undefined) {
      without.push(ids.join(" "));
      continue;
    }
    for (const name of added) info.set(bare(name), columns.get(name)?.[row] ?? "");
    for (const { channel, written } of files) {
      const file = written(row);
      if (file !== "" && !/\.(npy|mat)$/i.test(file)) own.set(channel, file);
    }
  }
  const by = shared.map(bare).join(", ");
  if (without.length === images.length)
    throw new DataError(
      `has no row for any image (looked for ${by}: ${without.slice(0, 3).join("; ")}; it has ${[
        ...rowOf.keys(),
      ]
        .slice(0, 3)
        .map((id) => id.replaceAll("\n", " "))
        .join("; ")}); write them as the images do`,
      { path },
    );
  if (without.length === 0) return [];
  const first = [...new Set(without)].slice(0, 3);
  return [
    `${without.length} of ${images.length} fields have no row in ${path} (${by}: ${first.join("; ")}${without.length > first.length ? "; ..." : ""}).`,
  ];
}
