import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readParquet } from "../../src/files/table.ts";
import { demoStudy, hasBrowser, launch, open, type ServedDemo, serveDemo, settled } from "./browser.ts";

type Row = Record<string, string | number | null>;

async function rowsOf(path: string, names: readonly string[]): Promise<Row[]> {
  const { columns, rows } = await readParquet(path);
  return Array.from({ length: rows }, (_, r) =>
    Object.fromEntries(names.map((name) => [name, columns.get(name)![r]])),
  );
}

describe.skipIf(!hasBrowser)("what the page counts is what the study's own table of composites holds", () => {
  let browser: Browser;
  let served: ServedDemo;
  let page: Page;
  let complaints: string[];
  let composites: Row[];
  beforeAll(async () => {
    [browser, served] = await Promise.all([launch(), serveDemo()]);
    const study = await demoStudy();
    const cells = await rowsOf(join(study, "view/cells.parquet"), ["cell_id", "protein", "field", "verdict"]);
    const of = new Map(cells.map((cell) => [cell.cell_id, cell]));
    composites = (
      await rowsOf(join(study, "results/cells.parquet"), [
        ...["encoder", "Metadata_Cell", "Metadata_Class", "setting", "background", "prediction", "flipped"],
      ])
    )
      .filter(({ encoder }) => encoder === "deeploc")
      .map((row) => ({ ...row, ...of.get(row.Metadata_Cell) }));
    ({ page, complaints } = await open(browser, `${served.url}?tab=cells`));
    await settled(page);
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });

  const count = (passes: (row: Row) => boolean) => composites.filter(passes).length;
  const shown = async () =>
    Number((await page.locator("#content output").first().textContent())!.replace(/\D/g, ""));

  test("under every filter, alone and together", async () => {
    const cases: [label: string, value: string, passes: (row: Row) => boolean][] = [
      ["Setting", "different", (r) => r.setting === "different"],
      ["Class of the cell", "nucleus", (r) => r.Metadata_Class === "nucleus"],
      ["Class of the background", "actin", (r) => r.background === "actin"],
      ["Protein", "actin-1", (r) => r.protein === "actin-1"],
      ["Field", "actin-1_0", (r) => r.field === "actin-1_0"],
      ["Called", "nucleus", (r) => r.prediction === "nucleus"],
    ];
    expect(await shown()).toBe(composites.length);
    for (const [label, value, passes] of cases) {
      // A list of so many fields is searched, and its label says how many.
      if (label === "Field") await page.getByRole("combobox", { name: /^Field, \d+$/ }).fill(value);
      else await page.getByRole("combobox", { name: label, exact: true }).selectOption(value);
      const expected = count(passes);
      expect(expected, label).toBeGreaterThan(0);
      expect(expected, label).toBeLessThan(composites.length);
      await expect.poll(shown, { message: label }).toBe(expected);
      await page.getByRole("button", { name: "Clear all" }).click();
    }
    const flipped = (r: Row) => r.setting !== "original" && r.flipped === 1;
    await page.getByLabel("Only flipped").check();
    await expect.poll(shown, { message: "flipped" }).toBe(count(flipped));
    await page.getByLabel("Cell id").fill("NUCLE");
    const found = (r: Row) => flipped(r) && String(r.Metadata_Cell).includes("nucle");
    await expect.poll(shown, { message: "search" }).toBe(count(found));
    await page.getByRole("combobox", { name: "Setting", exact: true }).selectOption("different");
    await page.getByRole("combobox", { name: "Called", exact: true }).selectOption("nucleus");
    const both = (r: Row) => found(r) && r.setting === "different" && r.prediction === "nucleus";
    expect(count(both)).toBeGreaterThan(0);
    await expect.poll(shown, { message: "together" }).toBe(count(both));
    expect(new URL(page.url()).searchParams.get("called")).toBe("nucleus");
    await page.getByRole("button", { name: "Clear all" }).click();
    await expect.poll(shown, { message: "cleared" }).toBe(composites.length);
    // Masks of the demo have one verdict, so that the address asks.
    for (const quality of ["ok", "odd"]) {
      await page.goto(`${served.url}?tab=cells&quality=${quality}`);
      await settled(page);
      await expect.poll(shown, { message: quality }).toBe(count((r) => r.verdict === quality));
    }
    expect(complaints).toEqual([]);
  });

  test("in the table of confusions, square by square", async () => {
    await page.goto(`${served.url}?tab=confusion`);
    await settled(page);
    await page.locator("#content summary").click();
    const lines = (
      (await page
        .locator("#content details tbody tr")
        .evaluateAll((trs) => trs.map((tr) => [...tr.children].map((c) => c.textContent)))) as string[][]
    ).map(([own, called, originals, , others, , captured]) =>
      [own, called, originals, others, captured].join(" | "),
    );
    const keys = new Map<string, [number, number, number]>();
    for (const { Metadata_Class: own, prediction, setting, background } of composites) {
      if (setting !== "original" && setting !== "different") continue;
      const key = `${own} | ${prediction}`;
      const n = keys.get(key) ?? [0, 0, 0];
      keys.set(key, n);
      n[setting === "original" ? 0 : 1]++;
      if (setting === "different" && background === prediction) n[2]++;
    }
    expect(lines.sort()).toEqual([...keys].map(([key, n]) => `${key} | ${n.join(" | ")}`).sort());
    expect(complaints).toEqual([]);
  });
});
