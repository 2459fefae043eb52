import { build, type Rollup } from "vite";
import { expect, test } from "vitest";
import { makeConsumer } from "./consumer.ts";

const folder = makeConsumer({
  "package.json": '{ "type": "module" }',
  "version.js": 'import { version } from "cellswap";\nconsole.log(version);\n',
  "compose.js":
    'import { Compositor, makePlan, memoryCrops } from "cellswap";\nconsole.log(Compositor, makePlan, memoryCrops);\n',
  "all.js": 'import * as cellswap from "cellswap";\nconsole.log({ ...cellswap });\n',
  "report.js": 'import { renderReport } from "cellswap/report";\nconsole.log(renderReport);\n',
});

/** The code that a browser would load for `entry`, in one piece, minified. */
async function bundle(entry: string): Promise<string> {
  const built = (await build({
    root: folder,
    configFile: false,
    logLevel: "error",
    build: { write: false, rollupOptions: { input: `${folder}/${entry}` } },
  })) as Rollup.RollupOutput;
  return built.output.map((part) => (part.type === "chunk" ? part.code : "")).join("\n");
}

test.each([
  ["version.js", 2_000],
  ["compose.js", 80_000],
  ["all.js", 300_000],
])("%s is bundled into less than %i bytes, without Node and without a DOM", async (entry, most) => {
  const code = await bundle(entry);
  expect(code).toContain("console.log(");
  expect(code.length).toBeLessThan(most);
  expect(code).not.toMatch(/linkedom|["'`]node:|__vite-browser-external|createElementNS/);
});

test("the report's entry brings its own document and needs no Node", async () => {
  const code = await bundle("report.js");
  expect(code).toContain("linkedom");
  expect(code).not.toMatch(/["']node:/);
});
