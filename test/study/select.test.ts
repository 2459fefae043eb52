import { expect, test } from "vitest";
import { resolveStudy } from "../../src/study/schema.ts";
import { selectCells } from "../../src/study/select.ts";
import type { Cells } from "../../src/types.ts";

/** Two classes of a large, a small and a single-cell field. */
const field = ["a", "b"].flatMap((c) => [
  ...Array.from({ length: 60 }, () => `${c} large`),
  ...Array.from({ length: 5 }, () => `${c} small`),
  `${c} single`,
]);
const cells = {
  count: field.length,
  id: field.map((_, i) => `c${i}`),
  field,
  protein: null,
  usable: new Uint8Array(field.length).fill(1),
  metadata: {
    rows: field.length,
    columns: new Map([["Metadata_Class", field.map((name) => name[0])]]),
  },
} as unknown as Cells;

function picked(keys: object) {
  const study = resolveStudy(
    { cells: "x", encoders: ["deeploc"], class: "Class", cellsPerClass: 12, ...keys },
    "/",
    "s.json",
  );
  const { rows, leftOut } = selectCells(cells, study, null);
  const of = rows.map((list) =>
    ["large", "small", "single"].map((f) => [...list].filter((r) => field[r].endsWith(f)).length),
  );
  return { rows: rows.map((list) => [...list]), of, leftOut };
}

test("a cap on cells that deals from fields keeps every field, as evenly as they allow", () => {
  const { rows, of, leftOut } = picked({ pick: "fields" });
  expect(of).toEqual([
    [6, 5, 1],
    [6, 5, 1],
  ]);
  for (const list of rows) expect(list).toEqual([...list].sort((a, b) => a - b));
  expect(leftOut).toEqual({ "over cellsPerClass": 108 });
  // Evenly spaced cells lose the field of one.
  expect(picked({ pick: "even" }).of).toEqual([
    [11, 1, 0],
    [11, 1, 0],
  ]);
});

test("which cells of a field is drawn by the seed; all where there are no more", () => {
  const one = picked({ pick: "fields" }).rows;
  expect(picked({ pick: "fields" }).rows).toEqual(one);
  expect(picked({ pick: "fields", seed: 2 }).rows).not.toEqual(one);
  const all = picked({ pick: "fields", cellsPerClass: 100 });
  expect(all.of).toEqual([
    [60, 5, 1],
    [60, 5, 1],
  ]);
});
