import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderReport } from "../../src/report/html.ts";
import { CLASSES, drawScores, sampleReport } from "./sample.ts";
import { drawStatistics } from "./sample-statistics.ts";

/** Debian's browser; `.ci/run` installs it. */
const executablePath = "/usr/bin/chromium";

describe.skipIf(!existsSync(executablePath))("the report in a browser", () => {
  const data = sampleReport();
  let folder: string;
  let browser: Browser;
  let address: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "cellswap-report-"));
    writeFileSync(join(folder, "report.html"), renderReport(data));
    address = pathToFileURL(join(folder, "report.html")).href;
    const args = [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
    ];
    browser = await chromium.launch({
      executablePath,
      args: [...args, "--disable-component-update", "--disable-sync"],
    });
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  test.each([
    [390, "light"],
    [768, "dark"],
    [1280, "light"],
  ] as const)(
    "opens from disk at %i px: nothing is fetched, nothing is cut off",
    async (width, colorScheme) => {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
      const fetched: string[] = [];
      const complaints: string[] = [];
      page.on("request", (r) => void (/^(file|data):/.test(r.url()) || fetched.push(r.url())));
      page.on("console", (m) => void complaints.push(m.text()));
      page.on("pageerror", (e) => void complaints.push(e.message));
      await page.goto(address);
      // Tables scroll inside their region; everything else must end before the right edge.
      const seen = await page.evaluate(`({
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      cut: [...document.querySelectorAll("main p, main figure, main svg, main img, main td, main th, main li, header dd")]
        .filter((e) => !e.closest(".scroll") && !e.closest("thead") && e.getClientRects().length > 0)
        .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5)
        .map((e) => e.outerHTML.slice(0, 120)),
      broken: [...document.images].filter((i) => i.naturalWidth === 0).length,
      images: document.images.length,
      unnamed: [...document.images].filter((i) => !i.alt).length,
      figures: [...document.querySelectorAll("svg[role=img]")].filter((s) => s.getBoundingClientRect().width > 100).length,
      heading: document.querySelector("h1")?.textContent,
    })`);
      expect(seen).toMatchObject({ overflow: 0, cut: [], broken: 0, unnamed: 0, heading: data.title });
      expect((seen as { images: number }).images).toBeGreaterThan(10);
      expect((seen as { figures: number }).figures).toBeGreaterThanOrEqual(10);
      expect({ fetched, complaints }).toEqual({ fetched: [], complaints: [] });
      await page.close();
    },
  );

  test("labels of remedies do not overlap or leave their figure", async () => {
    const page = await browser.newPage({ viewport: { width: 390, height: 900 } });
    await page.goto(address);
    const problems =
      await page.evaluate(`[...document.querySelectorAll("#remedies .panels svg")].flatMap((svg) => {
      const frame = svg.getBoundingClientRect();
      const texts = [...svg.querySelectorAll("text")].filter((t) => t.textContent.trim() !== "");
      const boxes = texts.map((t) => ({ text: t.textContent, box: t.getBoundingClientRect() }));
      return boxes.flatMap(({ text, box }, i) => [
        ...(box.right > frame.right + 0.5 || box.bottom > frame.bottom + 0.5 ? [text + " leaves"] : []),
        // The box of a line of text is taller than its letters.
        ...boxes.slice(i + 1)
          .filter(({ box: b }) => b.left < box.right && box.left < b.right
            && Math.abs(b.top + b.bottom - box.top - box.bottom) < 1.4 * Math.min(b.height, box.height))
          .map((other) => text + " on " + other.text),
      ]);
    })`);
    expect(
      await page.evaluate(`document.querySelectorAll("#remedies .panels svg text").length`),
    ).toBeGreaterThan(40);
    expect(problems).toEqual([]);
    await page.close();
  });

  test("the keyboard finds the skip link first, and the results behind it", async () => {
    const page = await browser.newPage();
    await page.goto(address);
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the results");
    expect(await page.evaluate("document.activeElement.getBoundingClientRect().left >= 0")).toBe(true);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.closest('#summary') !== null")).toBe(true);
    await page.close();
  });

  test("tables and figures are saved without a script", async () => {
    const page = await browser.newPage({ acceptDownloads: true });
    await page.goto(address);
    for (const [name, start] of [
      ["cellswap-results.csv", "encoder,answer,of,kind,value,low,high,no_interval\n"],
      ["cellswap-ladder.svg", "<svg "],
    ]) {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.click(`a[download="${name}"]`),
      ]);
      expect(download.suggestedFilename()).toBe(name);
      expect(readFileSync(await download.path(), "utf8").startsWith(start)).toBe(true);
    }
    await page.close();
  });

  test.each([3, 6])("the first page of %i encoders is one sheet of A4", async (count) => {
    const levels = {
      original: 0.9,
      self: 0.9,
      same: 0.92,
      "cell-free": 0.87,
      different: 0.84,
      "background-only": 0.7,
    };
    const scores = Array.from({ length: count }, (_, i) =>
      drawScores(`encoder-${i}`, CLASSES, levels, i),
    ).flat();
    const statistics = drawStatistics(scores, CLASSES, data.gallery);
    writeFileSync(
      join(folder, "printed.html"),
      renderReport(sampleReport({ scores, encoders: [], proportions: [], ...statistics })),
    );
    const page = await browser.newPage();
    await page.goto(pathToFileURL(join(folder, "printed.html")).href);
    const pages = async () => {
      const pdf = await page.pdf({ preferCSSPageSize: true });
      return [...pdf.toString("latin1").matchAll(/\/Type\s*\/Page\b/g)].length;
    };
    expect(await pages()).toBeGreaterThan(2);
    await page.evaluate("document.querySelectorAll('.appendix, footer').forEach((e) => e.remove())");
    expect(await page.evaluate("document.querySelectorAll('.first > section').length")).toBe(5);
    expect(await pages()).toBe(1);
    await page.close();
  });
});
