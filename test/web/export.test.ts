import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exportView } from "../../src/view/export.ts";
import { demoStudy, hasBrowser, launch, open, type ServedDemo, serveDemo, settled } from "./browser.ts";

const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** A web host that knows nothing but whole files below `/lab/demo/`. */
function plainHost(folder: string): Promise<Server> {
  const server = createServer(({ url, method }, answer) => {
    const path = decodeURIComponent(new URL(url!, "http://host").pathname);
    try {
      if (method !== "GET" || !path.startsWith("/lab/demo/") || path.includes(".."))
        throw new Error("no file");
      const name = path.slice("/lab/demo/".length) || "index.html";
      const bytes = readFileSync(join(folder, name));
      answer.writeHead(200, { "Content-Type": TYPES[extname(name)] ?? "application/octet-stream" });
      answer.end(bytes);
    } catch {
      answer.writeHead(404).end();
    }
  });
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server)));
}

describe.skipIf(!hasBrowser)("an exported explorer on a plain web host", () => {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-plain-"));
  let browser: Browser;
  let served: ServedDemo;
  let host: Server;
  let address: string;
  beforeAll(async () => {
    [browser, served] = await Promise.all([launch(), serveDemo()]);
    await exportView([await demoStudy()], join(folder, "site"));
    host = await plainHost(join(folder, "site"));
    address = `http://127.0.0.1:${(host.address() as AddressInfo).port}/lab/demo/`;
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    await served?.close();
    host?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Pixels of a picture, summed with their places. */
  const PIXELS = `(canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.reduce((sum, v, i) => (sum * 31 + v + i) % 1000003, 7);
  }`;
  async function seen(page: Page) {
    await settled(page);
    await page.locator(".tile canvas").first().waitFor();
    await expect.poll(() => page.locator(".right .settings canvas").count()).toBeGreaterThan(4);
    await expect.poll(() => page.locator(".right .settings .empty").count()).toBe(0);
    return {
      tiles: await page.locator(".tile").allTextContents(),
      picture: await page.locator(".tile canvas").first().evaluate(`(${PIXELS})`),
      captions: await page.locator(".right .settings li").allTextContents(),
      crop: await page.locator(".right .settings canvas").first().evaluate(`(${PIXELS})`),
    };
  }

  test("shows what the server shows, and predicts in the page", async () => {
    const query = `?tab=cells&setting=different&sort=id&cell=${served.cell}`;
    const there = await open(browser, `${served.url}${query}`);
    const expected = await seen(there.page);
    await there.page.close();
    const { page, complaints } = await open(browser, `${address}${query}`);
    expect(await seen(page)).toEqual(expected);
    await page.getByRole("button", { name: "Playground", exact: true }).click();
    await page.locator('.result[aria-busy="false"] table').waitFor();
    expect(await page.locator(".odds tbody tr").count()).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
