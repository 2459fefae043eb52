import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { afterAll, expect, test } from "vitest";
import { RecordColumns } from "../../src/cells/record-columns.ts";
import { TextStore } from "../../src/cells/text-store.ts";
import { mulberry32 } from "../../src/core/rng.ts";
import { readParquet, writeParquetPieces } from "../../src/files/table.ts";
import type { Column } from "../../src/types.ts";
import { hasModules, runPython } from "../python.ts";

const scratch = mkdtempSync(join(tmpdir(), "cellswap-columns-"));
const path = join(scratch, "columns.parquet");
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test.each([
  ["few", 300, 40],
  ["all of them different, in several blocks", 70_000, 20],
])("texts come back as they were: %s", (_, different, length) => {
  const random = mulberry32(3);
  const letters = ["a", "é", "中", "😀", "|", ""];
  const text = (i: number) => `${i % different}${letters[i % 6].repeat(Math.floor(length * random()))}`;
  const given = Array.from({ length: 140_000 }, (_, i) => (random() < 0.05 ? null : text(i)));
  const store = new TextStore();
  for (const value of given) store.add(value);
  const found = Array.from(given, (_, row) => store.at(row));
  expect(store.length).toBe(given.length);
  expect(found.findIndex((v, i) => v !== given[i])).toBe(-1);
});

/** Records of some thousand cells: columns that begin late, numbers that become text, what nobody knows. */
const CELLS = 103_000;
const record = (i: number) => ({
  Metadata_Cell: `c${i}`,
  Metadata_Field: `f${Math.floor(i / 50)}`,
  Metadata_Area: i % 7 === 0 ? null : i / 3,
  Metadata_Unknown: null,
  ...(i < 2000 ? {} : { Metadata_Late: i % 2 === 0 ? "yes" : null }),
  Metadata_Mixed: i === 102_000 ? "text" : i % 3 === 0 ? null : -i / 2,
});

test("records become the table that a list of each column would be, in groups of rows that others read", async () => {
  const columns = new RecordColumns(["Metadata_Cell", "Metadata_Field"]);
  const lists = new Map<string, (string | number | null)[]>();
  for (let i = 0; i < CELLS; i++) {
    const own: Record<string, string | number | null> = record(i);
    columns.add(own);
    for (const [name, value] of Object.entries(own)) {
      if (!lists.has(name)) lists.set(name, new Array(i).fill(null));
      lists.get(name)?.push(value);
    }
    for (const list of lists.values()) if (list.length === i) list.push(null);
  }
  writeParquetPieces(path, columns.tables(), { missing: columns.withMissing });
  const numbers = (values: readonly (string | number | null)[]): Column =>
    Float64Array.from(values, (v) => (v === null ? Number.NaN : Number(v)));
  const text = (values: readonly (string | number | null)[]) =>
    values.map((v) => (v === null ? null : String(v)));
  const read = (await readParquet(path)).columns;
  expect([...read.keys()]).toEqual([...lists.keys()]);
  for (const [name, values] of lists)
    expect(read.get(name)).toEqual(name === "Metadata_Area" ? numbers(values) : text(values));
  const rows = await parquetReadObjects({
    file: await asyncBufferFromFile(path),
    rowStart: 102_998,
    rowEnd: 103_000,
  });
  expect(rows.map(({ Metadata_Cell }) => Metadata_Cell)).toEqual(["c102998", "c102999"]);
});

test.skipIf(!hasModules(["pyarrow"]))("pyarrow reads that table (needs pyarrow)", () => {
  const script = `import sys, pyarrow.parquet as pq
f = pq.ParquetFile(sys.argv[1])
d = f.read().to_pydict()
print(f.num_row_groups, len(set(d["Metadata_Cell"])), d["Metadata_Mixed"][102000], d["Metadata_Late"].count("yes"))`;
  const { stdout, stderr, status } = runPython(["-c", script, path]);
  expect({ stdout, stderr, status }).toEqual({ stdout: "3 103000 text 50500\n", stderr: "", status: 0 });
});

test("no rows are one table without any", () => {
  expect([...new RecordColumns(["a"]).tables()]).toEqual([{ rows: 0, columns: new Map([["a", []]]) }]);
});
