import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { guarded, withoutGuard } from "../../src/files/formula.ts";
import { openRows } from "../../src/files/rows/rows.ts";
import { readCsv, readCsvColumn, table, writeCsv } from "../../src/files/table.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-formula-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const RUN = ["=1+1", '=HYPERLINK("http://x","y")', "+cmd", "-2+3", "@SUM(A1)", "'=1+1", "''@x", "-cell"];
const LEFT = ["a=1", "-1.5", "+3", "1e-7", "-.5E+3", "'quoted'", "'", "''", "-", "=", "", "bud-neck", "ä"];

test("text that a spreadsheet would run gets an apostrophe, and no other text", () => {
  for (const text of RUN) expect(guarded(text)).toBe(`'${text}`);
  for (const text of LEFT) expect(guarded(text)).toBe(text);
  expect(guarded("\t=1")).toBe("'\t=1");
  expect(guarded("\r\n=1")).toBe("'\r\n=1");
});

test("reading takes off what writing put before, and nothing else", () => {
  for (const text of [...RUN, ...LEFT]) expect(withoutGuard(guarded(text))).toBe(text);
  for (const text of LEFT) expect(withoutGuard(text)).toBe(text);
});

test("ids and names survive a CSV file, and numbers are written as they are", async () => {
  const path = join(folder, "a.csv");
  const ids = [...RUN, ...LEFT].filter((id) => id !== "");
  writeCsv(path, table({ id: ids, "=x": Float64Array.from(ids, (_, i) => -i - 0.5) }));
  const text = readFileSync(path, "utf8");
  expect(text.split("\n")[0]).toBe("id,'=x");
  expect(text).not.toMatch(/^"?[=@][^,]/m);
  expect(text.split("\n")[1]).toBe("'=1+1,-0.5");
  const read = readCsv(path);
  expect(read.get("id")).toEqual(ids);
  expect(read.get("=x")?.map(Number)).toEqual(ids.map((_, i) => -i - 0.5));
  expect(readCsvColumn(path, "id")).toEqual(ids);
  const streamed: string[] = [];
  await (await openRows(path)).each(["id"], ([id]) => streamed.push(id));
  expect(streamed).toEqual(ids);
});
