import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasBrowser, launch, open, type ServedDemo, serveDemo, settled } from "./browser.ts";

describe.skipIf(!hasBrowser)("a view of the explorer", () => {
  let browser: Browser;
  let served: ServedDemo;
  beforeAll(async () => {
    [browser, served] = await Promise.all([launch(), serveDemo()]);
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });

  test("is in the address: another page opens it as it was, and back leads back", async () => {
    const { page, complaints } = await open(browser, served.url);
    await settled(page);
    await page.getByRole("button", { name: "Cells", exact: true }).click();
    await page.getByRole("combobox", { name: "Setting", exact: true }).selectOption("different");
    await page.getByLabel("Only flipped").check();
    await page.locator(".tile").first().click();
    await page.locator(".right h2").waitFor();
    const seen = async (of: typeof page) => ({
      cell: await of.locator(".right h2").first().textContent(),
      first: await of.locator(".tile").first().textContent(),
      count: await of.locator("#content output").first().textContent(),
    });
    const here = await seen(page);
    expect(new URL(page.url()).searchParams.get("setting")).toBe("different");
    const other = await open(browser, page.url());
    await settled(other.page);
    await other.page.locator(".tile").first().waitFor();
    expect(await seen(other.page)).toEqual(here);
    await page.goBack();
    await expect.poll(() => page.locator(".right h2").count()).toBe(0);
    await page.goBack();
    await expect.poll(() => page.getByLabel("Only flipped").isChecked()).toBe(false);
    expect([...complaints, ...other.complaints]).toEqual([]);
    await Promise.all([page.close(), other.page.close()]);
  });

  test("what an address says wrongly is passed over, and an unknown cell is told", async () => {
    const { page, complaints } = await open(
      browser,
      `${served.url}?tab=nothing&setting=%00&study=99&encoder=none&sort=up&cell=nobody&class=%3Cscript%3E`,
    );
    await settled(page);
    await expect.poll(() => page.locator(".right").textContent()).toContain("nobody");
    expect(complaints).toEqual([]);
    await page.close();
  });
});
