/**
 * The explorer in a real browser, on drawn studies of 10^4, 10^5 and 10^6 composites: first paint, filters, sorting,
 * scrolling, the map, memory of the page, bytes and requests. The page is that of `dist/web`. `--composites 1000000`,
 * `--rounds 7`, `--browser /usr/bin/chromium`.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type CDPSession, chromium, type Page } from "playwright-core";
import { serve } from "../src/view/server.ts";
import { option, record, show, smoke, spread } from "./harness.ts";
import { CLASSES, openDrawnStudy, PER_CELL, writeDrawnStudy } from "./view/study.ts";

/** What is changed, one after the other, in the Cells tab, by the query of the address. */
const FILTERS: Readonly<Record<string, string>> = {
  setting: "setting=different",
  class: `class=${CLASSES[2]}`,
  background: `class=${CLASSES[2]}&background=${CLASSES[4]}`,
  "only flipped": "flipped=1",
  search: "search=field12",
  protein: "protein=P13",
};
const SORTS = ["margin", "lent", "id", "influence", "margin-change"];

type Numbers = Record<string, number[]>;

/** Opens pages that know nothing of each other, and measures in them. */
class Visits {
  readonly found: Numbers = {};
  readonly #browser: Browser;
  readonly #url: string;

  constructor(browser: Browser, url: string) {
    this.#browser = browser;
    this.#url = url;
  }

  add(name: string, value: number): void {
    this.found[name] ??= [];
    this.found[name].push(value);
  }

  /** First paint of a tab, what it fetches, what the page holds then; `work` goes on from there. */
  async tab(tab: string, work: (page: Page, cdp: CDPSession) => Promise<void> = async () => {}) {
    const context = await this.#browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    const errors: Error[] = [];
    page.on("pageerror", (error) => errors.push(error));
    const cdp = await context.newCDPSession(page);
    await cdp.send("Performance.enable");
    try {
      await page.addInitScript({ path: join(import.meta.dirname, "view/page.mjs") });
      await page.goto(`${this.#url}?tab=${tab}`, { waitUntil: "commit" });
      this.add(`${tab}: first paint, ms`, await page.evaluate(`bench.shown("${tab}")`));
      this.add(`${tab}: processor until then, ms`, await processor(cdp));
      const fetched = await page.evaluate<{ bytes: number; requests: number }>("bench.fetched()");
      this.add(`${tab}: fetched, MiB`, fetched.bytes / 2 ** 20);
      this.add(`${tab}: requests`, fetched.requests);
      await page.waitForTimeout(smoke ? 0 : 500);
      this.add(`${tab}: memory, MiB`, await memory(cdp));
      await work(page, cdp);
      if (errors.length > 0) throw errors[0];
    } finally {
      await context.close();
    }
  }

  /** A change of the address until `text` of the page has changed. */
  async change(page: Page, cdp: CDPSession, name: string, query: string, text: string): Promise<void> {
    const before = [await processor(cdp), await processor(cdp, "ThreadTime")];
    this.add(`${name}, ms`, await page.evaluate(`bench.change(${JSON.stringify(query)}, "${text}")`));
    this.add(`${name}, processor, ms`, (await processor(cdp)) - before[0]);
    this.add(`${name}, main thread, ms`, (await processor(cdp, "ThreadTime")) - before[1]);
  }
}

/** Milliseconds that processors worked for the page: on all its threads, or on its main one alone. */
async function processor(cdp: CDPSession, of: "ProcessTime" | "ThreadTime" = "ProcessTime"): Promise<number> {
  const { metrics } = await cdp.send("Performance.getMetrics");
  return 1000 * metrics.find(({ name }) => name === of)!.value;
}

/** MiB that the page holds after a collection: objects, and the stores of its arrays. */
async function memory(cdp: CDPSession): Promise<number> {
  await cdp.send("HeapProfiler.collectGarbage");
  const used = (await cdp.send("Runtime.getHeapUsage")) as unknown as Record<string, number>;
  return (used.usedSize + (used.embedderHeapUsedSize ?? 0) + (used.backingStorageSize ?? 0)) / 2 ** 20;
}

const late = (frames: readonly number[]) =>
  (100 * frames.filter((ms) => ms > 50).length) / Math.max(1, frames.length);

async function visit(visits: Visits): Promise<void> {
  await visits.tab("effects");
  await visits.tab("cells", async (page, cdp) => {
    for (const [name, query] of Object.entries(FILTERS)) {
      await visits.change(page, cdp, `filter: ${name}`, `?tab=cells&${query}`, "count");
      await visits.change(page, cdp, "filter: none again", "?tab=cells", "count");
    }
    for (const sort of SORTS)
      await visits.change(page, cdp, `sort: ${sort}`, `?tab=cells&sort=${sort}`, "tiles");
    const frames = await page.evaluate<number[]>(`bench.scroll(${smoke ? 5 : 40})`);
    visits.add("scroll: frames over 50 ms, %", late(frames));
    visits.add("cells: memory in the end, MiB", await memory(cdp));
  });
  await visits.tab("map", async (page, cdp) => {
    await visits.change(page, cdp, "map, filter: setting", "?tab=map&setting=different", "points");
    await visits.change(page, cdp, "map, filter: none again", "?tab=map", "points");
    const frames = await page.evaluate<number[]>(`bench.pan(${smoke ? 5 : 40})`);
    visits.add("map, moved: frames a second", (1000 * frames.length) / frames.reduce((a, b) => a + b));
    visits.add("map: memory in the end, MiB", await memory(cdp));
  });
}

async function measure(browser: Browser, composites: number, rounds: number) {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-view-"));
  try {
    const made = await writeDrawnStudy(folder, { cells: Math.round(composites / PER_CELL) });
    const serving = await serve([openDrawnStudy(folder)]);
    const visits = new Visits(browser, serving.url);
    try {
      if (!smoke) await visit(new Visits(browser, serving.url));
      for (let i = 0; i < rounds; i++) await visit(visits);
    } finally {
      await serving.close();
    }
    const found = Object.entries(visits.found);
    console.log(`\n${made.toLocaleString("en")} composites, ${rounds} rounds`);
    for (const [name, values] of found) console.log(`  ${name}: ${show(values)}`);
    return { composites: made, found: Object.fromEntries(found.map(([k, v]) => [k, spread(v)])) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const executablePath = option("browser", "/usr/bin/chromium");
if (!existsSync(executablePath)) {
  if (!smoke) throw new Error(`${executablePath} is no browser; give one by --browser`);
  console.log(`skipped: no browser at ${executablePath}`);
  process.exit(0);
}
const browser = await chromium.launch({
  executablePath,
  args: [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
  ],
});
try {
  const sizes = smoke ? [2000] : option("composites", "10000,100000,1000000").split(",").map(Number);
  const load = loadavg()[1];
  const results = [];
  for (const size of sizes)
    results.push(await measure(browser, size, smoke ? 1 : Number(option("rounds", "7"))));
  if (sizes.length > 1) record("view", { load, browser: browser.version(), results });
} finally {
  await browser.close();
}
