import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cutOff, hasBrowser, launch, open, type ServedDemo, serveDemo, settled } from "./browser.ts";

describe.skipIf(!hasBrowser)("the explorer", () => {
  let browser: Browser;
  let served: ServedDemo;
  beforeAll(async () => {
    [browser, served] = await Promise.all([launch(), serveDemo()]);
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });

  test("shows a flipped cell within three clicks", async () => {
    const { page, complaints } = await open(browser, served.url);
    await settled(page);
    await page.getByRole("button", { name: "Cells", exact: true }).click();
    await page.getByLabel("Only flipped").check();
    await page.locator(".tile").first().click();
    await page.locator(".right h2").waitFor();
    await expect.poll(() => page.locator(".right canvas").count()).toBeGreaterThan(4);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test.each([
    [390, 844, false],
    [820, 1180, true],
    [1440, 900, true],
    [3840, 2160, false],
  ])("nothing is cut off at %i x %i px", async (width, height, dark) => {
    const { page, complaints } = await open(browser, `${served.url}?tab=cells&cell=${served.cell}`, {
      width,
      height,
      dark,
    });
    await settled(page);
    expect(await cutOff(page)).toEqual([]);
    const tabs = await page.locator(".tabs button").count();
    for (let t = 0; t < tabs; t++) {
      await page.locator(".tabs button").nth(t).click();
      await settled(page);
      expect(await cutOff(page), `tab ${t}`).toEqual([]);
    }
    expect(complaints).toEqual([]);
    await page.close();
  });
});
