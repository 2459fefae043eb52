import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { expect, test } from "vitest";
import { renderReport } from "../../src/report/html.ts";
import { sampleReport } from "./sample.ts";

/** Debian's browser; `.ci/run` installs it. */
const executablePath = "/usr/bin/chromium";

test.skipIf(!existsSync(executablePath))(
  "the report opens from disk: nothing is fetched, nothing is cut off",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "cellswap-report-"));
    const path = join(folder, "report.html");
    writeFileSync(path, renderReport(sampleReport()));
    const args = [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
    ];
    const browser = await chromium.launch({
      executablePath,
      args: [...args, "--disable-component-update", "--disable-sync"],
    });
    try {
      for (const width of [1200, 375]) {
        const page = await browser.newPage({ viewport: { width, height: 900 } });
        const fetched: string[] = [];
        const complaints: string[] = [];
        page.on("request", (r) => void (/^(file|data):/.test(r.url()) || fetched.push(r.url())));
        page.on("console", (m) => void complaints.push(m.text()));
        page.on("pageerror", (e) => void complaints.push(e.message));
        await page.goto(pathToFileURL(path).href);
        const seen = await page.evaluate(`({
        overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        broken: [...document.images].filter((i) => i.naturalWidth === 0).length,
        images: document.images.length,
        unnamed: [...document.images].filter((i) => !i.alt).length,
        figures: [...document.querySelectorAll("svg")].filter((s) => s.getBoundingClientRect().width > 100).length,
        heading: document.querySelector("h1")?.textContent,
      })`);
        expect(seen).toMatchObject({ overflow: 0, broken: 0, unnamed: 0, heading: sampleReport().title });
        expect((seen as { images: number }).images).toBeGreaterThan(10);
        expect((seen as { figures: number }).figures).toBeGreaterThanOrEqual(3);
        expect({ fetched, complaints }).toEqual({ fetched: [], complaints: [] });
        await page.close();
      }
    } finally {
      await browser.close();
      rmSync(folder, { recursive: true });
    }
  },
);
