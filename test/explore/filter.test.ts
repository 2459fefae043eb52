import { expect, test } from "vitest";
import { cellCodes, facetCounts } from "../../src/explore/facets.ts";
import {
  FILTERS,
  type Filter,
  type Filtered,
  filterRows,
  inOrder,
  sortRows,
  UNJUDGED,
} from "../../src/explore/filter.ts";
import { INITIAL, SORTS } from "../../src/explore/url.ts";
import { drawn } from "./made.ts";

const of = drawn(1);
const { composites, cells, predictions } = of;

/** What the words of a filter say of one composite, one after the other. */
function passes(row: number, f: Filter): boolean {
  const c = composites.cell[row];
  const called = (r: number) => predictions!.prediction[r];
  const first = of.originals[c];
  return (
    (f.setting === null || of.settings[composites.setting[row]] === f.setting) &&
    (f.class === null || of.classes[cells.class[c]] === f.class) &&
    (f.background === null || of.classes[composites.background[row]] === f.background) &&
    (f.protein === null || cells.protein[c] === f.protein) &&
    (f.field === null || cells.field[c] === f.field) &&
    (!f.flipped || (called(row) >= 0 && called(first) >= 0 && called(row) !== called(first))) &&
    (f.called === null || of.classes[called(row)] === f.called) &&
    (f.quality === "" || f.quality.split(",").includes(cells.verdict[c] ?? UNJUDGED)) &&
    cells.id[c].toLowerCase().includes(f.search.toLowerCase())
  );
}

const CHOICES: Partial<Filter>[] = [
  {},
  { setting: "different" },
  { class: "class 1" },
  { background: "class 2" },
  { protein: "p3" },
  { field: "f2" },
  { flipped: true },
  { called: "class 3" },
  { called: "class 1", setting: "different", flipped: true },
  { called: "no such class" },
  { quality: "ok" },
  { quality: `small,${UNJUDGED}` },
  { search: "cELL_1" },
  { setting: "cell-free", class: "class 0", flipped: true },
  { background: "class 1", quality: "ok,border", search: "2" },
  { class: "no such class" },
  { background: "no such class" },
  { search: "nobody" },
];
const rows = Array.from(composites.cell.keys());

test.each(CHOICES)("filters %o", (choice) => {
  const filter = { ...INITIAL, ...choice };
  expect([...filterRows(of, filter)]).toEqual(rows.filter((row) => passes(row, filter)));
});

test.each(CHOICES)("counts what each option would leave: %o", (choice) => {
  const filter: Filter = { ...INITIAL, ...choice };
  const codes = cellCodes(cells);
  const counts = facetCounts(of, codes, filter);
  const left = (change: Partial<Filter>) =>
    rows.filter((row) => passes(row, { ...filter, ...change })).length;
  expect(counts.all).toBe(left({}));
  expect([...counts.setting]).toEqual(of.settings.map((s) => left({ setting: s as Filter["setting"] })));
  expect([...counts.class]).toEqual(of.classes.map((name) => left({ class: name })));
  expect([...counts.background]).toEqual(of.classes.map((name) => left({ background: name })));
  expect([...counts.protein]).toEqual(codes.protein.names.map((protein) => left({ protein })));
  expect([...counts.field]).toEqual(codes.field.names.map((field) => left({ field })));
  expect([...counts.quality]).toEqual(codes.quality.names.map((quality) => left({ quality })));
  expect([...counts.called]).toEqual(of.classes.map((name) => left({ called: name })));
  expect(counts.flipped).toBe(left({ flipped: true }));
});

test("every filter narrows something here", () => {
  for (const key of FILTERS)
    expect(CHOICES.some((c) => c[key] !== undefined && filterRows(of, { ...INITIAL, ...c }).length > 0)).toBe(
      true,
    );
});

test("nothing is flipped where nothing is predicted", () => {
  const bare: Filtered = { ...of, predictions: null };
  expect(filterRows(bare, { ...INITIAL, flipped: true })).toHaveLength(0);
  expect(facetCounts(bare, cellCodes(cells), INITIAL).flipped).toBe(0);
});

test.each(SORTS)("sorting by %s keeps every row, what is unknown last", (sort) => {
  const influence = Float32Array.from(rows, (row) => (row % 3 === 0 ? Number.NaN : -row));
  const sorted = sortRows(Int32Array.from(rows), sort, of, influence);
  expect([...sorted].sort((a, b) => a - b)).toEqual(rows);
  const c = (row: number) => composites.cell[row];
  const key = {
    "margin-change": (row: number) => predictions!.margin[row] - predictions!.margin[of.originals[c(row)]],
    influence: (row: number) => influence[row],
    margin: (row: number) => predictions!.margin[row],
    lent: (row: number) => -predictions!.lent[row],
    neighbors: (row: number) => -cells.neighborArea[c(row)],
    id: c,
  }[sort];
  for (let i = 1; i < sorted.length; i++) {
    const [before, after] = [Math.fround(key(sorted[i - 1])), Math.fround(key(sorted[i]))];
    expect(Number.isNaN(after) || before <= after).toBe(true);
    if (before === after) expect(sorted[i - 1]).toBeLessThan(sorted[i]);
  }
  const some = Int32Array.from(rows.filter((row) => row % 4 !== 1));
  expect([...inOrder(some, sorted)]).toEqual([...sortRows(some, sort, of, influence)]);
});
