import { expect, test } from "vitest";
import { EFFECTS, resultTable } from "../../src/evidence/tables.ts";
import { parseCsv } from "../../src/files/table.ts";
import {
  formatDrop,
  formatJson,
  formatMarkdown,
  formatPoints,
  formatText,
  formatTidyCsv,
} from "../../src/report/table-format.ts";
import { drawScores } from "./sample.ts";

const classes = ["a", "b", "c", "d"];
const table = resultTable(
  [
    ...drawScores("deeploc", classes, { original: 0.8, same: 0.85, different: 0.7, "cell-free": 0.75 }, 1),
    ...drawScores("pi|fia", classes, { original: 0.9, masked: 0.88 }, 2),
  ],
  "even",
);

test("points carry a sign, a true minus and no negative zero", () => {
  expect([0.1214, -0.05, 0.0001, -0.0001, 0].map(formatPoints)).toEqual([
    "+12.1",
    "−5.0",
    "0.0",
    "0.0",
    "0.0",
  ]);
  expect(formatDrop({ mean: 0.1, error: null })).toBe("+10.0");
  expect(formatDrop(undefined)).toBe("–");
});

test("text for a terminal: aligned, gaps as dashes, every effect explained", () => {
  const text = formatText(table);
  const rows = text.split("\n");
  const header = rows.find((r) => r.startsWith("setting"))!;
  const at = header.indexOf("pi|fia");
  for (const setting of ["original", "same", "cell-free", "different", "masked"]) {
    const row = rows.find((r) => r.startsWith(`${setting} `))!;
    expect(row.slice(at)).toMatch(/^(0\.\d{3} ± 0\.\d{3}|–)$/);
  }
  expect(rows.find((r) => r.startsWith("masked"))).toMatch(/^masked +– +0\./);
  expect(text).toContain("percentage points");
  expect(text).toContain(EFFECTS.find((e) => e.id === "neighbor")!.meaning);
  expect(text).not.toContain("paste effect  original  self");
  expect(rows.every((r) => r.length <= 96 || r.startsWith("neighbor"))).toBe(true);
});

test("control characters of names do not reach the terminal", () => {
  const named = resultTable(drawScores("x\u001b[31m\nred", classes, { original: 0.8 }, 1), "even");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: an escape would color the terminal
  expect(formatText(named)).not.toMatch(/\u001b/);
  expect(formatText(named).split("\n")[3]).toBe("setting   x [31m red");
});

test("Markdown escapes what would break its cells", () => {
  const lines = formatMarkdown(table).split("\n");
  expect(lines[0]).toBe("| setting | deeploc | pi\\|fia |");
  expect(lines[1]).toBe("| --- | --- | --- |");
  expect(lines[2]).toMatch(/^\| original \| 0\.\d{3} ± 0\.\d{3} \| 0\.\d{3} ± 0\.\d{3} \|$/);
  expect(lines.find((l) => l.startsWith("| published drop"))).toMatch(
    /\| same \| different \| \+\d+\.\d ± \d+\.\d \| – \|$/,
  );
});

test("tidy CSV and JSON hold full precision and per-class values", () => {
  const columns = parseCsv(formatTidyCsv(table), "out");
  const get = (name: string) => columns.get(name)!;
  const own = table.encoders[0].settings[1];
  const row = get("name").findIndex(
    (n, i) => n === own.setting && get("encoder")[i] === "deeploc" && get("class")[i] === "",
  );
  expect(Number(get("value")[row])).toBe(own.mean);
  expect(Number(get("three_standard_errors")[row])).toBe(own.error);
  expect(Number(get("classes")[row])).toBe(4);
  expect(get("kind").filter((k) => k === "drop").length).toBe(
    table.encoders.flatMap((e) => e.drops.map((d) => 1 + d.classes.length)).reduce((a, b) => a + b),
  );
  const json = JSON.parse(formatJson(table)) as typeof table;
  expect(json.encoders).toEqual(table.encoders);
  expect(json.aggregation).toBe("even");
});

test("one pair of classes shows no error", () => {
  const one = resultTable(
    drawScores("e", ["a", "b"], { original: 0.8, masked: 0.7, different: 0.6 }, 3),
    "even",
  );
  expect(formatText(one)).toMatch(/^original {2}0\.\d{3}$/m);
  expect(formatText(one)).toContain("e: different: every background is one of the pair's own classes");
  expect(formatTidyCsv(one)).toMatch(/^e,setting,original,,[\d.]+,,2$/m);
});

test("many encoders, the layers of a sweep, stand one below the other", () => {
  const sweep = resultTable(
    Array.from({ length: 7 }, (_, i) =>
      drawScores(`layer${i}`, classes, { same: 0.9, different: 0.8 }, i),
    ).flat(),
    "even",
  );
  const lines = formatText(sweep).split("\n");
  expect(lines).toContainEqual(expect.stringMatching(/^encoder +same +different *$/));
  expect(lines).toContainEqual(expect.stringMatching(/^encoder +published drop *$/));
  expect(lines.filter((line) => /^layer6 +(0\.\d{3} ± 0\.\d{3} *){2}$/.test(line)).length).toBe(1);
});
