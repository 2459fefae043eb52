import { groupRows } from "../../core/group.ts";
import type { FieldsFound, FieldsOptions } from "../formats/fields.ts";
import type { FieldList } from "./field.ts";

const number = new Intl.NumberFormat("en-US");
const count = (n: number, one: string, many = `${one}s`) => `${number.format(n)} ${n === 1 ? one : many}`;

/** What a person should know about the cells that were found in label images and those that are cut, a sentence each. */
export function notesOf(list: FieldList, found: FieldsFound, cut: number, options: FieldsOptions): string[] {
  const { fitted, cells, leftOut, pixelSizes } = found;
  const notes = [
    `${count(cells, "cell")} in the label images of ${count(list.fields.length, "field")}${found.empty === 0 ? "" : ` (${count(found.empty, "field")} without cells)`}.`,
  ];
  if (fitted !== null)
    notes.push(
      `Crops have ${fitted.size} px a side: 98 % of ${count(fitted.cells, "whole cell")} in ${count(fitted.fields, "field")} fit into ${Math.ceil(fitted.extent)} px, and half of that is added; --size says otherwise.`,
    );
  const left = [
    ["small", `have fewer than ${options.minArea} px`, ""],
    ["field-edge", "touch the edge of their field", ""],
    ["crop-beyond-field", "are nearer to the edge of their field than half a crop", " (--pad keeps them)"],
    ["nuclei", "do not have one nucleus", ""],
  ]
    .filter(([reason]) => leftOut.counts.has(reason))
    .map(([reason, what, keep]) => `${leftOut.say(reason)} ${what}${keep}`);
  if (left.length > 0) notes.push(`Left out, listed in left-out.csv: ${left.join("; ")}.`);
  notes.push(...nucleusNotes(found, list), ...sharedLabels(list));
  if (options.perClass !== undefined || options.perField !== undefined) {
    const most = [
      options.perClass === undefined ? null : `${number.format(options.perClass)} a class`,
      options.perField === undefined ? null : `${number.format(options.perField)} a field`,
    ].filter((text) => text !== null);
    const of = cells - [...leftOut.counts.values()].reduce((a, b) => a + b, 0);
    notes.push(
      `Drawn with seed ${options.seed ?? 0}, at most ${most.join(" and ")}: ${number.format(cut)} of ${count(of, "cell")}.`,
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

function nucleusNotes({ odd, counts, nucleiOutside }: FieldsFound, list: FieldList): string[] {
  if (nucleiOutside === null)
    return list.nucleiOnly
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
