import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { main } from "../../src/commands/main.ts";
import { xmlProblem } from "./xml.ts";

const drawn = resolve(import.meta.dirname, "../fixtures/report/drawn");
let folder: string;
let out: string;
let err: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cellswap-"));
  [out, err] = ["", ""];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    err += text;
    return true;
  });
  vi.spyOn(console, "error").mockImplementation((text) => {
    err += `${text}\n`;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

test("prints the table in every format", async () => {
  expect(await main(["table", drawn])).toBe(0);
  expect(out).toMatch(/^setting +alpha +beta$/m);
  for (const [format, start] of [
    ["markdown", "| setting | alpha | beta |"],
    ["csv", "encoder,kind,name,class"],
    ["json", "{"],
  ]) {
    out = "";
    expect(await main(["table", drawn, "--format", format])).toBe(0);
    expect(out.startsWith(start)).toBe(true);
  }
  const json = out;
  out = "";
  await main(["table", drawn, "--json"]);
  expect(out).toBe(json);
  expect(err).toBe("");
});

test("the aggregations differ", async () => {
  await main(["table", drawn, "--json"]);
  const even = JSON.parse(out);
  out = "";
  await main(["table", drawn, "--json", "--aggregation", "published"]);
  expect(JSON.parse(out).aggregation).toBe("published");
  expect(JSON.parse(out).encoders[0].settings[0].mean).not.toBe(even.encoders[0].settings[0].mean);
});

test("writes table and figure to files", async () => {
  const [table, figure] = [join(folder, "deep/table.md"), join(folder, "figure.svg")];
  expect(await main(["table", drawn, "--format", "markdown", "--out", table, "--figure", figure])).toBe(0);
  expect(out).toBe("");
  expect(readFileSync(table, "utf8")).toMatch(/^\| setting \|/);
  const svg = readFileSync(figure, "utf8");
  expect(xmlProblem(svg.trim())).toBeNull();
  expect(svg).toMatch(/<text [^>]*>alpha<\/text>/);
});

test("a figure that cannot be drawn is said, with exit code 1 and no file", async () => {
  writeFileSync(join(folder, "results_same.csv"), "Location1,Location2,Accuracy,StdDev\na,b,0.5,0\n");
  const figure = join(folder, "figure.svg");
  expect(await main(["table", folder, "--figure", figure])).toBe(1);
  expect(err).toMatch(
    /figure\.svg: was not drawn: the figure needs the setting original .*leave out --figure/,
  );
  expect(existsSync(figure)).toBe(false);
  expect(out).toBe("");
});

test("bad data end with 1, a wrong command line with 2", async () => {
  writeFileSync(join(folder, "results_same.csv"), "Location1,Location2,Accuracy,StdDev\na,b,5,0\n");
  expect(await main(["table", folder])).toBe(1);
  expect(err).toMatch(/^cellswap: .*results_same\.csv: row 2 has Accuracy "5".*\n$/);
  expect(await main(["table", folder, "--format", "pdf"])).toBe(2);
  expect(await main(["table"])).toBe(2);
  expect(await main(["table", "--help"])).toBe(0);
  expect(out).toContain("Example:\n  cellswap table");
});
