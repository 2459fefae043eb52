import { DataError } from "../../errors.ts";
import type { LeftOut } from "../fields/left-out.ts";
import type { LocationsOptions } from "../formats/locations.ts";
import type { LocationSet } from "./location-set.ts";

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
export function locationNotes(
  { cells, images, unknown }: LocationSet,
  leftOut: LeftOut,
  missing: readonly string[],
  cut: number,
  options: LocationsOptions,
): string[] {
  const notes = [`${count(cells.count, "cell")} listed in ${count(images.length, "field")}.`];
  if (unknown.cells > 0)
    notes.push(
      `${count(unknown.cells, "cell")} of images that no table lists (image ${unknown.images.join(", ")}${unknown.images.length > 2 ? ", ..." : ""}) left out.`,
    );
  const left = Object.entries(REASONS)
    .filter(([reason]) => leftOut.counts.has(reason))
    .map(([reason, what]) => `${leftOut.say(reason)} ${what}`);
  if (left.length > 0) notes.push(`Left out, listed in left-out.csv: ${left.join("; ")}.`);
  if (missing.length > 0)
    notes.push(
      `Images of ${count(missing.length, "field")} are missing: ${missing.slice(0, 3).join(", ")}${missing.length > 3 ? ", ..." : ""}.`,
    );
  if (options.perClass === undefined && options.perField === undefined) return notes;
  const most = [
    options.perClass === undefined ? null : `${number.format(options.perClass)} a class`,
    options.perField === undefined ? null : `${number.format(options.perField)} a field`,
  ].filter((text) => text !== null);
  const of = cells.count - [...leftOut.counts.values()].reduce((a, b) => a + b, 0);
  notes.push(
    `Drawn with seed ${options.seed ?? 0}, at most ${most.join(" and ")}: ${number.format(cut)} of ${count(of, "cell")}.`,
  );
  return notes;
}

/** The error for a set none of whose cells can be cut. */
export function nothingToCut(
  { path, cells, images }: LocationSet,
  leftOut: LeftOut,
  missing: readonly string[],
  size: number,
): DataError {
  if (cells.count === 0)
    return new DataError(
      `lists no cells for its ${count(images.length, "image")}; check its tables of objects`,
      {
        path,
      },
    );
  if ((leftOut.counts.get("image-missing") ?? 0) === cells.count)
    return new DataError(
      `names images that are not there (${missing[0]}); give the folder they are in with --images`,
      { path },
    );
  const why = [...leftOut.counts].map(([reason, n]) => `${reason} ${number.format(n)}`);
  return new DataError(
    `has no cell that can be cut at ${size} px: of ${count(cells.count, "cell")} ${why.join(", ")}; give a smaller --size, or --pad`,
    { path },
  );
}
