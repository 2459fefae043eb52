import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { mulberry32 } from "../../src/core/rng.ts";
import { parseCsv, readCsv, readCsvFile } from "../../src/files/csv.ts";
import { csvRows } from "../../src/files/rows/csv-rows.ts";

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

test("a table read in pieces is the table read as a whole", async () => {
  const random = mulberry32(5);
  const pick = (values: readonly string[]) => values[Math.floor(random() * values.length)];
  for (let round = 0; round < 30; round++) {
    const separator = pick([",", ";", "\t"]);
    const field = () =>
      pick(["", `"1,5"`, "Bär", "細胞", `"two\nlines"`, `"a ""b"" ${separator}"`, "x".repeat(30)]);
    const end = pick(["\n", "\r\n"]);
    const rows = Array.from({ length: 60 }, () =>
      random() < 0.1
        ? pick(["", "# note", `${separator}${separator}`])
        : [`r${round}`, field(), field()].join(separator),
    );
    const start = pick(["", "\ufeff", `sep=${separator}${end}`, `# made today${end}`]);
    const path = join(scratch, "pieces.csv");
    const text = `${start}${["one", "two", "three"].join(separator)}${end}${rows.join(end)}${pick(["", end])}`;
    writeFileSync(
      path,
      round % 7 === 6 ? Buffer.from(`\ufeff${text.replace("\ufeff", "")}`, "utf16le") : text,
    );
    const whole = readCsvFile(path);
    const source = csvRows(path, 64 + Math.floor(random() * 200));
    expect(source.columns).toEqual([...whole.columns.keys()]);
    const found: string[][] = [];
    const lines: number[] = [];
    await source.each(["three", "one", "two"], (values, line) => {
      found.push([...values]);
      lines.push(line);
    });
    const column = (name: string) => whole.columns.get(name) as string[];
    expect(found).toEqual(column("one").map((v, i) => [column("three")[i], v, column("two")[i]]));
    expect(lines).toEqual(whole.lines);
  }
});

test("faults in later pieces name their line", async () => {
  const path = join(scratch, "late.csv");
  const rows = "1,two\n".repeat(40);
  const each = (text: string | Buffer) => {
    writeFileSync(path, text);
    return csvRows(path, 50).each(["a"], () => {});
  };
  await expect(each(`a,b\n${rows}1,2,3\n`)).rejects.toThrow("has 3 field(s) in line 42, its header has 2");
  await expect(
    each(Buffer.concat([Buffer.from(`a,b\n${rows}`), Buffer.from("caf\xe9,1\n", "latin1")])),
  ).rejects.toThrow("is not UTF-8 (byte 0xE9 in line 42");
  await expect(each(`a,b\n${rows}"1,2\n`)).rejects.toThrow(
    /not a well-formed CSV file \(Quote Not Closed.*line 42/,
  );
});
