import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { CellStore } from "../../../src/cells/store.ts";
import { DataError } from "../../../src/errors.ts";
import { canonicalJson, sha256 } from "../../../src/files/hash.ts";
import { readStudyFolder } from "../../../src/study/read.ts";
import { readStudyFile } from "../../../src/study/schema.ts";
import { verify } from "../../../src/study/verify.ts";
import { runStudy } from "../../../src/study.ts";
import { drawCells, writeEncoder, writeStudy } from "../../../test/study/drawn.ts";
import { JSON_CHANGES, JSON_SLIP } from "../mutate/json.ts";
import { NPY } from "../mutate/npy.ts";
import { CSV } from "../mutate/text.ts";
import { PARQUET } from "../mutate/thrift.ts";
import type { Mutator, Reader, Seed } from "../reader.ts";
import { folderSeed } from "../seeds.ts";

const json = [...JSON_CHANGES, JSON_SLIP];

/** Changes that know the form of a file, by its ending. */
function byEnding(file: string): readonly Mutator[] {
  if (file.endsWith(".json")) return json;
  if (file.endsWith(".csv")) return CSV;
  if (file.endsWith(".parquet")) return PARQUET;
  return file.endsWith(".npy") ? NPY : [];
}

/** A header whose check sum fits what it says. */
const SEALED: readonly Mutator[] = json.map((mutator) => ({
  name: `${mutator.name}, sealed`,
  apply: (bytes, random, others) => {
    const changed = mutator.apply(bytes, random, others);
    try {
      const { sum: _, ...header } = JSON.parse(String(changed)) as Record<string, unknown>;
      return Buffer.from(JSON.stringify({ ...header, sum: sha256(canonicalJson(header)) }));
    } catch {
      return null;
    }
  },
}));

function storeSeeds(): Seed[] {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-seed-"));
  try {
    drawCells(join(folder, "full.cells"), { cellsPerClass: 3, size: 16, channels: ["GFP"] });
    drawCells(join(folder, "none.cells"), { cellsPerClass: 2, size: 16, masks: "none" });
    return ["full.cells", "none.cells"].map((name) => folderSeed(join(folder, name)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Header, cells, verdicts and all pixels. */
async function store(path: string) {
  const opened = await CellStore.open(path);
  try {
    const { channels, height, width, count } = opened;
    const crops = Array.from({ length: count }, (_, cell) => {
      const crop = new Float32Array(channels.length * height * width);
      opened.readCrop(cell, crop);
      return crop;
    });
    const masks = Array.from({ length: opened.masks === "none" ? 0 : count }, (_, cell) => {
      const mask = new Uint8Array(height * width);
      opened.readMask(cell, mask);
      return mask;
    });
    return [opened.header, opened.cells, opened.verdicts, crops, masks];
  } finally {
    opened.close();
  }
}

/** As `cellswap verify` has it: the first fault is thrown. */
async function verified(path: string) {
  const { files } = await verify(path);
  const wrong = files.find(({ fault }) => fault !== null);
  if (wrong !== undefined) throw new DataError(wrong.fault!, { path: wrong.path });
  return files.length;
}

const FINISHED = "finished";

/** A study that was run to its end, made once. */
async function finished(folder: string): Promise<void> {
  const base = join(folder, FINISHED);
  if (existsSync(base)) return;
  drawCells(join(base, "cells"), { cellsPerClass: 12, fields: 3 });
  writeEncoder(base, { name: "tiny" });
  const study = writeStudy(join(base, "study.json"), { seed: 1 });
  await runStudy(readStudyFile(study), { out: join(base, "study.study"), workers: 1, date: "2026-01-01" });
}

function studySeed(folder: string, changed: RegExp): Seed[] {
  const seed = folderSeed(join(folder, FINISHED));
  const names = [...seed.files.keys()].filter(
    (name) => changed.test(name) && !/checked\.json$|\.html$/.test(name),
  );
  return [{ ...seed, given: join(seed.given, "study.study"), changed: names }];
}

/** Every file of the results, and the report without the place it stands in. */
function results(path: string): unknown {
  const names = readdirSync(join(path, "results"), { recursive: true, encoding: "utf8" }).sort();
  const tables = names.filter((name) => statSync(join(path, "results", name)).isFile());
  const report = readFileSync(join(path, "report.json"), "utf8").replaceAll(dirname(path), "");
  return [...tables.map((name) => [name, readFileSync(join(path, "results", name))]), report];
}

export const WHOLE: readonly Reader[] = [
  {
    name: "store",
    weight: 2,
    seeds: storeSeeds,
    mutators: byEnding,
    // What a store holds stands under its check sums; what it remembers of them does not matter.
    checked: ({ file }) => !/(checked\.json|left-out\.csv)$/.test(file),
    read: store,
  },
  {
    name: "store-sealed",
    seeds: () => storeSeeds().map((seed) => ({ ...seed, changed: [join(seed.given, "cells.json")] })),
    mutators: () => SEALED,
    read: store,
  },
  {
    name: "store-verify",
    weight: 0.5,
    seeds: storeSeeds,
    mutators: byEnding,
    read: verified,
  },
  {
    name: "study",
    prepare: finished,
    seeds: (folder) =>
      studySeed(folder, /study\.study\/(record\.json|report\.json|results\/pairs\.parquet)$/),
    mutators: byEnding,
    // What a study says of its results stands under check sums.
    checked: () => true,
    seconds: 5,
    read: async (path) => {
      const { report, scores } = await readStudyFolder(path);
      return [report, scores];
    },
  },
  {
    name: "study-run",
    // A whole study goes on from what is there.
    weight: 0.03,
    prepare: finished,
    seeds: (folder) => studySeed(folder, /study\.study\//),
    mutators: byEnding,
    checked: () => true,
    seconds: 60,
    read: async (path) => {
      const study = readStudyFile(join(dirname(path), "study.json"));
      await runStudy(study, { out: path, workers: 1, date: "2026-01-01" });
      return results(path);
    },
  },
];
