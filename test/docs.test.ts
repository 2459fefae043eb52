import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

/** Documentation pages that messages and help name, and what a reader is sent there for. */
const NAMED: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  "commands/import.ts docs/cluster.md": ["## Import and segmentation in shards", "`cellswap merge CELLS`"],
  "commands/segment.ts docs/cluster.md": ["## Import and segmentation in shards", "`cellswap merge CELLS`"],
  "commands/onnx-lines.ts docs/study.md": ["## An encoder description", '"format": "cellswap-encoder"'],
  "commands/compare.ts docs/explorer.md": ["## Comparing", "`--against`"],
  "commands/copy.ts docs/object-stores.md": ["# Object stores", "`AWS_ENDPOINT_URL`"],
  "commands/export-anndata.ts docs/anndata.md": ["`obsm`", "X_different_ER"],
  "commands/export-encoder.ts docs/remedies.md": ["## Export", "`center_mask`"],
  "commands/export.ts docs/own-features.md": ['"features":', "export composites"],
  "commands/features.ts docs/anndata.md": ["cellswap features", "`.parquet`"],
  "commands/options.ts docs/own-model.md": ["## A GPU without a program", "`webgpu`"],
  "commands/plan.ts docs/cluster.md": ["## On Slurm", "Nextflow", "cellswap merge"],
  "commands/remedy.ts docs/remedies.md": ["## The remedies", "**recompose**"],
  "commands/run.ts docs/study.md": ["## A study file", "`cellsPerClass`", "`encoders`"],
  "commands/sensitivity.ts docs/sensitivity.md": ["## How to read the result", "Holds under N of N"],
  "encode/device.ts docs/own-model.md": ["## From a checkpoint to a verdict", '"command":'],
  "encode/encoder-file.ts docs/study.md": ["## An encoder description", '"format": "cellswap-encoder"'],
  "encode/onnx/bounds.ts docs/own-model.md": ['"command":', "standard operators"],
  "encode/try.ts docs/own-model.md": ["## From a checkpoint to a verdict", '"command":'],
  "encode/published/kind.ts docs/own-model.md": [/PyTorch/, '"command":'],
  "encode/published/feature-folder.ts docs/own-features.md": ['"features":', "cellswap export composites"],
  "files/objects/faults.ts docs/object-stores.md": ["# Object stores", "`AWS_ACCESS_KEY_ID`"],
  "files/objects/place.ts docs/object-stores.md": ["# Object stores", "`AWS_ACCESS_KEY_ID`"],
  "report/remedy-words.ts docs/validity.md": ["## Remedies", "coverage"],
  "study/compare/mismatch.ts docs/sensitivity.md": ["## The variants", "halo-0"],
  "study/groups.ts docs/validity.md": ["## Closed groups", /published protocol/],
  "study/schema.ts docs/remedies.md": ['"remedies":', "retrained+recompose"],
  "study/schema.ts docs/sensitivity.md": ["## The variants", "dilate-N", "neighbor-slice"],
  "study/schema.ts docs/study.md": ["## A study file", /```json\n\{[^`]*"cells":/],
  "study/schema.ts docs/tables.md": ["`published`", "`even`", /aggregat/i],
  "study/shards/file.ts docs/cluster.md": ["## The commands", "cellswap plan STUDY --shards N"],
};

/** Pages that the lines of a source file name outside of comments. */
function named(file: string): string[] {
  const lines = read(join("src", file)).split("\n");
  const said = lines.filter((line) => !/^\s*(\/\/|\/?\*)/.test(line)).join("\n");
  return [...said.matchAll(/docs\/[\w-]+\.md/g)].map(([page]) => `${file} ${page}`);
}

const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".ts"));

test("every page that a message names says what the reader is sent there for", () => {
  expect([...new Set(sources.flatMap(named))].sort()).toEqual(Object.keys(NAMED).sort());
  for (const [use, words] of Object.entries(NAMED)) {
    const page = read(use.split(" ")[1]);
    for (const word of words) expect(page, use).toMatch(word);
  }
});

test("every page that a comment names is there", () => {
  for (const file of sources)
    for (const [page] of read(join("src", file)).matchAll(/docs\/[\w-]+\.md/g))
      expect(existsSync(join(root, page)), `${file}: ${page}`).toBe(true);
});

test("links between the pages lead somewhere", () => {
  const pages = ["README.md", "CONTRIBUTING.md", ...readdirSync(join(root, "docs")).map((f) => `docs/${f}`)];
  const links = pages
    .filter((page) => page.endsWith(".md"))
    .flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, to]) => join(dirname(page), to)),
    );
  expect(links.length).toBeGreaterThan(20);
  expect(links.filter((to) => !existsSync(join(root, to)))).toEqual([]);
});

test("source files that the pages name are there", () => {
  const pages = ["README.md", "CONTRIBUTING.md", ...readdirSync(join(root, "docs")).map((f) => `docs/${f}`)];
  const named = pages
    .filter((page) => page.endsWith(".md"))
    .flatMap((page) => [...read(page).matchAll(/src\/[a-z/-]+\.ts/g)].map(([file]) => file));
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});
