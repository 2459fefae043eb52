import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DataError } from "../../src/errors.ts";
import { writeCsv, writeParquet } from "../../src/files/table.ts";
import { readPublishedResults } from "../../src/study/published-csv.ts";
import { readResults } from "../../src/study/read.ts";
import { lookAtRecord } from "../../src/study/record.ts";
import { scoreTable } from "../../src/study/tables.ts";
import { drawScores } from "../report/sample.ts";

const drawn = resolve(import.meta.dirname, "../fixtures/report/drawn");
const scores = drawScores("deeploc", ["a, b", 'c "d"', "e"], { original: 0.9, different: 0.8, self: 0.7 }, 9);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cellswap-"));
  mkdirSync(join(folder, "results"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test("a study folder gives its scores back, bit by bit, from Parquet and from CSV", async () => {
  writeParquet(join(folder, "results/pairs.parquet"), scoreTable(scores));
  expect(await readResults(folder)).toEqual(scores);
  expect(await readResults(join(folder, "results"))).toEqual(scores);
  expect(await readResults(join(folder, "results/pairs.parquet"))).toEqual(scores);
  rmSync(join(folder, "results/pairs.parquet"));
  writeCsv(join(folder, "results/pairs.csv"), scoreTable(scores));
  expect(await readResults(folder)).toEqual(scores);
});

test("the authors' folders are read as they are", async () => {
  expect(await readResults(drawn)).toEqual(readPublishedResults(drawn));
  for (const file of readdirSync(join(drawn, "beta")))
    copyFileSync(join(drawn, "beta", file), join(folder, file));
  writeFileSync(join(folder, "record.json"), "{}");
  expect((await readResults(folder)).length).toBe(15 + 90);
});

const HEADER = "encoder,setting,background,class1,class2,accuracy,sd,fold1,fold2,gap,cells\n";
const CASES: [what: string, text: string, message: RegExp][] = [
  ["a missing column", "encoder,setting\ne,same\n", /has no column background .*fold1/],
  [
    "an unknown setting",
    `${HEADER}e,swapped,,a,b,0.5,0,0.5,0.5,,\n`,
    /row 2 has the unknown setting "swapped"; known are original/,
  ],
  ["an accuracy out of range", `${HEADER}e,same,,a,b,50,0,0.5,0.5,,\n`, /row 2 has accuracy "50"/],
  ["a fold out of range", `${HEADER}e,same,,a,b,0.5,0,0.5,7,,\n`, /row 2 has fold2 "7"/],
  ["a negative gap", `${HEADER}e,same,,a,b,0.5,0,0.5,0.5,-1,\n`, /row 2 has gap "-1"/],
  ["cells as text", `${HEADER}e,same,,a,b,0.5,0,0.5,0.5,,many\n`, /row 2 has cells "many"/],
  ["no encoder", `${HEADER},same,,a,b,0.5,0,0.5,0.5,,\n`, /row 2 has no encoder/],
  ["a class with itself", `${HEADER}e,same,,a,a,0.5,0,0.5,0.5,,\n`, /row 2 pairs a with itself/],
  [
    "a row twice",
    `${HEADER}e,same,,a,b,0.5,0,0.5,0.5,,\ne,same,,b,a,0.5,0,0.5,0.5,,\n`,
    /row 3 repeats row 2 \(e, same, a, b\)/,
  ],
  ["a header alone", HEADER, /has a header but no rows/],
];

test.each(CASES)("%s is one line with file, row and remedy", async (_, text, message) => {
  const file = join(folder, "results/pairs.csv");
  writeFileSync(file, text);
  const error = await readResults(folder).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(DataError);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message.startsWith(`${file}: `)).toBe(true);
  expect((error as Error).message).not.toContain("\n");
});

test("what holds no results", async () => {
  await expect(readResults(join(folder, "none"))).rejects.toThrow(/is not there; give a study folder/);
  await expect(readResults(folder)).rejects.toThrow(/holds none of results_base.csv/);
  writeFileSync(join(folder, "record.json"), "{}");
  await expect(readResults(folder)).rejects.toThrow(
    /study without results yet; finish it with `cellswap run`/,
  );
  writeFileSync(join(folder, "a.txt"), "");
  await expect(readResults(join(folder, "a.txt"))).rejects.toThrow(/neither pairs.parquet nor pairs.csv/);
  writeFileSync(join(folder, "results/pairs.parquet"), "PAR1 no");
  await expect(readResults(folder)).rejects.toThrow(/is not a readable Parquet file/);
});

test("a record of a size that none has is not read", () => {
  const record = join(folder, "record.json");
  const end = '"format": "cellswap-study", "layout": 1, "cellswap": "0"}';
  writeFileSync(record, `{${end}`);
  expect(() => lookAtRecord(folder)).toThrow(/layout 1/);
  writeFileSync(record, `{${" ".repeat(1 << 24)}${end}`);
  expect(lookAtRecord(folder)).toEqual({ record: null, state: "other" });
});
