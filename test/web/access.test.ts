import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { audit, hasBrowser, launch, open, type ServedDemo, serveDemo, settled } from "./browser.ts";

describe.skipIf(!hasBrowser)("without pointing or seeing", () => {
  let browser: Browser;
  let served: ServedDemo;
  beforeAll(async () => {
    [browser, served] = await Promise.all([launch(), serveDemo()]);
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });

  test.each([1440, 390])("axe objects to nothing in any tab or dialog, %i px wide", async (width) => {
    const { page, complaints } = await open(browser, `${served.url}?cell=${served.cell}`, { width });
    await settled(page);
    const found: string[] = [];
    const look = async (what: string) => {
      await page.emulateMedia({ colorScheme: "light" });
      found.push(...(await audit(page)).map((line) => `${what}: ${line}`));
      await page.emulateMedia({ colorScheme: "dark" });
      found.push(...(await audit(page, ["color-contrast"])).map((line) => `${what}, dark: ${line}`));
    };
    for (const tab of await page.locator(".tabs button").all()) {
      await tab.click();
      await settled(page);
      await look((await tab.textContent())!);
    }
    await page.getByRole("button", { name: "Keys ?" }).click();
    await look("keys");
    await page.keyboard.press("Escape");
    await page.locator(".right .enlarge").first().click();
    await page.locator("dialog[open]").waitFor();
    await look("larger picture");
    expect(found).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("keys lead from the top to a cell, along the flipped ones, and to the list", async () => {
    const { page, complaints } = await open(browser, `${served.url}?tab=cells`);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: served.url });
    await settled(page);
    await page.locator(".tile").first().waitFor();
    const state = () => new URL(page.url()).searchParams;
    /** Where the focus is, and whether it is seen. */
    const focus = () =>
      page.evaluate(`(() => {
        const e = document.activeElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(e);
        const part = ["left", "tabs", "wall", "right"].find((c) => e.closest("." + c)) ?? e.tagName;
        return { part, seen: outlineStyle !== "none" && parseFloat(outlineWidth) >= 1 };
      })()`) as Promise<{ part: string; seen: boolean }>;
    const parts: string[] = [];
    for (let i = 0; i < 60 && parts.at(-1) !== "wall"; i++) {
      await page.keyboard.press("Tab");
      const { part, seen } = await focus();
      expect({ part, i, seen }).toEqual({ part, i, seen: true });
      parts.push(part);
    }
    expect([...new Set(parts)].filter((p) => ["left", "tabs", "wall"].includes(p))).toEqual([
      "left",
      "tabs",
      "wall",
    ]);
    expect(parts).not.toContain("BODY");

    const title = () => page.evaluate("document.activeElement.title") as Promise<string>;
    const first = await title();
    await page.keyboard.press("ArrowRight");
    const second = await title();
    expect(second).not.toBe(first);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    expect(await title()).toBe(second);
    await page.keyboard.press("Enter");
    const id = second.split(" (")[0];
    await expect.poll(() => page.locator(".right h2").first().textContent()).toBe(id);
    expect(state().get("cell")).toBe(id);

    const shown = async () => `${state().get("cell")} ${state().get("on")}`;
    const here = await shown();
    await page.keyboard.press("n");
    await expect.poll(shown).not.toBe(here);
    const next = await shown();
    await expect.poll(() => page.locator(".right .flip").count()).toBeGreaterThan(0);
    await page.keyboard.press("n");
    await expect.poll(shown).not.toBe(next);
    await page.keyboard.press("p");
    await expect.poll(shown).toBe(next);

    const cell = state().get("cell")!;
    await page.keyboard.press("a");
    await expect.poll(() => new URL(page.url()).hash).toContain(encodeURIComponent(cell));
    await page.keyboard.press("c");
    await expect.poll(() => page.evaluate("navigator.clipboard.readText()")).toBe(cell);

    await page.keyboard.press("?");
    await page.locator("dialog.help[open]").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog.help[open]").waitFor({ state: "detached" });
    expect(state().get("cell")).toBe(cell);
    expect((await focus()).part).toBe("wall");
    await page.keyboard.press("Escape");
    await expect.poll(() => state().get("cell")).toBe(null);
    expect((await focus()).part).toBe("wall");
    expect(complaints).toEqual([]);
    await page.close();
  });
});
