import type { DataError } from "../../errors.ts";
import type { Table } from "../../types.ts";
import { LeftOut } from "../fields/left-out.ts";
import { type FieldSet, type FieldsFound, joinFields, notesOf, nothingLeft } from "../fields/notes.ts";
import {
  joinLocations,
  type ListedSet,
  type LocationsFound,
  locationNotes,
  nothingToCut,
} from "../locations/notes.ts";

/** What was found where cells are looked for in images, as plain data: of a whole source, or of one of its shards. */
export type PartFound =
  | { readonly kind: "fields"; readonly set: FieldSet; readonly found: FieldsFound }
  | { readonly kind: "locations"; readonly set: ListedSet; readonly found: LocationsFound };

/** What all shards together found. */
export interface Found {
  readonly notes: readonly string[];
  readonly leftOut: Table;
  /** The error where no cell is left. */
  nothing(): DataError;
}

/** Joins what two shards of one source found, the second of which follows the first. */
export function joinTwo(a: PartFound, b: PartFound): PartFound {
  if (a.kind === "fields") return { ...a, found: joinFields([a.found, (b as typeof a).found]) };
  return { ...a, found: joinLocations([a.found, (b as typeof a).found]) };
}

/** What is said of all that was found. @param cut cells that are taken of it */
export function sayFound(all: PartFound, cut: number): Found {
  const leftOut = LeftOut.join([all.found.leftOut]).table();
  if (all.kind === "fields") {
    const { set, found } = all;
    return { notes: notesOf(set, found, cut), leftOut, nothing: () => nothingLeft(set, found) };
  }
  const { set, found } = all;
  return { notes: locationNotes(set, found, cut), leftOut, nothing: () => nothingToCut(set, found) };
}
