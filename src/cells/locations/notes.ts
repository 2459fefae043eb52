import { DataError } from "../../errors.ts";
import { LeftOut, type LeftOutList } from "../fields/left-out.ts";
import type { LocationsOptions } from "../formats/locations.ts";
import type { LocationSet } from "./location-set.ts";

/** What is known of a set before its images are opened, as plain data. */
export interface ListedSet extends Pick<LocationsOptions, "size" | "perClass" | "perField" | "seed"> {
  readonly path: string;
  readonly images: number;
  readonly cells: number;
  readonly unknown: LocationSet["unknown"];
  /** What else is to be said. */
  readonly notes: readonly string[];
}

/** What was found when images were looked for, as plain data. */
export interface LocationsFound {
  readonly leftOut: LeftOutList;
  /** Images that are not there: how many fields lack one, and the first. */
  readonly missing: { readonly fields: number; readonly first: readonly string[] };
  /** What is to be said of planes that were guessed. */
  readonly guessed: readonly string[];
}

/** Missing images that are named. */
export const MISSING_NAMED = 3;

/** What was found of all images, from what was found of some and of the others, in their order. */
export function joinLocations(parts: readonly LocationsFound[]): LocationsFound {
  return {
    leftOut: LeftOut.join(parts.map((part) => part.leftOut)).list,
    missing: {
      fields: parts.reduce((n, part) => n + part.missing.fields, 0),
      first: parts.flatMap((part) => part.missing.first).slice(0, MISSING_NAMED),
    },
    guessed: parts.find((part) => part.guessed.length > 0)?.guessed ?? [],
  };
}

/** Why a cell of a table gets no crop, as the summary says it. */
const REASONS: Readonly<Record<string, string>> = {
  "image-missing": "have images that are not there (--images says where they are)",
  "no-center": "have no center",
  "outside-field": "have their center outside of their image",
  "listed-twice": "are listed twice",
  "no-class": "have no class to be drawn by",
  "crop-beyond-field": "are nearer to the edge of their field than half a crop (--pad keeps them)",
};

const number = new Intl.NumberFormat("en-US");
const count = (n: number, one: string) => `${number.format(n)} ${one}${n === 1 ? "" : "s"}`;

/** What a person should know about the cells that tables list and those that are cut, a sentence each. */
export function locationNotes(set: ListedSet, found: LocationsFound, cut: number): string[] {
  return [...cellNotes(set, found, cut), ...set.notes, ...found.guessed];
}

function cellNotes(set: ListedSet, { leftOut: list, missing }: LocationsFound, cut: number): string[] {
  const { cells, images, unknown } = set;
  const leftOut = LeftOut.join([list]);
  const notes = [`${count(cells, "cell")} listed in ${count(images, "field")}.`];
  if (unknown.cells > 0)
    notes.push(
      `${count(unknown.cells, "cell")} of images that no table lists (image ${unknown.images.join(", ")}${unknown.images.length > 2 ? ", ..." : ""}) left out.`,
    );
  const left = Object.entries(REASONS)
    .filter(([reason]) => leftOut.counts.has(reason))
    .map(([reason, what]) => `${leftOut.say(reason)} ${what}`);
  if (left.length > 0) notes.push(`Left out, listed in left-out.csv: ${left.join("; ")}.`);
  if (missing.fields > 0)
    notes.push(
      `Images of ${count(missing.fields, "field")} are missing: ${missing.first.join(", ")}${missing.fields > missing.first.length ? ", ..." : ""}.`,
    );
  if (set.perClass === undefined && set.perField === undefined) return notes;
  const most = [
    set.perClass === undefined ? null : `${number.format(set.perClass)} a class`,
    set.perField === undefined ? null : `${number.format(set.perField)} a field`,
  ].filter((text) => text !== null);
  const of = cells - [...leftOut.counts.values()].reduce((a, b) => a + b, 0);
  notes.push(
    `Drawn with seed ${set.seed ?? 0}, at most ${most.join(" and ")}: ${number.format(cut)} of ${count(of, "cell")}.`,
  );
  return notes;
}

/** The error for a set none of whose cells can be cut. */
export function nothingToCut(
  { path, cells, images, size }: ListedSet,
  { leftOut, missing }: LocationsFound,
): DataError {
  if (cells === 0)
    return new DataError(`lists no cells for its ${count(images, "image")}; check its tables of objects`, {
      path,
    });
  if ((new Map(leftOut.counts).get("image-missing") ?? 0) === cells)
    return new DataError(
      `names images that are not there (${missing.first[0]}); give the folder they are in with --images`,
      { path },
    );
  const why = leftOut.counts.map(([reason, n]) => `${reason} ${number.format(n)}`);
  return new DataError(
    `has no cell that can be cut at ${size} px: of ${count(cells, "cell")} ${why.join(", ")}; give a smaller --size, or --pad`,
    { path },
  );
}
