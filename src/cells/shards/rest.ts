import { join } from "node:path";
import { exactJson, parseExact } from "../../files/exact-json.ts";
import { readInput } from "../../files/input.ts";
import type { Column, Table } from "../../types.ts";
import type { CellSource } from "../importer.ts";
import type { Labels } from "../metadata/labels.ts";
import type { PartFound } from "./found.ts";
import type { Part } from "./parts.ts";

/** What a shard knows besides its cells. */
export interface Rest {
  readonly labels: Labels | undefined;
  /** Where cells were looked for in images: what was found in those of this shard. */
  readonly found: PartFound | undefined;
  /** Else what is to be said of the whole source, and what it leaves out. */
  readonly notes: readonly string[];
  readonly leftOut: Table | null;
}

/** Text of what a source knows besides its cells. */
export function packRest({ notes, leftOut, part }: CellSource, labels: Labels | undefined): string {
  const told = labels === undefined ? null : [...labels];
  if (part !== undefined) return exactJson({ labels: told, found: part.found });
  const columns = leftOut === undefined ? null : [...leftOut.columns].map(([name, of]) => [name, [...of]]);
  return exactJson({ labels: told, notes, leftOut: columns });
}

/** Bytes that are read of it at most: tables of what is left out name a hundred thousand cells. */
const LARGEST = 1 << 28;

/** What {@link packRest} packed, of a shard whose files were checked. */
export function readRest({ path }: Part): Rest {
  const file = join(path, "rest.json");
  const text = readInput(file, { bytes: LARGEST, what: "what a shard found" });
  const { labels, found, notes, leftOut } = parseExact(text.toString("utf8")) as {
    labels: [string, string][] | null;
    found?: PartFound;
    notes?: string[];
    leftOut?: [string, (string | number | null)[]][] | null;
  };
  return {
    labels: labels === null ? undefined : new Map(labels),
    found,
    notes: notes ?? [],
    leftOut: leftOut === undefined || leftOut === null ? null : tableOf(leftOut),
  };
}

function tableOf(columns: readonly (readonly [string, readonly (string | number | null)[]])[]): Table {
  const column = (values: readonly (string | number | null)[]): Column =>
    values.some((value) => typeof value === "number")
      ? Float64Array.from(values as number[])
      : (values as (string | null)[]);
  return {
    rows: columns[0]?.[1].length ?? 0,
    columns: new Map(columns.map(([name, values]) => [name, column(values)])),
  };
}
