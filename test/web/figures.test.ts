import { readFileSync } from "node:fs";
import type { Browser, Download, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { xmlProblem } from "../report/xml.ts";
import { audit, hasBrowser, launch, open, type ServedDemo, serveDemo, settled } from "./browser.ts";

describe.skipIf(!hasBrowser)("effects and confusions", () => {
  let browser: Browser;
  let served: ServedDemo;
  beforeAll(async () => {
    [browser, served] = await Promise.all([launch(), serveDemo()]);
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });

  const saved = async (page: Page, name: string): Promise<{ of: Download; bytes: Buffer }> => {
    const button = page.getByRole("button", { name, exact: true });
    const [of] = await Promise.all([page.waitForEvent("download"), button.click()]);
    return { of, bytes: readFileSync(await of.path()) };
  };
  const asked = (page: Page) => Object.fromEntries(new URL(page.url()).searchParams);

  test("every figure is saved as SVG that stands alone, as PNG of twice its size, and with its numbers", async () => {
    for (const tab of ["effects", "confusion"]) {
      const { page, complaints } = await open(browser, `${served.url}?tab=${tab}`);
      await settled(page);
      const names = await page
        .locator(".figure .downloads button")
        .evaluateAll((all) => all.map((b) => b.getAttribute("aria-label") ?? ""));
      const figures = names.filter((n) => n.endsWith(" as SVG")).map((n) => n.replace(/ as SVG$/, ""));
      expect(figures.length).toBeGreaterThan(2);
      for (const figure of figures) {
        const svg = await saved(page, `${figure} as SVG`);
        const text = svg.bytes.toString("utf8").trim();
        expect(xmlProblem(text), figure).toBeNull();
        expect(text).not.toMatch(/var\(|<style|href=/);
        expect(text).toContain('<rect width="100%" height="100%" fill="#ffffff"');
        const [width, height] = ["width", "height"].map((side) =>
          Number(new RegExp(`^<svg [^>]*${side}="([\\d.]+)"`).exec(text)![1]),
        );
        const png = await saved(page, `${figure} as PNG`);
        expect(png.of.suggestedFilename()).toBe(svg.of.suggestedFilename().replace(/svg$/, "png"));
        expect(png.bytes.subarray(1, 4).toString()).toBe("PNG");
        expect(Math.abs(png.bytes.readUInt32BE(16) - 2 * width)).toBeLessThan(2);
        expect(Math.abs(png.bytes.readUInt32BE(20) - 2 * height)).toBeLessThan(2);
        const csv = (await saved(page, `${figure} as CSV`)).bytes.toString("utf8").trim().split("\n");
        expect(csv.length).toBeGreaterThan(1);
        expect(new Set(csv.map((line) => line.split(",").length)).size).toBe(1);
      }
      expect(complaints).toEqual([]);
      await page.close();
    }
  });

  test("a square of the map filters, by click and by keyboard, and leads to its cells", async () => {
    const { page, complaints } = await open(browser, served.url);
    await settled(page);
    const map = page.getByRole("application", { name: /^Accuracy lost per class/ });
    await map.focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    const { class: own, background, setting } = asked(page);
    expect(setting).toBe("different");
    await expect
      .poll(() => page.locator("#content").textContent())
      .toContain(`Filtered to ${own} on ${background} in different`);
    await page.keyboard.press("Enter");
    expect(asked(page).class).toBeUndefined();
    const cell = (await map.locator("svg rect").first().boundingBox())!;
    await page.mouse.click(cell.x + cell.width / 2, cell.y + cell.height / 2);
    expect(asked(page)).toMatchObject({ setting: "different" });
    await page.getByRole("button", { name: "See these cells" }).click();
    await page.locator(".tile").first().waitFor();
    expect(asked(page)).toMatchObject({ tab: "cells", setting: "different" });
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("a square of a confusion leads to the composites that it counts", async () => {
    const { page, complaints } = await open(browser, `${served.url}?tab=confusion`);
    await settled(page);
    const matrix = page.getByRole("application", { name: /^In different/ });
    await matrix.focus();
    const said = await page.locator(".square-said").nth(1).textContent();
    const count = /\(([\d,]+) of/.exec(said!)![1];
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator("#content output").first().textContent()).toContain(`${count} `);
    expect(asked(page)).toMatchObject({ tab: "cells", setting: "different" });
    expect(asked(page).called).toBe(asked(page).class);
    await page.goBack();
    await matrix.waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("the study's own tables are served as it wrote them", async () => {
    const { page, complaints } = await open(browser, served.url);
    await settled(page);
    const link = page.getByRole("link", { name: "results/effects.csv" });
    const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
    expect(readFileSync(await download.path(), "utf8")).toMatch(/^encoder,/);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test.each(["effects", "confusion"])("%s can be used without seeing it", async (tab) => {
    const { page } = await open(browser, `${served.url}?tab=${tab}`);
    await settled(page);
    expect(await audit(page)).toEqual([]);
    await page.close();
  });
});
