import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

/** Each room reads only from rooms left of it; the order is the way of the data. */
const ORDER = [
  "visible",
  "errors",
  "settings",
  "types",
  "names",
  "version",
  "core",
  "image",
  "files",
  "masks",
  "cells",
  "segment",
  "swap",
  "encode",
  "features",
  "evaluate",
  "evidence",
  "proportions",
  "remedy",
  "simulate",
  "explore",
  "report",
  "index",
  "study",
  "demo",
  "view",
  "node",
  "commands",
  "cli",
];

const src = resolve(import.meta.dirname, "../src");
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".ts"));
const room = (file: string) => file.split("/")[0].replace(/\.ts$/, "");

function imports(file: string): string[] {
  const text = readFileSync(join(src, file), "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)].map((m) => m[1]);
}
const local = (file: string) =>
  imports(file)
    .filter((i) => i.startsWith("."))
    .map((i) => relative(src, resolve(join(src, dirname(file)), i)).replace(/\.(js|ts)$/, ".ts"));

test("every room is known", () => {
  for (const file of files) expect(ORDER, file).toContain(room(file));
});

test("rooms import only from the left", () => {
  const wrong = files.flatMap((file) =>
    local(file)
      .filter((i) => ORDER.indexOf(room(i)) > ORDER.indexOf(room(file)))
      .map((i) => `${file} -> ${i}`),
  );
  expect(wrong).toEqual([]);
});

test("ONNX Runtime is imported in one file", () => {
  const users = files.filter((f) => /from ["']onnxruntime-node["']/.test(readFileSync(join(src, f), "utf8")));
  expect(users.filter((f) => f !== "encode/onnx/session.ts")).toEqual([]);
});

test("cores and memory are asked in one file, which knows the limits of containers and jobs", () => {
  const users = files.filter((f) =>
    /\b(?:availableParallelism|totalmem|freemem|constrainedMemory|cpus)\(/.test(
      readFileSync(join(src, f), "utf8"),
    ),
  );
  expect(users).toEqual(["files/machine.ts"]);
});

/** Files and packages that `file` reaches, with the way there. */
function reached(file: string): Map<string, string> {
  const ways = new Map<string, string>();
  const walk = (file: string, way: string) => {
    if (ways.has(file)) return;
    ways.set(file, way);
    for (const i of imports(file)) if (!i.startsWith(".")) ways.set(i, `${way} -> ${i}`);
    for (const next of local(file)) walk(next, `${way} -> ${next}`);
  };
  walk(file, file);
  return ways;
}

test.each(["index.ts", "report.ts"])("what %s reaches needs no Node", (entry) => {
  const ways = reached(entry);
  expect(ways.size).toBeGreaterThan(10);
  expect([...ways].filter(([to]) => /^node:|onnxruntime-node/.test(to)).map(([, way]) => way)).toEqual([]);
});

test("what draws the report is reached from report.ts alone", () => {
  const drawing = /^report\/|linkedom|@observablehq\/plot/;
  expect([...reached("index.ts")].filter(([to]) => drawing.test(to)).map(([, way]) => way)).toEqual([]);
});

test("files stay readable, those of tests, benchmarks and scripts too", () => {
  const root = dirname(src);
  const all = ["src", "web", "test", "bench", "scripts"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((f) => /\.tsx?$/.test(f))
      .map((f) => join(folder, f)),
  );
  expect(all.length).toBeGreaterThan(files.length);
  expect(all.filter((f) => readFileSync(join(root, f), "utf8").split("\n").length > 401)).toEqual([]);
});
