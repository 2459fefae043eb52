import { expect, test } from "vitest";
import { neighborClasses } from "../../src/cells/neighbor-classes.ts";
import { simulateFields } from "../../src/simulate/dataset.ts";
import { seenCells } from "../../src/simulate/field-cells.ts";
import { type Column, type CropSource, NEIGHBOR } from "../../src/types.ts";

/** Crops of a co-culture, with what the field's labels say of the class of every neighbor pixel. */
function coculture() {
  const cells = [
    ...simulateFields({
      seed: 3,
      localizations: ["nucleus", "vacuole"],
      proteinsPerLocalization: 1,
      proteinsPerField: 2,
      cellsPerProtein: 30,
      fieldsPerProtein: 2,
    }),
  ].flatMap(({ name, field, cells: of }) => {
    const seen = seenCells(field);
    const kinds = new Map(field.cells.map((c) => [c.label, c.protein.name]));
    // The field is drawn over by the next one.
    const labels = field.labels.slice();
    return of.map(({ cell, mask, protein }) => ({
      ...seen.get(cell.label)!,
      mask,
      name,
      kinds,
      labels,
      protein,
      size: field.size,
    }));
  });
  const side = Math.sqrt(cells[0].mask.length);
  const source = {
    count: cells.length,
    masks: "full",
    channels: ["GFP"],
    height: side,
    width: side,
    readMask: (row: number, out: Uint8Array) => out.set(cells[row].mask),
    readCrop: () => {},
  } satisfies CropSource;
  const columns = new Map<string, Column>([
    ["Metadata_X", Float64Array.from(cells, (c) => c.x)],
    ["Metadata_Y", Float64Array.from(cells, (c) => c.y)],
  ]);
  const table = { field: cells.map((c) => c.name), metadata: { rows: cells.length, columns } };
  return { cells, side, source, table, label: cells.map((c) => c.protein.name) };
}

test("neighbors' classes are what the labels of the field say, and cells that no row shows are unknown", () => {
  const { cells, side, source, table, label } = coculture();
  const rows = Int32Array.from(cells.keys());
  const found = neighborClasses(source, table, rows, label)!;
  const shown = new Set(cells.map((c) => `${c.name} ${c.cell.label}`));
  let several = 0;
  cells.forEach((of, row) => {
    const [cx, cy] = [0, 1].map((axis) => {
      const own = Array.from(of.mask.keys()).filter((p) => of.mask[p] === 1);
      return own.reduce((sum, p) => sum + (axis === 0 ? p % side : Math.floor(p / side)), 0) / own.length;
    });
    const [left, top] = [Math.round(of.x - cx), Math.round(of.y - cy)];
    const truth = { own: 0, other: 0, unknown: 0 };
    of.mask.forEach((v, p) => {
      if (v !== NEIGHBOR) return;
      const at = of.labels[(top + Math.floor(p / side)) * of.size + left + (p % side)];
      const known = shown.has(`${of.name} ${at}`);
      truth[known ? (of.kinds.get(at) === of.protein.name ? "own" : "other") : "unknown"] +=
        1 / of.mask.length;
    });
    for (const kind of ["own", "other", "unknown"] as const)
      expect(found[kind][row]).toBeCloseTo(truth[kind], 12);
    several += Number(truth.own > 0 && truth.other > 0);
  });
  expect(several).toBeGreaterThan(5);
});

test("a class that is not known counts for neither; cells without places have none", () => {
  const { cells, source, table, label } = coculture();
  const rows = Int32Array.from(cells.keys());
  const all = neighborClasses(source, table, rows, label)!;
  const some = neighborClasses(
    source,
    table,
    rows,
    label.map((name) => (name.startsWith("vacuole") ? null : name)),
  )!;
  cells.forEach((_, row) => {
    const total = all.own[row] + all.other[row] + all.unknown[row];
    expect(some.own[row] + some.other[row] + some.unknown[row]).toBeCloseTo(total, 12);
    expect(some.other[row]).toBe(0);
    if (label[row].startsWith("nucleus")) expect(some.own[row]).toBe(all.own[row]);
  });
  const lost = table.metadata.columns.get("Metadata_X") as Float64Array;
  const columns = new Map(table.metadata.columns).set(
    "Metadata_X",
    lost.map((x, row) => (row === 0 ? Number.NaN : x)),
  );
  const partly = neighborClasses(
    source,
    { ...table, metadata: { rows: cells.length, columns } },
    rows,
    label,
  )!;
  expect([partly.own[0], partly.other[0], partly.unknown[0]]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  // What is known of it is missing elsewhere.
  const known = (of: typeof all) => rows.slice(1).reduce((sum, row) => sum + of.own[row] + of.other[row], 0);
  expect(known(partly)).toBeLessThan(known(all));
  const nowhere = { ...table, metadata: { rows: cells.length, columns: new Map() } };
  expect(neighborClasses(source, nowhere, rows, label)).toBeNull();
});
