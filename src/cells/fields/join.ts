import { DataError } from "../../errors.ts";
import { joinTable } from "../locations/join.ts";
import { bare, cellMetadata, type TableOptions } from "../metadata/cells.ts";
import type { FieldList } from "./field.ts";

/**
 * Adds to every field what tables say of it (platemaps and the like): rows are found by the columns that a table shares
 * with the fields' metadata, as `joinTable` says.
 * @throws DataError where a table is of single cells, shares no column or knows no field, or a field has no protein though others have.
 */
export async function joinMetadata(
  list: FieldList,
  tables: readonly string[],
  options: TableOptions,
): Promise<FieldList> {
  if (tables.length === 0) return list;
  const rows = list.fields.map(({ metadata, files }) => ({
    info: new Map(
      Object.entries(metadata).flatMap(([name, value]): [string, string][] =>
        value === null ? [] : [[bare(name), String(value)]],
      ),
    ),
    files: new Map(files.map((file, i) => [String(i), file])),
    planes: new Map<string, string>(),
  }));
  const notes = [...list.notes];
  for (const table of tables) {
    const joined = await joinTable(rows, table, options);
    if (joined.objects !== null)
      throw new DataError(
        "has a column ObjectNumber, so it is of single cells; fields take tables of plates, wells and sites",
        { path: table },
      );
    notes.push(...joined.notes);
  }
  const names = [...new Set(rows.flatMap(({ info }) => [...info.keys()]))].filter((name) => name !== "Field");
  const columns = new Map(names.map((name) => [name, rows.map(({ info }) => info.get(name) ?? "")]));
  columns.set(
    "Field",
    list.fields.map(({ name }) => name),
  );
  const metadata = cellMetadata(columns, {
    path: tables[tables.length - 1],
    count: rows.length,
    ids: String,
    unit: "field",
    row: (row) => `field ${list.fields[row].name}`,
    missing: options.missing,
    separator: options.separator,
  });
  return {
    ...list,
    fields: list.fields.map((field, row) => {
      const { Metadata_Cell: _, Metadata_Field: __, ...known } = metadata.record(row);
      const { Metadata_Field } = field.metadata;
      return { ...field, metadata: Metadata_Field === undefined ? known : { ...known, Metadata_Field } };
    }),
    notes: [...notes, ...metadata.notes],
  };
}
