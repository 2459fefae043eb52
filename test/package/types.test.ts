import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeConsumer, tsc } from "./consumer.ts";

const folder = makeConsumer({
  "package.json": '{ "type": "module" }',
  "browser.ts": `import { Compositor, makePlan, memoryCrops, type CropSource, type SwapPlan } from "cellswap";
import { renderReport, type ReportData } from "cellswap/report";

export function plan(source: CropSource): SwapPlan {
  return makePlan({
    classes: ["ER", "Golgi"],
    classOf: Int16Array.from({ length: source.count }, (_, cell) => cell % 2),
    field: Array.from({ length: source.count }, (_, cell) => String(cell)),
    protein: Array.from({ length: source.count }, () => "A"),
    usable: new Uint8Array(source.count).fill(1),
    settings: ["original", "same", "different"],
    sameDonor: "any",
    seed: 1,
  });
}
export const html = (data: ReportData): string => renderReport(data);
export const made = [Compositor, memoryCrops];
`,
  "node.ts": `import {
  CellStore,
  folderSource,
  importCells,
  readEncoder,
  readStudyFile,
  runDemo,
  runStudy,
  segmentStore,
  type StudyOptions,
  tryEncoder,
  writeSimulatedCells,
} from "cellswap/node";

export async function count(path: string): Promise<number> {
  const store = await CellStore.open(path);
  try {
    return store.count;
  } finally {
    store.close();
  }
}
export async function prepare(folder: string, out: string, signal: AbortSignal): Promise<number[]> {
  const onProgress = (done: number, total: number) => console.log(done / total);
  await importCells(folderSource(folder, { manifest: "cells.csv" }), out, { signal, onProgress });
  const { ok } = await segmentStore(out, { channel: "RFP", workers: 2, signal, onProgress });
  await writeSimulatedCells("simulated", { seed: ok, proteinsPerLocalization: 1, cellsPerProtein: 2, fieldsPerProtein: 1 });
  await runDemo("demo", { quick: true });
  const store = await CellStore.open(out);
  return await tryEncoder(readEncoder("mynet.json"), store);
}
export const run = (file: string, options: StudyOptions) => runStudy(readStudyFile(file), options);
`,
});

/** Compiles one file as a strict project does that checks the types of its libraries too. */
function compile(file: string, module: "bundler" | "nodenext", types: readonly string[]): string {
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    target: "es2022",
    lib: ["es2022", "dom"],
    module: module === "bundler" ? "esnext" : module,
    moduleResolution: module,
    skipLibCheck: false,
    noEmit: true,
    types,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [file] }));
  return tsc(folder, "-p", "tsconfig.json");
}

test.each([
  ["browser.ts", "bundler", []],
  ["browser.ts", "nodenext", []],
  ["node.ts", "bundler", []],
  ["node.ts", "nodenext", []],
  ["node.ts", "nodenext", ["node"]],
] as const)("%s compiles with module resolution %s and types %j", (file, module, types) => {
  expect(compile(file, module, types)).toBe("");
});

test("a wrong use is told", () => {
  writeFileSync(
    join(folder, "wrong.ts"),
    'import { version } from "cellswap";\nexport const n: number = version;\n',
  );
  expect(() => compile("wrong.ts", "nodenext", [])).toThrow(/'string' is not assignable to type 'number'/);
});
