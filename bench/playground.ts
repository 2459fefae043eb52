/**
 * The swap playground in a real browser, on the quick demo: from a change by hand until the bars of its prediction are
 * drawn, the network in the page. `--study FOLDER` (another study, finished), `--changes 60`, `--browser /usr/bin/chromium`.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { runDemo } from "../src/demo.ts";
import { serveStudies } from "../src/view/server.ts";
import { option, record, show, smoke, spread } from "./harness.ts";

/** Changes that are measured, each by an expression that makes the i-th. */
const CHANGES: Readonly<Record<string, string>> = {
  "the cell moved (the donor's fill is kept)": `document.querySelector(".stage").dispatchEvent(
      new KeyboardEvent("keydown", { key: i % 2 ? "ArrowLeft" : "ArrowRight", bubbles: true }))`,
  "another draw of noise (the donor is filled anew)":
    '[...document.querySelectorAll(".controls button")].find((b) => b.textContent === "Draw again").click()',
};

/** Milliseconds from a change until bars have another length, painted. */
const timed = (change: string, i: number) => `new Promise((resolve, reject) => {
    const i = ${i};
    const start = performance.now();
    const late = setTimeout(() => reject(new Error("no other prediction within 10 s")), 10_000);
    const watch = new MutationObserver(() => {
      watch.disconnect();
      clearTimeout(late);
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
    });
    watch.observe(document.querySelector(".odds tbody"), { subtree: true, attributes: true, attributeFilter: ["style"] });
    ${change};
  })`;

async function measure(page: Page, change: string, count: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < count + 2; i++) {
    const ms = await page.evaluate<number>(timed(change, i));
    // The first ones compile.
    if (i >= 2) found.push(ms);
    await page.waitForTimeout(20);
  }
  return found;
}

const executablePath = option("browser", "/usr/bin/chromium");
if (!existsSync(executablePath)) {
  if (!smoke) throw new Error(`${executablePath} is not there; give --browser`);
  console.log(`skipped: no browser at ${executablePath}`);
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), "cellswap-playground-"));
try {
  const given = option("study", "");
  if (given === "") await runDemo(join(folder, "demo"), { quick: true });
  const serving = await serveStudies([given === "" ? join(folder, "demo/quick/study") : given]);
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const start = performance.now();
    await page.goto(`${serving.url}?tab=playground`);
    await page.locator('.result[aria-busy="false"] table').waitFor({ timeout: 120_000 });
    const opened = performance.now() - start;
    console.log(`opened with its first prediction: ${opened.toFixed(0)} ms`);
    const result: Record<string, unknown> = { opened, load: loadavg()[0] };
    for (const [name, change] of Object.entries(CHANGES)) {
      const found = await measure(page, change, smoke ? 2 : Number(option("changes", "60")));
      console.log(
        `${name}: ${show(found)} ms, ${found.length} changes; at most ${Math.max(...found).toFixed(1)} ms`,
      );
      result[name] = { ...spread(found), most: Math.max(...found) };
    }
    record("playground", result);
  } finally {
    await browser.close();
    await serving.close();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
