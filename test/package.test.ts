import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import * as library from "../src/index.ts";
import * as node from "../src/node.ts";
import { version } from "../src/version.ts";

const root = resolve(import.meta.dirname, "..");
const manifest = JSON.parse(readFileSync(resolve(root, "package.json"), "utf8"));

test("the version is that of package.json", () => {
  expect(version).toBe(manifest.version);
});

test("the public names are meant", () => {
  expect(Object.keys(library).sort()).toMatchSnapshot("cellswap");
  const own = Object.keys(node).filter((name) => !(name in library));
  expect(own.sort()).toMatchSnapshot("cellswap/node");
});

test("the package holds what it needs and nothing else", () => {
  const packed = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
  });
  const [{ files }] = JSON.parse(packed.stdout) as { files: { path: string; size: number }[] }[];
  const tops = [...new Set(files.map((f) => f.path.split("/")[0]))].filter((top) => top !== "dist");
  expect(tops.sort()).toEqual(["LICENSE", "README.md", "encoders", "package.json", "schema"]);
  const models = files.filter((f) => f.path.endsWith(".onnx"));
  expect(models.length).toBe(6);
  expect(models.reduce((sum, f) => sum + f.size, 0)).toBeLessThan(8 * 2 ** 20);
});

test("dependencies come from the registry, none by address", () => {
  const lock = readFileSync(resolve(root, "package-lock.json"), "utf8");
  expect(lock).not.toMatch(/"resolved"|git\+|https?:\/\/[^"]*\.tgz/);
  expect(Object.values(manifest.dependencies as Record<string, string>).join()).not.toMatch(/[:/]/);
});
