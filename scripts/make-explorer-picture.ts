/**
 * Writes docs/explorer.png, the picture of the explorer in README.md, from the study of a demo:
 * `node --import tsx scripts/make-explorer-picture.ts DEMO`. It needs Chromium and the built page (`npm run build`).
 */
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";
import { serveStudies } from "../src/view/server.ts";

const root = resolve(import.meta.dirname, "..");
const study = join(process.argv[2], "study");
const serving = await serveStudies([study]);
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"],
});
const page = await browser.newPage({ viewport: { width: 1440, height: 860 }, colorScheme: "light" });
try {
  await page.goto(`${serving.url}?tab=cells&encoder=pci&setting=different&flipped=1`);
  await page.locator(".tile canvas").first().waitFor();
  await page.locator(".tile").first().click();
  await page.locator(".right canvas").nth(4).waitFor();
  // Pictures of the wall come one after the other.
  await page.waitForTimeout(4000);
  await page.screenshot({ path: join(root, "docs/explorer.png") });
} finally {
  await browser.close();
  await serving.close();
}
