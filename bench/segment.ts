/**
 * Segmentation: milliseconds of the processor per cell, everything included but the contact sheet (reading, scales of fields,
 * masks, verdicts, keeping them), on one thread: crops of 64 px by themselves, of 128 px by themselves and from their
 * nuclei; simulated cells, and real yeast where it is. Beside it, as a yardstick, scikit-image's watershed: one threshold
 * and one split per crop, no search for the center cell, no neighbors, no verdicts.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type * as Pci from "../src/cells/formats/pci.ts";
import type * as Importer from "../src/cells/importer.ts";
import type * as Stores from "../src/cells/store.ts";
import type * as Choices from "../src/segment/choices.ts";
import type * as Rows from "../src/segment/rows.ts";
import type * as Simulated from "../src/simulate/write-cells.ts";
import { built, interleaved, option, peerPython, ratios, record, show, smoke, spread } from "./harness.ts";

const ROUNDS = Number(option("rounds", "5"));
const images = resolve(import.meta.dirname, "../../shared/data/yeast/images");

const { segmentRows } = await built<typeof Rows>("segment/rows");
const { segmentationOf } = await built<typeof Choices>("segment/choices");
const { CellStore } = await built<typeof Stores>("cells/store");
const { writeSimulatedCells } = await built<typeof Simulated>("simulate/write-cells");

interface Case {
  readonly name: string;
  readonly path: string;
  readonly choices: Choices.SegmentChoices;
}

/** Milliseconds of the processor per cell. */
async function ours({ path, choices }: Case, folder: string): Promise<number> {
  const store = await CellStore.open(path, [], { masks: false });
  const rows = Int32Array.from(store.cells.id.keys());
  const out = join(folder, "made");
  const before = process.cpuUsage();
  const segmentation = segmentationOf(store, choices);
  const made = await segmentRows(store, rows, segmentation, { folder: out, key: "bench", workers: 1 });
  const { user, system } = process.cpuUsage(before);
  made.close();
  store.close();
  rmSync(out, { recursive: true });
  return (user + system) / 1e3 / rows.length;
}

/** The same of scikit-image. */
async function theirs({ path, choices }: Case, python: string): Promise<number> {
  const store = await CellStore.open(path, [], { masks: false });
  const channel = segmentationOf(store, choices).channel;
  const crops = join(path, "crops.npy");
  const diameter = String(segmentationOf(store, choices).diameter);
  store.close();
  const script = join(import.meta.dirname, "peers/segment.py");
  const text = execFileSync(python, [script, crops, String(channel), diameter], { encoding: "utf8" });
  return Number(text);
}

async function simulate(path: string, organism: "yeast" | "human", cellsPerProtein: number): Promise<string> {
  await writeSimulatedCells(path, {
    organism,
    seed: 1,
    proteinsPerLocalization: 1,
    cellsPerProtein,
    fieldsPerProtein: smoke ? 1 : 2,
  });
  return path;
}

const folder = mkdtempSync(join(tmpdir(), "cellswap-bench-segment-"));
try {
  const yeast = await simulate(join(folder, "yeast"), "yeast", smoke ? 2 : 20);
  const human = await simulate(join(folder, "human"), "human", smoke ? 2 : 8);
  const cases: Case[] = [
    { name: "simulated yeast, 64 px", path: yeast, choices: { channel: "RFP" } },
    { name: "simulated human, 128 px", path: human, choices: { channel: "Microtubules" } },
    {
      name: "simulated human, 128 px, nuclei",
      path: human,
      choices: { channel: "Microtubules", nuclei: "DNA" },
    },
  ];
  if (!smoke && existsSync(images)) {
    const { pciSource } = await built<typeof Pci>("cells/formats/pci");
    const { importCells } = await built<typeof Importer>("cells/importer");
    const path = join(folder, "real");
    await importCells(await pciSource(images), path);
    cases.unshift({ name: "real yeast, 64 px", path, choices: { channel: "RFP" } });
  }
  const python = smoke ? null : peerPython("fields.txt");
  const result = [];
  for (const item of cases) {
    const rounds = await interleaved(
      {
        ours: () => ours(item, folder),
        ...(python === null ? {} : { skimage: () => theirs(item, python) }),
      },
      ROUNDS,
    );
    const peer =
      python === null
        ? {}
        : { skimage: spread(rounds.skimage), ratio: spread(ratios(rounds, "ours", "skimage")) };
    result.push({ name: item.name, ours: spread(rounds.ours), ...peer });
    const beside = python === null ? "" : `, scikit-image ${show(rounds.skimage, 2)}`;
    console.log(`${item.name}: ${show(rounds.ours, 2)} ms of the processor per cell${beside}`);
  }
  record("segment", result);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
