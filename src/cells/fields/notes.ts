import { groupRows } from "../../core/group.ts";
import { DataError } from "../../errors.ts";
import type { FieldsOptions } from "../formats/fields.ts";
import type { FieldList } from "./field.ts";
import { LeftOut, type LeftOutList } from "./left-out.ts";
import type { FittedSize } from "./size.ts";

/** What is known of a set of fields before its cells are looked for, as plain data. */
export interface FieldSet extends Pick<FieldsOptions, "minArea" | "perClass" | "perField" | "seed"> {
  readonly path: string;
  readonly fields: number;
  /** The first label image. */
  readonly labels: string | null;
  readonly nucleiOnly: boolean;
  readonly notes: readonly string[];
  /** What is to be said of label images that several fields have. */
  readonly shared: readonly string[];
}

/** What was found in the label images of fields, as plain data. */
export interface FieldsFound {
  readonly fitted: FittedSize | null;
  readonly size: number;
  readonly cells: number;
  readonly empty: number;
  readonly leftOut: LeftOutList;
  readonly nucleiOutside: number | null;
  readonly odd: Readonly<Record<Odd, readonly string[]>>;
  readonly counts: Readonly<Record<Odd, number>>;
  readonly pixelSizes: readonly number[];
}

/** Cells with an odd number of nuclei. */
export type Odd = "several" | "none";

/** Cells with an odd number of nuclei that are named. */
export const ODD_NAMED = 3;

/** What is known of a set of fields. */
export function fieldSet(list: FieldList, { minArea, perClass, perField, seed }: FieldsOptions): FieldSet {
  const { path, fields, nucleiOnly, notes } = list;
  return {
    ...{ minArea, perClass, perField, seed, path, nucleiOnly, notes },
    fields: fields.length,
    labels: fields[0].labels,
    shared: sharedLabels(list),
  };
}

/** What was found in all fields, from what was found in some and in the others, in their order. */
export function joinFields(parts: readonly FieldsFound[]): FieldsFound {
  const sum = (of: (part: FieldsFound) => number) => parts.reduce((n, part) => n + of(part), 0);
  const odd = (kind: Odd) => parts.flatMap((part) => part.odd[kind]).slice(0, ODD_NAMED);
  return {
    ...parts[0],
    cells: sum((part) => part.cells),
    empty: sum((part) => part.empty),
    leftOut: LeftOut.join(parts.map((part) => part.leftOut)).list,
    nucleiOutside: parts.every((part) => part.nucleiOutside === null)
      ? null
      : sum((part) => part.nucleiOutside ?? 0),
    odd: { several: odd("several"), none: odd("none") },
    counts: { several: sum((part) => part.counts.several), none: sum((part) => part.counts.none) },
    pixelSizes: [...new Set(parts.flatMap((part) => part.pixelSizes))],
  };
}

const number = new Intl.NumberFormat("en-US");
const count = (n: number, one: string, many = `${one}s`) => `${number.format(n)} ${n === 1 ? one : many}`;

/** What a person should know about the cells that were found in label images and those that are cut, a sentence each. */
export function notesOf(set: FieldSet, found: FieldsFound, cut: number): string[] {
  const { fitted, cells, pixelSizes } = found;
  const leftOut = LeftOut.join([found.leftOut]);
  const notes = [
    ...set.notes,
    `${count(cells, "cell")} in the label images of ${count(set.fields, "field")}${found.empty === 0 ? "" : ` (${count(found.empty, "field")} without cells)`}.`,
  ];
  if (fitted !== null)
    notes.push(
      `Crops have ${fitted.size} px a side: 98 % of ${count(fitted.cells, "whole cell")} in ${count(fitted.fields, "field")} fit into ${Math.ceil(fitted.extent)} px, and half of that is added; --size says otherwise.`,
    );
  const left = [
    ["small", `have fewer than ${set.minArea} px`, ""],
    ["field-edge", "touch the edge of their field", ""],
    ["crop-beyond-field", "are nearer to the edge of their field than half a crop", " (--pad keeps them)"],
    ["nuclei", "do not have one nucleus", ""],
  ]
    .filter(([reason]) => leftOut.counts.has(reason))
    .map(([reason, what, keep]) => `${leftOut.say(reason)} ${what}${keep}`);
  if (left.length > 0) notes.push(`Left out, listed in left-out.csv: ${left.join("; ")}.`);
  notes.push(...nucleusNotes(found, set), ...set.shared);
  if (set.perClass !== undefined || set.perField !== undefined) {
    const most = [
      set.perClass === undefined ? null : `${number.format(set.perClass)} a class`,
      set.perField === undefined ? null : `${number.format(set.perField)} a field`,
    ].filter((text) => text !== null);
    const of = cells - [...leftOut.counts.values()].reduce((a, b) => a + b, 0);
    notes.push(
      `Drawn with seed ${set.seed ?? 0}, at most ${most.join(" and ")}: ${number.format(cut)} of ${count(of, "cell")}.`,
    );
  }
  const sizes = [...pixelSizes].sort((a, b) => a - b).map((s) => Number(s.toPrecision(4)));
  if (new Set(sizes).size > 1)
    notes.push(
      `Warning: pixels are ${sizes[0]} to ${sizes[sizes.length - 1]} µm wide in different fields, so cells differ in size; bring the fields to one scale.`,
    );
  else if (sizes.length > 0) notes.push(`Pixels are ${sizes[0]} µm wide.`);
  return notes;
}

/** Says that fields of different images have one label image. */
function sharedLabels({ fields }: FieldList): string[] {
  const groups = groupRows(fields, ({ labels, slice, time }) => JSON.stringify([labels, slice, time]));
  const shared = [...groups.values()].filter(
    (rows) => new Set(rows.map((row) => JSON.stringify(fields[row].files))).size > 1,
  );
  if (shared.length === 0) return [];
  const [first, ...others] = shared[0].map((row) => fields[row]);
  const other = others.find(({ files }) => files.join() !== first.files.join());
  return [
    `Warning: ${count(shared.flat().length, "field")} of different images have the label image of another (${first.name} and ${other?.name}: ${first.labels}); where they do not show the same cells, name one for each.`,
  ];
}

function nucleusNotes({ odd, counts, nucleiOutside }: FieldsFound, set: FieldSet): string[] {
  if (nucleiOutside === null)
    return set.nucleiOnly
      ? [
          "Warning: the label images are of nuclei, so the cells' own cytoplasm counts as background; give labels of whole cells (Labels_Cells), or make them with `cellswap segment --nuclei`.",
        ]
      : [];
  const named = (kind: "several" | "none") =>
    `${count(counts[kind], "cell")}${counts[kind] === 0 ? "" : ` (${odd[kind].join(", ")}${counts[kind] > odd[kind].length ? ", ..." : ""})`}`;
  return [
    `Nuclei: ${named("several")} with several, ${named("none")} without, ${count(nucleiOutside, "nucleus", "nuclei")} outside of cells; Metadata_Nuclei holds their number, --one-nucleus leaves such cells out.`,
  ];
}

/** The error for a set none of whose cells can be cut. */
export function nothingLeft(
  { path, fields, labels }: FieldSet,
  { cells, size, leftOut }: FieldsFound,
): DataError {
  if (cells === 0)
    return new DataError(
      `has no cell in the label images of ${fields} field(s) (${labels} and so on hold nothing but 0); check which images are the labels`,
      { path },
    );
  const counts = new Map(leftOut.counts);
  const of = (reason: string) => counts.get(reason) ?? 0;
  return new DataError(
    `has no cell that can be cut at ${size} px: of ${cells} cells ${of("small") > 0 ? `${of("small")} are smaller than --min-area, ` : ""}${of("field-edge")} touch the edge of their field, ${of("crop-beyond-field")} are nearer to it than half a crop${of("nuclei") > 0 ? `, ${of("nuclei")} do not have one nucleus` : ""}; give a smaller --size, or --pad`,
    { path },
  );
}
