import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import * as library from "../../src/index.ts";
import * as node from "../../src/node.ts";
import * as report from "../../src/report.ts";
import { version } from "../../src/version.ts";

const root = resolve(import.meta.dirname, "../..");
const manifest = JSON.parse(readFileSync(resolve(root, "package.json"), "utf8"));

test("the version is that of package.json", () => {
  expect(version).toBe(manifest.version);
});

test("the public names are meant", () => {
  expect(Object.keys(library).sort()).toMatchSnapshot("cellswap");
  const own = Object.keys(node).filter((name) => !(name in library));
  expect(own.sort()).toMatchSnapshot("cellswap/node");
  expect(Object.keys(report).sort()).toMatchSnapshot("cellswap/report");
});

test("the package holds what it needs and nothing else", () => {
  const packed = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
  });
  const [{ files }] = JSON.parse(packed.stdout) as { files: { path: string; size: number }[] }[];
  const tops = [...new Set(files.map((f) => f.path.split("/")[0]))].filter((top) => top !== "dist");
  expect(tops.sort()).toEqual([
    "LICENSE",
    "README.md",
    "docs",
    "encoders",
    "package.json",
    "recipes",
    "schema",
    "scripts",
    "workflows",
  ]);
  const paths = files.map((f) => f.path);
  expect(paths.filter((path) => path.startsWith("scripts/"))).toEqual(["scripts/preinstall.mjs"]);
  expect(paths.filter((path) => path.startsWith("recipes/"))).toEqual([
    "recipes/serve.py",
    "recipes/swap_dataset.py",
  ]);
  for (const name of ["study", "encoder"]) expect(paths).toContain(`schema/${name}.schema.json`);
  const models = files.filter((f) => f.path.endsWith(".onnx"));
  expect(models.length).toBe(9);
  expect(models.reduce((sum, f) => sum + f.size, 0)).toBeLessThan(8 * 2 ** 20);
});

test("dependencies come from the registry, none by address", () => {
  const lock = readFileSync(resolve(root, "package-lock.json"), "utf8");
  expect(lock).not.toMatch(/"resolved"|git\+|https?:\/\/[^"]*\.tgz/);
  expect(Object.values(manifest.dependencies as Record<string, string>).join()).not.toMatch(/[:/]/);
});

test("in the repository no dependency's install script is run", () => {
  const lock = JSON.parse(readFileSync(resolve(root, "package-lock.json"), "utf8"));
  const packages = Object.entries(
    lock.packages as Record<string, { hasInstallScript?: boolean; dev?: boolean }>,
  );
  const scripts = packages.filter(([path, entry]) => path !== "" && entry.hasInstallScript === true);
  for (const [path] of scripts)
    expect(manifest.allowScripts[path.replace("node_modules/", "")], path).toBe(false);
  // npm before 11.19 does not know allowScripts; what the lock file does not announce it does not run.
  expect(scripts.filter(([, { dev }]) => dev !== true)).toEqual([]);
});

test("an installed package keeps onnxruntime-node from fetching files for CUDA, unless they are asked for", () => {
  const project = mkdtempSync(join(tmpdir(), "cellswap-installed-"));
  onTestFinished(() => rmSync(project, { recursive: true }));
  const scripts = join(project, "node_modules/cellswap/scripts");
  mkdirSync(scripts, { recursive: true });
  cpSync(join(root, "scripts/preinstall.mjs"), join(scripts, "preinstall.mjs"));
  const runtime = join(project, "node_modules/onnxruntime-node");
  mkdirSync(join(runtime, "script"), { recursive: true });
  writeFileSync(join(runtime, "package.json"), '{ "name": "onnxruntime-node" }');
  const install = join(runtime, "script/install.js");
  writeFileSync(install, "'use strict';\nconsole.log(process.env.ONNXRUNTIME_NODE_INSTALL);\n");
  const run = (script: string, more: Record<string, string> = {}) => {
    const known = Object.entries(process.env).filter(([name]) => !/onnxruntime/i.test(name));
    const env = { ...Object.fromEntries(known), ...more };
    return spawnSync(process.execPath, [script], { env, encoding: "utf8" }).stdout.trim();
  };
  expect(run(install)).toBe("undefined");
  run(join(scripts, "preinstall.mjs"));
  run(join(scripts, "preinstall.mjs"));
  expect(readFileSync(install, "utf8").match(/cellswap/g)).toHaveLength(1);
  expect(run(install)).toBe("skip");
  expect(run(install, { ONNXRUNTIME_NODE_INSTALL: "cuda12" })).toBe("cuda12");
  expect(run(install, { npm_config_onnxruntime_node_install: "cuda12" })).toBe("undefined");
});
