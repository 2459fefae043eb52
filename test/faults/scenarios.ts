import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { CellStore, readHeader } from "../../src/cells/store.ts";
import { verifyStore } from "../../src/cells/verify.ts";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { readCsv } from "../../src/files/csv.ts";
import { sha256, sha256File } from "../../src/files/hash.ts";
import { fileOf } from "../../src/files/replace.ts";
import { openSealed } from "../../src/files/sealed.ts";
import { readExport } from "../../src/study/composites/record.ts";
import { drawCells, writeEncoder, writeStudy } from "../study/drawn.ts";
import { tree } from "./harness.ts";

/** A command that writes, killed at any of its writes. */
export interface Scenario {
  readonly name: string;
  readonly args: readonly string[];
  /** Puts into `folder` what is there before: inputs, and what the command replaces. */
  readonly prepare: (folder: string, run: (...args: string[]) => Promise<void>) => unknown;
  /**
   * What the product reads in `folder`, as one text: that of the old or of the new at every moment. Null for what is
   * made in stages, which are kept one by one.
   */
  readonly read: ((folder: string) => string | Promise<string>) | null;
}

const root = resolve(import.meta.dirname, "../..");
const cases = join(root, "test/cases/import");
const checkpoint = join(root, "test/fixtures/published/pci");

/** A cell store, every file of which fits its hash. */
async function store(path: string): Promise<string> {
  if (!existsSync(join(path, "cells.json"))) return "absent";
  const { staged: _, sum: __, ...header } = readHeader(path) as unknown as Record<string, unknown>;
  const faults = (await verifyStore(path)).files.filter(({ fault }) => fault !== null);
  if (faults.length > 0) return `damaged: ${faults.map((f) => f.fault).join("; ")}`;
  (await CellStore.open(path)).close();
  return JSON.stringify(header);
}

/** A shard of cells, every file of which fits its hash. */
function shard(path: string): string {
  if (!existsSync(join(path, "shard.json"))) return "absent";
  const header = openSealed(readFileSync(join(path, "shard.json"))) as { hashes: object } | null;
  if (header === null) return "damaged: shard.json";
  for (const [name, hash] of Object.entries(header.hashes))
    if (sha256File(join(path, name)) !== hash) return `damaged: ${name}`;
  return JSON.stringify(header);
}

/** What is wrong with the files of a cell store of Zarr arrays. */
async function packed(path: string): Promise<string> {
  if (!existsSync(join(path, "cells.json"))) return "absent";
  return (await verifyStore(path)).files.map(({ fault }) => fault ?? "right").join();
}

function file(path: string): string {
  return existsSync(path) ? sha256File(path) : "absent";
}

/** Fields by their manifest, whatever their files are called. */
function fields(path: string): string {
  const manifest = join(path, "fields.csv");
  if (!existsSync(manifest)) return "absent";
  return sha256(
    [...readCsv(manifest)]
      .map(([name, values]) =>
        /^(?:File|Labels)_/.test(name) ? values.map((v) => sha256File(join(path, v))).join() : values.join(),
      )
      .join("\n"),
  );
}

function encoder(path: string): string {
  return existsSync(path) ? readEncoder(path).hash : "absent";
}

function composites(path: string): string {
  const record = readExport(path);
  if (record === null) return "absent";
  const names = [...record.composites, ...(record.masks ?? []), { file: "plan.parquet" }].map((f) => f.file);
  const contents = names.map((name) => JSON.stringify(tree(fileOf(path, record, name))));
  return sha256([record.plan, record.pixels, ...contents].join("\n"));
}

function cellsForStudy(folder: string): void {
  drawCells(join(folder, "cells"), { fields: 2, cellsPerClass: 12, size: 24 });
  writeEncoder(folder, { name: "tiny", size: 24 });
  writeStudy(join(folder, "study.json"), { encoders: ["tiny.json"], seed: 3 });
}

const simulated = ["--localizations", "nucleus", "--proteins", "1", "--cells", "3", "--fields", "1"];

const importFolder = ["import", "folder", join(cases, "manifest-mask-image/input"), "--manifest"].concat([
  ...["labels.csv", "--channels", "A,B", "--out", "cells"],
]);

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "import",
    args: ["import", "folder", join(cases, "manifest-mask-image/input"), "--manifest", "labels.csv"].concat([
      "--channels",
      "A,B",
      "--out",
      "cells",
    ]),
    prepare: () => {},
    read: (folder) => store(join(folder, "cells")),
  },
  {
    name: "import over a store",
    args: ["import", "folder", join(cases, "manifest-mask-image/input"), "--manifest", "labels.csv"].concat([
      "--channels",
      "A,B",
      "--out",
      "cells",
    ]),
    prepare: async (folder, run) => {
      await run("simulate", "--out", "cells", ...simulated);
      writeFileSync(join(folder, "cells", "notes.txt"), "mine");
    },
    read: (folder) => store(join(folder, "cells")),
  },
  {
    name: "copy --store zarr",
    args: ["copy", "cells", "packed", "--store", "zarr"],
    prepare: (folder) => drawCells(join(folder, "cells"), { cellsPerClass: 6 }),
    read: (folder) => packed(join(folder, "packed")),
  },
  {
    name: "segment",
    args: ["segment", "cells", "--workers", "2"],
    prepare: (folder) => drawCells(join(folder, "cells"), { masks: "none", cellsPerClass: 6 }),
    read: (folder) => store(join(folder, "cells")),
  },
  {
    name: "segment --neighbors",
    args: ["segment", "cells", "--neighbors", "--workers", "2"],
    prepare: (folder) => drawCells(join(folder, "cells"), { masks: "center", cellsPerClass: 6 }),
    read: (folder) => store(join(folder, "cells")),
  },
  {
    name: "import --shard",
    args: [...importFolder, "--shard", "1/2"],
    prepare: () => {},
    read: (folder) => shard(join(folder, "cells.shards/import/0001-of-0002")),
  },
  {
    name: "merge of an import",
    args: ["merge", "cells"],
    prepare: async (_, run) => {
      for (const i of ["1/2", "0/2"]) await run(...importFolder, "--shard", i);
    },
    read: (folder) => store(join(folder, "cells")),
  },
  {
    name: "segment --shard",
    args: ["segment", "cells", "--workers", "2", "--shard", "1/2"],
    prepare: (folder) => drawCells(join(folder, "cells"), { masks: "none", cellsPerClass: 6 }),
    read: (folder) => shard(join(folder, "cells.shards/segment/0001-of-0002")),
  },
  {
    name: "merge of a segmentation",
    args: ["merge", "cells"],
    prepare: async (folder, run) => {
      drawCells(join(folder, "cells"), { masks: "none", cellsPerClass: 6 });
      for (const i of ["1/2", "0/2"]) await run("segment", "cells", "--workers", "1", "--shard", i);
    },
    read: (folder) => store(join(folder, "cells")),
  },
  {
    name: "simulate",
    args: ["simulate", "--out", "cells", ...simulated],
    prepare: () => {},
    read: (folder) => store(join(folder, "cells")),
  },
  {
    name: "simulate --fields-out over fields",
    args: ["simulate", "--out", "cells", "--fields-out", "fields", ...simulated],
    prepare: async (folder, run) => {
      const other = ["--localizations", "vacuole", "--proteins", "2", "--cells", "2", "--fields", "1"];
      await run("simulate", "--out", "cells", "--fields-out", "fields", ...other);
      writeFileSync(join(folder, "fields", "notes.txt"), "mine");
    },
    read: (folder) => fields(join(folder, "fields")),
  },
  {
    name: "encoder import",
    args: ["encoder", "import", "pci", join(checkpoint, "model_weights.h5"), "--out", "encoders"],
    prepare: () => {},
    read: (folder) => encoder(join(folder, "encoders/pci.json")),
  },
  {
    name: "encoder import over an encoder",
    args: ["encoder", "import", "pci", join(checkpoint, "model_weights.h5"), "--out", "encoders"],
    prepare: (_, run) =>
      run(
        "encoder",
        "import",
        "pci",
        join(checkpoint, "model_weights.h5"),
        "--out",
        "encoders",
        "--pool",
        "mean",
      ),
    read: (folder) => encoder(join(folder, "encoders/pci.json")),
  },
  {
    name: "encoder init --force",
    args: ["encoder", "init", "tiny.onnx", "--channels", "GFP,RFP", "--force"],
    prepare: (folder) => writeEncoder(folder, { name: "tiny" }),
    read: (folder) => file(join(folder, "tiny.json")),
  },
  {
    name: "export encoder --force",
    args: [
      "export",
      "encoder",
      "--encoder",
      "tiny.json",
      "--remedy",
      "pool",
      "--out",
      "pool.json",
      "--force",
    ],
    prepare: async (folder, run) => {
      writeEncoder(folder, { name: "tiny" });
      writeEncoder(folder, { name: "other", seed: 2 });
      await run("export", "encoder", "--encoder", "other.json", "--remedy", "pool", "--out", "pool.json");
    },
    read: (folder) => encoder(join(folder, "pool.json")),
  },
  {
    name: "export composites",
    args: ["export", "composites", "study.json", "--out", "composites", "--workers", "2"],
    prepare: cellsForStudy,
    read: (folder) => composites(join(folder, "composites")),
  },
  {
    name: "export composites over zarr",
    args: ["export", "composites", "study.json", "--out", "composites", "--masks", "--workers", "2"],
    prepare: async (folder, run) => {
      cellsForStudy(folder);
      await run("export", "composites", "study.json", "--out", "composites", "--format", "zarr");
      writeFileSync(join(folder, "composites", "notes.txt"), "mine");
      writeStudy(join(folder, "study.json"), { encoders: ["tiny.json"], seed: 4 });
    },
    read: (folder) => composites(join(folder, "composites")),
  },
  {
    name: "features",
    args: ["features", "cells", "--encoder", "tiny.json", "--out", "features.parquet", "--workers", "2"],
    prepare: cellsForStudy,
    read: (folder) => file(join(folder, "features.parquet")),
  },
  {
    name: "features --remedy",
    args: ["features", "cells", "--encoder", "tiny.json", "--out", "free.parquet", "--workers", "2"].concat([
      "--remedy",
      "recompose-2",
    ]),
    prepare: cellsForStudy,
    read: (folder) => file(join(folder, "free.parquet")),
  },
  {
    name: "run",
    args: ["run", "study.json", "--out", "study", "--workers", "2"],
    prepare: cellsForStudy,
    read: null,
  },
  {
    name: "plan",
    args: ["plan", "study.json", "--shards", "3", "--out", "study", "--workers", "2"],
    prepare: cellsForStudy,
    read: null,
  },
  {
    name: "shard",
    args: ["shard", "study.json", "--shard", "1/2", "--out", "study", "--workers", "2"],
    prepare: async (folder, run) => {
      cellsForStudy(folder);
      await run("plan", "study.json", "--shards", "2", "--out", "study");
    },
    read: null,
  },
  {
    name: "shard of probes",
    args: ["shard", "study.json", "--shard", "0/1", "--stage", "probes", "--out", "study", "--workers", "2"],
    prepare: async (folder, run) => {
      cellsForStudy(folder);
      await run("plan", "study.json", "--shards", "1", "--out", "study");
      await run("shard", "study.json", "--shard", "0/1", "--out", "study");
    },
    read: null,
  },
  {
    name: "merge",
    args: ["merge", "study.json", "--out", "study", "--workers", "2"],
    prepare: async (folder, run) => {
      cellsForStudy(folder);
      await run("plan", "study.json", "--shards", "1", "--out", "study");
      await run("shard", "study.json", "--shard", "0/1", "--out", "study");
    },
    read: null,
  },
  {
    name: "run with segment",
    args: ["run", "study.json", "--out", "study", "--workers", "2"],
    prepare: (folder) => {
      drawCells(join(folder, "cells"), { fields: 2, cellsPerClass: 12, size: 24, masks: "none" });
      writeEncoder(folder, { name: "tiny", size: 24 });
      writeStudy(join(folder, "study.json"), {
        encoders: ["tiny.json"],
        segment: { channel: "RFP" },
        cellsPerClass: 6,
        settings: ["original", "masked"],
      });
    },
    read: null,
  },
  {
    name: "remedy",
    args: ["remedy", "study.json", "--out", "study", "--remedies", "masked", "recompose-2", "--workers", "2"],
    prepare: async (folder, run) => {
      drawCells(join(folder, "cells"), { classes: ["a", "b", "c"], cellsPerClass: 6, size: 24 });
      writeEncoder(folder, { name: "tiny", size: 24 });
      writeStudy(join(folder, "study.json"), { encoders: ["tiny.json"], learningCurve: false });
      await run("run", "study.json", "--out", "study");
    },
    read: null,
  },
  {
    name: "sensitivity",
    args: ["sensitivity", "study.json", "--out", "study", "--workers", "2"].concat([
      "--variants",
      "dilate-3",
      "keep",
    ]),
    prepare: async (folder, run) => {
      drawCells(join(folder, "cells"), { classes: ["a", "b", "c"], cellsPerClass: 6, size: 24 });
      writeEncoder(folder, { name: "tiny", size: 24 });
      writeStudy(join(folder, "study.json"), { encoders: ["tiny.json"], learningCurve: false });
      await run("run", "study.json", "--out", "study");
    },
    read: null,
  },
  {
    name: "run --force",
    args: ["run", "study.json", "--out", "study", "--force", "--workers", "2"],
    prepare: async (folder, run) => {
      cellsForStudy(folder);
      await run("run", "study.json", "--out", "study");
      writeFileSync(join(folder, "study", "notes.txt"), "mine");
      mkdirSync(join(folder, "study/results/mine"), { recursive: true });
      writeFileSync(join(folder, "study/results/mine/notes.txt"), "mine");
      writeStudy(join(folder, "study.json"), { encoders: ["tiny.json"], seed: 4 });
    },
    read: null,
  },
  {
    name: "export anndata",
    args: ["export", "anndata", "study.json", "--folder", "study", "--out", "study.h5ad"],
    prepare: async (folder, run) => {
      cellsForStudy(folder);
      await run("run", "study.json", "--out", "study");
      writeFileSync(join(folder, "study.h5ad"), "old");
    },
    read: (folder) => file(join(folder, "study.h5ad")),
  },
  {
    name: "table --out --figure",
    args: ["table", "study", "--format", "csv", "--out", "table.csv", "--figure", "figure.svg"],
    prepare: async (folder, run) => {
      cellsForStudy(folder);
      await run("run", "study.json", "--out", "study");
      writeFileSync(join(folder, "table.csv"), "old");
    },
    read: (folder) => file(join(folder, "table.csv")),
  },
  {
    name: "view --export",
    args: ["view", "study", "--export", "site", "--page", "page"],
    prepare: async (folder, run) => {
      cellsForStudy(folder);
      mkdirSync(join(folder, "page"));
      writeFileSync(join(folder, "page/index.html"), "<!doctype html><head></head>");
      await run("run", "study.json", "--out", "study");
    },
    read: (folder) =>
      existsSync(join(folder, "site")) ? JSON.stringify(tree(join(folder, "site"))) : "absent",
  },
  {
    name: "demo --quick",
    args: ["demo", "--quick", "--no-open", "--cells", "10", "--out", "demo", "--workers", "2"],
    prepare: () => {},
    read: null,
  },
];
