import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { main } from "../../../src/commands/main.ts";
import { points } from "../../../src/core/format.ts";
import { comparisonSchema } from "../../../src/explore/compare.ts";
import { readParquet } from "../../../src/files/table.ts";
import type { ReportData } from "../../../src/report/data.ts";
import { compareAll, compareStudies } from "../../../src/study/compare/compare.ts";
import { readStudyFile } from "../../../src/study/schema.ts";
import { runStudy } from "../../../src/study.ts";
import { drawCells, writeEncoder, writeStudy } from "../drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-compare-"));
const at = (name: string) => join(base, name);
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Runs a study of three drawn encoders, or of others; what only costs time is left out. */
async function study(name: string, keys: Readonly<Record<string, unknown>> = {}): Promise<ReportData> {
  const path = writeStudy(at(`${name}.json`), {
    encoders: ["one.json", "two.json"],
    learningCurve: false,
    features: "features",
    ...keys,
  });
  return (await runStudy(readStudyFile(path), { out: at(name), workers: 1 })).report;
}

let report: ReportData;
const cells = { classes: ["actin", "nucleus", "vacuole", "ER"], cellsPerClass: 24, fields: 6 };

beforeAll(async () => {
  drawCells(at("cells"), cells);
  writeEncoder(base, { name: "one", filters: 2, seed: 7 });
  const map = { output: "map", layout: "NCHW", pool: "max" };
  writeEncoder(base, { name: "two", filters: 3, outputs: [map, { output: "vector" }] });
  report = await study("study");
});

describe("encoders of one study", () => {
  test("have the differences that the study's report states", async () => {
    const pairs = await compareStudies(at("study"));
    expect(pairs.map(({ first, second }) => [first.encoder, second.encoder])).toEqual([
      ["one", "two.map"],
      ["one", "two.vector"],
      ["two.map", "two.vector"],
    ]);
    expect(report.comparisons.length).toBe(12);
    for (const { first, second, of, ...stated } of report.comparisons) {
      const pair = pairs.find((p) => p.first.encoder === first && p.second.encoder === second)!;
      const found = pair.numbers.find((n) => n.statement === of && n.class === null)!;
      expect({ value: found.estimate, low: found.low, high: found.high, method: found.method }).toEqual(
        stated,
      );
      expect(pair).toMatchObject({ atOnce: 3, zone: 0.02, refused: null, leftOut: [] });
    }
  });

  test("differ by what the study states of each, in every statement and class", async () => {
    const effects = (await readParquet(join(at("study"), "results/effects.parquet"))).columns;
    const column = (name: string) => Array.from(effects.get(name) as ArrayLike<unknown>);
    const stated = new Map(
      column("estimate").map((v, i) => [
        [column("encoder")[i], column("statement")[i], column("class")[i] ?? null].join(),
        v as number,
      ]),
    );
    const [pair] = await compareStudies(at("study"), undefined, { encoders: ["two.vector", "one"] });
    expect([pair.first.encoder, pair.second.encoder, pair.atOnce]).toEqual(["two.vector", "one", 1]);
    const kinds = new Set(pair.numbers.map((n) => n.kind));
    expect([...kinds]).toEqual(["accuracy", "effect", "transfer", "capture"]);
    let known = 0;
    for (const n of pair.numbers) {
      expect(n.estimate).toBeCloseTo(n.first - n.second, 12);
      const [one, two] = ["two.vector", "one"].map((e) =>
        stated.get([e, n.statement, n.class ?? null].join()),
      );
      if (one === undefined || two === undefined) continue;
      known++;
      expect([n.first, n.second]).toEqual([one, two]);
    }
    // Accuracies of single classes are in no table.
    expect(known).toBe(pair.numbers.filter((n) => n.kind !== "accuracy" || n.class === null).length);
  });

  test("flip as the table of cells says", async () => {
    const [pair] = await compareStudies(at("study"), undefined, { encoders: ["one", "two.map"] });
    const table = (await readParquet(join(at("study"), "results/cells.parquet"))).columns;
    const get = (name: string, i: number) => (table.get(name) as ArrayLike<unknown>)[i];
    const rows = Array.from(
      (table.get("encoder") as ArrayLike<unknown>).length ? (table.get("encoder") as string[]) : [],
      (encoder, i) => ({
        encoder,
        cell: get("Metadata_Cell", i) as string,
        class: get("Metadata_Class", i) as string,
        setting: get("setting", i) as string,
        background: get("background", i) as string | null,
        flipped: Number(get("flipped", i)),
      }),
    );
    const key = (r: (typeof rows)[number]) => [r.cell, r.setting, r.background].join();
    const other = new Map(rows.filter((r) => r.encoder === "two.map").map((r) => [key(r), r.flipped]));
    for (const counted of pair.flips) {
      const mine = rows.filter(
        (r) =>
          r.encoder === "one" &&
          r.setting === counted.setting &&
          (r.setting === "same" || r.background !== r.class) &&
          (counted.class === null || r.class === counted.class),
      );
      const by = new Map<string, [number, number]>();
      for (const r of mine) {
        const name = counted.of === "cells" ? r.cell : key(r);
        const [a, b] = by.get(name) ?? [0, 0];
        by.set(name, [a | r.flipped, b | other.get(key(r))!]);
      }
      const count = (a: number, b: number) => [...by.values()].filter((v) => v[0] === a && v[1] === b).length;
      expect(counted).toMatchObject({
        both: count(1, 1),
        first: count(1, 0),
        second: count(0, 1),
        neither: count(0, 0),
      });
    }
    const different = pair.flips.filter((f) => f.setting === "different" && f.class === null);
    expect(different.map((f) => [f.of, f.both + f.first + f.second + f.neither])).toEqual([
      ["composites", 4 * 24 * 3],
      ["cells", 4 * 24],
    ]);
    expect(different[0].first + different[0].second).toBeGreaterThan(0);
  });

  test("are named where one is not there, or compared with itself", async () => {
    const compared = (...encoders: [string, string]) => compareStudies(at("study"), undefined, { encoders });
    await expect(compared("one", "three")).rejects.toThrow(
      /study: has no encoder three; it has one, two\.map, two\.vector/,
    );
    await expect(compared("one", "one")).rejects.toThrow(/compares one with itself; name two encoders/);
  });
});

describe("cellswap compare", () => {
  /** What a command line prints, and its exit code. */
  async function said(...args: string[]): Promise<{ code: number; out: string; errors: string }> {
    const [out, errors]: string[][] = [[], []];
    const log = vi.spyOn(console, "log").mockImplementation((line) => void out.push(String(line)));
    const error = vi.spyOn(console, "error").mockImplementation((line) => void errors.push(String(line)));
    const write = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      errors.push(String(text));
      return true;
    });
    try {
      const code = await main(["compare", ...args]);
      return { code, out: out.join("\n"), errors: errors.join("\n") };
    } finally {
      for (const spy of [log, error, write]) spy.mockRestore();
    }
  }

  test("prints averages as text, and everything as JSON", async () => {
    const { code, out } = await said(at("study"), "--encoder", "one", "--against", "two.map");
    const [pair] = await compareStudies(at("study"), undefined, { encoders: ["one", "two.map"] });
    expect(code).toBe(0);
    const lines = out.split("\n");
    expect(lines[0]).toBe("one minus two.map: percent of each, and the difference in points");
    const averages = pair.numbers.filter((n) => n.class === null);
    expect(lines.slice(1, -1).map((line) => line.trim().split(/ +/)[0])).toEqual(
      averages.map((n) => n.statement),
    );
    const original = averages[0];
    expect(lines[1].trim().split(/ {2,}/)).toEqual([
      "original",
      ...[original.first, original.second, original.estimate].map((v) => points(v)),
      `[${points(original.low!)}, ${points(original.high!)}]`,
    ]);
    expect(lines.at(-1)).toMatch(/95 % intervals; 24 cells, 6 fields in the class with fewest; 3 groups/);
    const json = await said(at("study"), "--json");
    expect(JSON.parse(json.out)).toEqual(await compareStudies(at("study")));
  });

  test("says in one line what it cannot do", async () => {
    expect(await said(at("study"), "--encoder", "one")).toMatchObject({ code: 2, out: "" });
    const none = await said(at("study"), "--encoder", "one", "--against", "three");
    expect(none).toMatchObject({ code: 1, out: "" });
    expect(none.errors).toMatch(
      /^cellswap: .*study: has no encoder three; it has one, two\.map, two\.vector$/,
    );
  });
});

describe("encoders of two studies", () => {
  test("have the numbers that one study of both gives, whatever else the studies choose", async () => {
    await study("first", { encoders: ["one.json"], title: "Another", zone: 5, seed: 1 });
    await study("second", { encoders: ["two.json"], proportions: { method: "cc" } });
    const [one] = await compareStudies(at("study"), undefined, { encoders: ["one", "two.map"] });
    const [two] = await compareStudies(at("first"), at("second"), { encoders: ["one", "two.map"] });
    expect(two.numbers).toEqual(one.numbers);
    expect(two.flips).toEqual(one.flips);
    expect(two).toMatchObject({ zone: null, atOnce: 1, second: { study: 1 } });
    const all = await compareStudies(at("first"), at("second"));
    expect(all.map(({ atOnce }) => atOnce)).toEqual([2, 2]);
    const width = ({ numbers }: typeof one) => numbers[0].high! - numbers[0].low!;
    expect(width(all[0])).toBeGreaterThan(width(two));
  });

  test("are compared on the settings and backgrounds that both have", async () => {
    await study("less", {
      settings: ["original", "cell-free", "different"],
      backgrounds: ["actin", "nucleus"],
    });
    const [pair] = await compareStudies(at("less"), at("study"), { encoders: ["one", "one"] });
    expect(pair.leftOut).toEqual([
      "self",
      "same",
      "cell-free on ER",
      "cell-free on vacuole",
      "different on ER",
      "different on vacuole",
      "masked",
      "background-only",
    ]);
    const statements = new Set(pair.numbers.map((n) => n.statement));
    expect(statements.has("neighbor")).toBe(true);
    expect(statements.has("medium")).toBe(false);
    // The same encoder on the same composites.
    for (const n of pair.numbers) {
      expect(n.estimate).toBeCloseTo(0, 12);
      expect(n).toMatchObject({ low: null, refused: expect.stringContaining("no cell is") });
    }
    expect(pair.flips.every((f) => f.first + f.second === 0)).toBe(true);
  });

  const REFUSED: [what: string, keys: Readonly<Record<string, unknown>>, text: RegExp][] = [
    ["halo", { halo: 5 }, /"halo" is 5 in the first study and 1\.5 in the second; run one .* "halo"/],
    ["seed", { seed: 2 }, /"seed" is 2 in the first study and 1 in the second/],
    ["cells per class", { cellsPerClass: 12 }, /"cellsPerClass" is 12 in the first study and 1000 in/],
    [
      "classes",
      { classes: ["actin", "nucleus", "ER"] },
      /"classes" is \["actin","nucleus","ER"\] in the first study and not given in the second/,
    ],
    ["groups", { split: "stratified" }, /"split" is stratified in the first study and groups in the second/],
    ["the column of groups", { groupBy: "Plate" }, /"groupBy" is Plate in the first study and not given in/],
    ["cells listed", { cellList: "list.txt" }, /"cellList" is [0-9a-f]{12} in the first .* not given in/],
  ];
  test.each(REFUSED)("are refused with the key that differs: %s", async (what, keys, text) => {
    const ids = (await readParquet(join(at("study"), "view/cells.parquet"))).columns.get(
      "cell_id",
    ) as string[];
    writeFileSync(at("list.txt"), [...ids].reverse().join("\n"));
    const name = what.replaceAll(" ", "-");
    await study(name, { encoders: ["one.json"], settings: ["original", "different"], ...keys });
    await expect(compareStudies(at(name), at("study"))).rejects.toThrow(text);
    await expect(compareStudies(at(name), at("study"))).rejects.toThrow(/cannot be compared with/);
    const all = await compareAll([at("study"), at(name)]);
    expect(comparisonSchema.parse(all)).toEqual(all);
    const between = all.pairs.filter((p) => p.first.study !== p.second.study);
    expect(between.map((p) => [p.first.encoder, p.second.encoder])).toEqual([
      ["one", "one"],
      ["two.map", "one"],
      ["two.vector", "one"],
    ]);
    for (const pair of between) expect(pair).toMatchObject({ numbers: [], refused: expect.any(String) });
    expect(all.pairs.filter((p) => p.refused === null).length).toBe(3);
  });

  test("are refused where cells or masks are others", async () => {
    const elsewhere = async (name: string, drawing: Parameters<typeof drawCells>[1]) => {
      drawCells(at(`${name}-cells`), { ...cells, ...drawing });
      await study(name, {
        cells: `${name}-cells`,
        encoders: ["one.json"],
        settings: ["original", "masked"],
        features: `${name}-features`,
      });
    };
    await elsewhere("others", { seed: 5 });
    await expect(compareStudies(at("study"), at("others"))).rejects.toThrow(
      /"cells" is [0-9a-f]{12} in the first study and [0-9a-f]{12} in the second; run both on the same/,
    );
  });

  test("a study with one encoder says what it needs, a folder that is none what it is", async () => {
    await expect(compareStudies(at("first"))).rejects.toThrow(/has one encoder; give another study/);
    await expect(compareStudies(at("cells"), at("first"))).rejects.toThrow(/is not a study folder/);
  });
});
