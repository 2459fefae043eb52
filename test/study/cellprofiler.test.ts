import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { listObjects } from "../../src/cells/fields/objects.ts";
import { readLabels } from "../../src/cells/readers/field-planes.ts";
import { main } from "../../src/commands/main.ts";
import { readCsv, table, writeCsv } from "../../src/files/table.ts";
import type { Column } from "../../src/types.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-cellprofiler-"));
const at = (name: string) => join(base, name);
const said: string[] = [];
afterAll(() => rmSync(base, { recursive: true, force: true }));
beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation((text: string) => void said.push(text));
  vi.spyOn(console, "log").mockImplementation((text: string) => void said.push(text));
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterEach(() => void vi.restoreAllMocks());

/** Tables as CellProfiler would write them of simulated fields, on another machine, and the plate's map. */
async function writeTables(): Promise<void> {
  const fields = readCsv(at("fields/fields.csv"));
  const names = fields.get("Field") as string[];
  const localizations = fields.get("Localization") as string[];
  const wells = new Map([...new Set(localizations)].map((name, i) => [name, `B0${i + 2}`]));
  const cells: number[][] = [];
  for (const [i, name] of names.entries()) {
    const { labels, height, width } = await readLabels(at(`fields/${name}_cells.tif`), {
      slice: null,
      time: null,
    });
    for (const o of listObjects(labels, height, width, name)) cells.push([i + 1, o.label, o.column, o.row]);
  }
  const column = (c: number) => Float64Array.from(cells, (cell) => cell[c]);
  const objects = { ImageNumber: column(0), ObjectNumber: column(1), Location_Center_X: column(2) };
  mkdirSync(at("output"));
  writeCsv(at("output/Nuclei.csv"), table({ ...objects, Location_Center_Y: column(3) }));
  const files = (channel: string): Record<string, Column> => ({
    [`FileName_${channel}`]: names.map((name) => `${name}_${channel}.tif`),
    [`PathName_${channel}`]: names.map(() => "D:\\screens\\P1"),
  });
  writeCsv(
    at("output/Image.csv"),
    table({
      ImageNumber: Float64Array.from(names.keys(), (i) => i + 1),
      Metadata_Plate: names.map(() => "P1"),
      Metadata_Well: localizations.map((name) => wells.get(name) as string),
      Metadata_Site: names.map((_, i) => String(i + 1)),
      ...files("GFP"),
      ...files("RFP"),
    }),
  );
  const map = [...wells].map(([name, well]) => `${well};compound for ${name}`);
  writeFileSync(at("platemap.csv"), `sep=;\nWell;Compound\n${map.join("\n")}\n`);
}

test("from CellProfiler's tables to a report, by the commands of docs/cellprofiler.md", async () => {
  const simulated = [
    "--localizations",
    "nucleus,cytoplasm",
    "--cells",
    "12",
    "--proteins",
    "1",
    "--fields",
    "6",
  ];
  expect(await main(["simulate", "--out", at("truth"), "--fields-out", at("fields"), ...simulated])).toBe(0);
  await writeTables();
  const cells = at("plate.cells");
  const source = [at("output"), "--images", at("fields"), "--metadata", at("platemap.csv")];
  const sample = ["--class", "Compound", "--per-class", "40"];
  expect(
    await main(["import", "cellprofiler", ...source, "--size", "64", ...sample, "--out", cells]),
    said.join("\n"),
  ).toBe(0);
  expect(said.join("\n")).toContain("Next: cellswap segment");
  expect(await main(["segment", cells, "--channel", "RFP", "--workers", "1"])).toBe(0);
  const settings = ["original", "self", "cell-free", "different", "masked"];
  writeFileSync(
    at("study.json"),
    JSON.stringify({ cells, encoders: ["deeploc"], class: "Compound", settings }),
  );
  expect(await main(["run", at("study.json"), "--out", at("study"), "--workers", "1"]), said.join("\n")).toBe(
    0,
  );
  const report = readFileSync(at("study/report.html"), "utf8");
  expect(report).toContain("compound for nucleus");
  expect(report).toContain("deeploc");
});
