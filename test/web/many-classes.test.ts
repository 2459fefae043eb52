import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDrawnStudy, writeDrawnStudy } from "../../bench/view/study.ts";
import { serve } from "../../src/view/server.ts";
import { cutOff, hasBrowser, launch, open, settled } from "./browser.ts";

const COUNT = 1500;
const classes = Array.from({ length: COUNT }, (_, c) => `protein ${c}`);

/** Elements of the page, which hang on what is shown and not on how many classes there are. */
const MOST_ELEMENTS = 15_000;

describe.skipIf(!hasBrowser)("a study of 1,500 classes", () => {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-many-"));
  let browser: Browser;
  let served: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    await writeDrawnStudy(folder, {
      cells: 2 * COUNT,
      classes,
      backgrounds: [classes[3], classes[900]],
      encoders: ["one"],
    });
    [browser, served] = await Promise.all([launch(), serve([openDrawnStudy(folder)])]);
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await served?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const shown = async (tab: string) => {
    const { page, complaints } = await open(browser, `${served.url}?tab=${tab}`);
    await settled(page);
    return { page, complaints };
  };
  const elements = (page: Page) => page.locator("body *").count();

  test.each(["effects", "confusion", "cells", "map"])(
    "%s is shown, whole and without complaint",
    async (tab) => {
      const { page, complaints } = await shown(tab);
      await page.locator("#content :is(h2, p, svg, .tile, canvas)").first().waitFor();
      expect(await elements(page)).toBeLessThan(MOST_ELEMENTS);
      expect(await cutOff(page)).toEqual([]);
      expect(complaints).toEqual([]);
      await page.close();
    },
  );

  test("a class is found by a part of its name", async () => {
    const { page } = await shown("cells");
    const field = page.getByRole("combobox", { name: /^Class of the cell/ });
    await field.fill("protein 1234");
    await expect.poll(() => page.locator(".left-over").textContent()).toMatch(/^16 of /);
    await expect.poll(() => new URL(page.url()).searchParams.get("class")).toBe("protein 1234");
    await page.close();
  });

  test("confusions show some classes as squares, and all as numbers, the commonest first", async () => {
    const { page } = await shown("confusion");
    await page
      .getByText(/Of 1,500 classes, the 40 that are taken for others/)
      .first()
      .waitFor();
    const table = page.getByRole("region", { name: "Confusions on originals and in different" });
    await table.waitFor();
    const rows = await table
      .locator("tbody tr")
      .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent ?? "")));
    expect(rows.length).toBeGreaterThan(100);
    expect(rows[0][0]).not.toBe(rows[0][1]);
    const counts = rows.filter(([own, called]) => own !== called).map((row) => Number(row[4]));
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    await page.close();
  });

  test("the map colors as many classes as can be told apart, and says so of the others", async () => {
    const { page } = await shown("map");
    const entries = page.locator(".map-legend button");
    await entries.first().waitFor();
    expect(await entries.count()).toBe(41);
    expect(await entries.last().textContent()).toContain("other classes");
    await page.close();
  });
});
