import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Browser, chromium, type Page } from "playwright-core";
import { runDemo } from "../../src/demo.ts";
import { serveStudies } from "../../src/view/server.ts";

/** Debian's browser; `.ci/run` installs it. */
const executablePath = "/usr/bin/chromium";
export const hasBrowser = existsSync(executablePath);

/** Starts the browser; WebGL is drawn by the processor. */
export function launch(): Promise<Browser> {
  return chromium.launch({
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
}

/** Where the test files of the run of a main process keep their demo. */
export function demoFolder(main: number): string {
  return join(tmpdir(), `cellswap-web-${main}`);
}

/**
 * Folder of the quick demo's study, made once for all test files of a run: the first that asks makes it, the others wait.
 */
export async function demoStudy(): Promise<string> {
  // All workers of a run have one parent.
  const folder = demoFolder(process.ppid);
  const done = join(folder, "done");
  const study = join(folder, "demo/quick/study");
  try {
    mkdirSync(folder);
  } catch {
    while (!existsSync(done)) await setTimeout(200);
    const error = readFileSync(done, "utf8");
    if (error !== "") throw new Error(error);
    return study;
  }
  try {
    await runDemo(join(folder, "demo"), { quick: true, date: "2026-11-28" });
    writeFileSync(done, "");
  } catch (error) {
    writeFileSync(done, String(error));
    throw error;
  }
  return study;
}

/** The demo's study in the explorer. */
export interface ServedDemo {
  readonly url: string;
  /** Id of one of its cells. */
  readonly cell: string;
  close(): Promise<void>;
}

/** Serves the quick demo's study. */
export async function serveDemo(): Promise<ServedDemo> {
  const { url, close } = await serveStudies([await demoStudy()]);
  return { url, close, cell: "actin-1_0_22" };
}

export interface Opened {
  readonly page: Page;
  /** What the console, scripts and requests complained of. */
  readonly complaints: string[];
}

/** Opens an address and notes every complaint. */
export async function open(
  browser: Browser,
  address: string,
  { width = 1440, height = 900, dark = false }: { width?: number; height?: number; dark?: boolean } = {},
): Promise<Opened> {
  const page = await browser.newPage({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
  });
  const complaints: string[] = [];
  page.on("console", (m) => void (["error", "warning"].includes(m.type()) && complaints.push(m.text())));
  page.on("pageerror", (e) => void complaints.push(e.message));
  page.on("response", (r) => void (r.status() >= 400 && complaints.push(`${r.status()} ${r.url()}`)));
  page.on("request", (r) => {
    if (!r.url().startsWith(new URL(address).origin) && !/^(data|blob):/.test(r.url()))
      complaints.push(`request to ${r.url()}`);
  });
  await page.goto(address);
  return { page, complaints };
}

/** Waits until nothing of the page is being read any more. */
export async function settled(page: Page): Promise<void> {
  await page.locator("#content").waitFor();
  await page.locator(".reading").first().waitFor({ state: "detached" });
}

const KINDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What axe-core finds wrong, a line each; `only`: kinds or names of rules. */
export async function audit(page: Page, only: readonly string[] = KINDS): Promise<string[]> {
  const path = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
  // Evaluated and not added as a script, which the page's policy forbids.
  await page.evaluate(readFileSync(path, "utf8"));
  const { violations } = (await page.evaluate(`axe.run(document, { runOnly: ${JSON.stringify(only)} })`)) as {
    violations: { id: string; help: string; nodes: { html: string }[] }[];
  };
  return violations.map(
    ({ id, help, nodes }) => `${id}: ${help} (${nodes.length}): ${nodes[0].html.slice(0, 160)}`,
  );
}

/** Elements that end right of the window and are not in something that scrolls. */
export function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(`[...document.querySelectorAll("body *")]
    .filter((e) => e.getClientRects().length > 0 && e.getBoundingClientRect().right > innerWidth + 0.5)
    .filter((e) => {
      for (let p = e.parentElement; p !== null; p = p.parentElement)
        if (/auto|scroll|hidden/.test(getComputedStyle(p).overflowX) && p !== document.body && p !== document.documentElement) return false;
      return getComputedStyle(e).position !== "absolute" || !e.closest(".hidden");
    })
    .map((e) => e.outerHTML.slice(0, 120))`);
}
