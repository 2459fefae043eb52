import { html } from "./escape.ts";
import { furtherOf, numberTable } from "./further.ts";
import { distinct, type Section } from "./section.ts";

/** What surroundings give away of field, batch and class, and what a foreign background brings along. */
export const batchSection: Section = {
  id: "batch",
  name: "Batch",
  page: "appendix",
  render: (context) => {
    const found = furtherOf(context.data, "batch");
    if (found.length === 0) return null;
    const { column, chance, otherBatch } = found[0];
    const batch = column ?? "batch";
    const told = (statement: string, what: string) => [
      statement,
      `${what}${chance[statement] === undefined ? "" : ` (by chance ${(100 * chance[statement]).toFixed(1)} %)`}`,
    ];
    const captured = (unit: string, name: string) =>
      ["cell-free", "different"].flatMap((setting) => [
        [`capture-${unit}/${setting}`, `${setting}: called the donor's ${name}`],
        [`capture-${unit}-base/${setting}`, `${setting}: the same cells on their own background`],
        [`capture-${unit}-effect/${setting}`, `${setting}: difference, ${name}`],
      ]);
    const names: Record<string, string> = Object.fromEntries([
      told("background-class/background-only", "class told from the surroundings alone"),
      told("background-class/cell-free", "class of the medium told in cell-free"),
      told("background-batch", `${batch} told from the surroundings alone, within a class`),
      told("background-field", "field told from the surroundings alone, within a class"),
      ...captured("batch", batch),
      ...captured("field", "field"),
      ["capture-effect/cell-free", "cell-free: difference, class"],
      ["capture-effect/different", "different: difference, class"],
      ["capture-neighbor", "class, by neighbors alone"],
      ["medium-own-batch", `lost on a foreign medium of the cell's own ${batch}`],
      ["medium-other-batch", `lost on a foreign medium of another ${batch}`],
      ["medium-batch", `what of it comes with another ${batch}`],
    ]);
    const shown = found.map((e) => ({ ...e, numbers: [...e.numbers, ...e.beside] }));
    const others =
      otherBatch === null
        ? ""
        : ` ${(100 * otherBatch).toFixed(0)} % of the donors in cell-free are of another ${batch} than their cell.`;
    return {
      title: "What the surroundings give away: field, batch, class",
      body: html`<p class="read"><b>Told</b>: share of crops without their cell that a probe names rightly. <b>Called</b>: share of composites that a probe trained on originals of the donor's class calls the donor's field${column === null ? "" : ` (or ${column})`}, of cells whose own is another, beside the same cells on their own background. <b>Lost</b>: accuracy from self to cell-free, by probes trained on originals.${others} ${distinct(found.flatMap(({ notes }) => notes)).join(" ")}</p>
${numberTable(context, "cellswap-batch", shown, names)}`,
    };
  },
};
