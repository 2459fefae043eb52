import { DataError } from "../../errors.ts";
import { openRows } from "../../files/rows/rows.ts";
import { bare, cellMetadata, type TableOptions } from "../metadata/cells.ts";
import { imageColumns, isImageColumn } from "../metadata/image-columns.ts";
import { maybeMissing } from "../metadata/missing.ts";
import type { CellRecord } from "../store.ts";
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

/** A table that is joined: its columns, and those that it shares with what is known of the images. */
interface Joined {
  readonly path: string;
  readonly columns: ReadonlyMap<string, string[]>;
  readonly rows: number;
  readonly shared: readonly string[];
  /** Columns that it adds, those of images aside. */
  readonly added: readonly string[];
  /** Column with the number of the object that a row is of; undefined where rows are of images. */
  readonly object: string | undefined;
}

/** What a table says of single objects. */
export interface ObjectColumns {
  /** Its columns, with `Metadata_`. */
  readonly names: readonly string[];
  /** `Metadata_` columns of an object by its image's place in the set and its number; null where there is no row. */
  of(image: number, label: number): CellRecord | null;
}

/**
 * Adds to images, or to single objects, what a table says of them: its rows are found by the columns that it shares with
 * what is known of the images (Plate, Well, Site, ImageNumber, ...; `well_position` is Well), and with a column
 * `ObjectNumber` by that too. Its other columns are added, image columns as files.
 * @returns what it says of objects, null for a table of images, and what a person should know, one sentence each
 * @throws DataError where no column is shared, no image is found, or two rows of one key differ
 */
export async function joinTable(
  images: readonly ImageRow[],
  path: string,
  options: TableOptions = {},
): Promise<{ objects: ObjectColumns | null; notes: string[] }> {
  const table = await openJoined(images, path);
  if (table.object !== undefined) return joinObjects(images, table, options);
  return { objects: null, notes: joinImages(images, table) };
}

async function openJoined(images: readonly ImageRow[], path: string): Promise<Joined> {
  const columns = await readColumns(await openRows(path), () => true);
  const known = new Set(images.flatMap(({ info }) => [...info.keys()].map(key)));
  const names = [...columns.keys()];
  const shared = names.filter((name) => known.has(key(name)) && !isImageColumn(name));
  if (shared.length === 0)
    throw new DataError(
      `shares no column with the images (its columns: ${names.join(", ")}; the images': ${[...known].join(", ")}); name plates, wells and sites as the images do`,
      { path },
    );
  const object = names.find((name) => key(name) === "objectnumber");
  return {
    ...{ path, columns, shared, object, rows: columns.get(names[0])?.length ?? 0 },
    added: names.filter(
      (name) => !shared.includes(name) && name !== object && !isImageColumn(name) && !/^Unnamed: /.test(name),
    ),
  };
}

/** Rows by what stands in `keys`. @throws DataError where two rows of one key differ */
function index({ path, columns, rows }: Joined, keys: readonly string[]): Map<string, number> {
  const rowOf = new Map<string, number>();
  const told = [...columns].filter(([name]) => !/^Unnamed: /.test(name));
  const values = (row: number) => told.map(([, column]) => column[row]).join("\n");
  for (let row = 0; row < rows; row++) {
    const id = keys.map((name) => same(key(name), columns.get(name)?.[row] ?? "")).join("\n");
    const other = rowOf.get(id);
    if (other !== undefined && values(other) !== values(row))
      throw new DataError(
        `has two rows for ${keys.map((name) => `${bare(name)} ${columns.get(name)?.[row]}`).join(", ")}, and they differ; leave one, or add the column that tells them apart`,
        { path },
      );
    rowOf.set(id, row);
  }
  return rowOf;
}

function idOf({ info }: ImageRow, shared: readonly string[]): string[] {
  const byKey = new Map([...info].map(([name, value]) => [key(name), value]));
  return shared.map((name) => same(key(name), byKey.get(key(name)) ?? ""));
}

function nothingFound({ path, shared }: Joined, wanted: readonly string[], ids: Iterable<string>): DataError {
  const has = [...ids].slice(0, 3).map((id) => id.replaceAll("\n", " "));
  return new DataError(
    `has no row for any image (looked for ${shared.map(bare).join(", ")}: ${wanted.slice(0, 3).join("; ")}; it has ${has.join("; ")}); write them as the images do`,
    { path },
  );
}

function joinImages(images: readonly ImageRow[], table: Joined): string[] {
  const { path, columns, shared, added } = table;
  const rowOf = index(table, shared);
  const files = imageColumns(columns, maybeMissing);
  const without: string[] = [];
  for (const image of images) {
    const id = idOf(image, shared);
    const row = rowOf.get(id.join("\n"));
    if (row === undefined) {
      without.push(id.join(" "));
      continue;
    }
    for (const name of added) image.info.set(bare(name), columns.get(name)?.[row] ?? "");
    for (const { channel, written } of files) {
      const file = written(row);
      if (file !== "" && !/\.(npy|mat)$/i.test(file)) image.files.set(channel, file);
    }
  }
  if (without.length === images.length) throw nothingFound(table, without, rowOf.keys());
  if (without.length === 0) return [];
  const first = [...new Set(without)].slice(0, 3);
  return [
    `${without.length} of ${images.length} fields have no row in ${path} (${shared.map(bare).join(", ")}: ${first.join("; ")}${without.length > first.length ? "; ..." : ""}).`,
  ];
}

function joinObjects(
  images: readonly ImageRow[],
  table: Joined,
  options: TableOptions,
): { objects: ObjectColumns; notes: string[] } {
  const { path, columns, shared, added, rows, object = "" } = table;
  const rowOf = index(table, [...shared, object]);
  const ids = images.map((image) => idOf(image, shared).join("\n"));
  const known = new Set([...rowOf.keys()].map((id) => id.slice(0, id.lastIndexOf("\n"))));
  if (!ids.some((id) => known.has(id)))
    throw nothingFound(
      table,
      ids.map((id) => id.replaceAll("\n", " ")),
      known,
    );
  // Objects are no fields: a name of their own keeps what is said of fields silent.
  const own = new Map([...added.map((name) => [name, columns.get(name) ?? []] as const)]);
  const field = Array.from({ length: rows }, (_, row) => String(row));
  const { record, notes } = cellMetadata(new Map<string, readonly string[]>([...own, ["Field", field]]), {
    ...options,
    ...{ path, count: rows, ids: String },
  });
  const has = new Set(added.map((name) => bare(name).toLowerCase()));
  const dropped = ["Cell", "Field", "Protein", "Localization"].filter(
    (name) => name === "Cell" || name === "Field" || !has.has(name.toLowerCase()),
  );
  return {
    notes: [...notes],
    objects: {
      names: added.map((name) => `Metadata_${bare(name)}`),
      of: (image, label) => {
        const row = rowOf.get(`${ids[image]}\n${label}`);
        if (row === undefined) return null;
        const found = { ...record(row) };
        for (const name of dropped) delete found[`Metadata_${name}`];
        return found;
      },
    },
  };
}
