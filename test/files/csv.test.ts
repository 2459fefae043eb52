import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { parseCsv, readCsv, readCsvFile } from "../../src/files/csv.ts";

const cases = resolve(import.meta.dirname, "../cases/import");
const scratch = mkdtempSync(join(tmpdir(), "cellswap-csv-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Oracle {
  readonly text: Readonly<Record<string, readonly string[]>>;
}

const tables = readdirSync(cases)
  .filter((name) => name.startsWith("manifest-"))
  .flatMap((name) => {
    const input = join(cases, name, "input");
    if (!readdirSync(input).includes("pandas.json")) return [];
    const oracle = JSON.parse(readFileSync(join(input, "pandas.json"), "utf8")) as Record<string, Oracle>;
    return Object.entries(oracle).map(
      ([file, { text }]) => [`${name}/${file}`, join(input, file), text] as const,
    );
  });

test.each(tables)("%s is read as pandas reads it", (_, path, text) => {
  expect(Object.fromEntries(readCsv(path))).toEqual(text);
});

test("there are tables of every dialect", () => {
  expect(tables.length).toBeGreaterThanOrEqual(14);
});

function lines(text: string) {
  const path = join(scratch, "t.csv");
  writeFileSync(path, text);
  return readCsvFile(path);
}

test("rows know the line that they start on", () => {
  expect(lines('# a\nsep=;\na;b\n1;"x\ny"\n\n;\n# of a day\n2;3\n')).toMatchObject({
    lines: [4, 9],
    separator: ";",
    columns: new Map([
      ["a", ["1", "2"]],
      ["b", ["x\ny", "3"]],
    ]),
  });
});

test("a value that starts with # is one where its row has as many fields as the header", () => {
  expect(lines("a,b\n#1,2\n#,\n").columns.get("a")).toEqual(["#1", "#"]);
});

test("tables of one column have no separator to find", () => {
  expect(parseCsv("cell\nx;1\n", "t").get("cell")).toEqual(["x;1"]);
});
