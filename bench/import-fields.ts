/**
 * Import of fields: fields per second and peak memory as the number of fields grows, all cells and a draw of them, against
 * tifffile, scikit-image and numpy. Fields of 2,160 x 2,160 px, five channels and a label image of 16 bit with some 400
 * cells; four drawn fields are listed over and over. One process a size.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mulberry32, namedSeed } from "../src/core/rng.ts";
import { encodeTiff } from "../src/files/tiff.ts";
import type * as Node from "../src/node.ts";
import { built, option, peerPython, record, smoke } from "./harness.ts";

const SIDE = smoke ? 200 : 2160;
const CROP = smoke ? 32 : 96;
const CHANNELS = ["DNA", "ER", "RNA", "AGP", "Mito"];
const DRAWN = 4;
/** Distance of cells, and their radius, px. */
const STEP = smoke ? 50 : 108;

/** Disks with a jitter on a grid, and noise. */
function drawField(folder: string, number: number): void {
  const random = mulberry32(namedSeed(1, "bench field", number));
  const labels = new Uint16Array(SIDE * SIDE);
  let label = 0;
  for (let row = STEP / 2; row < SIDE; row += STEP)
    for (let column = STEP / 2; column < SIDE; column += STEP) {
      label++;
      const radius = STEP * (0.25 + 0.15 * random());
      const [y0, x0] = [row + 0.2 * STEP * (random() - 0.5), column + 0.2 * STEP * (random() - 0.5)];
      for (let y = Math.max(0, Math.ceil(y0 - radius)); y < Math.min(SIDE, y0 + radius); y++)
        for (let x = Math.max(0, Math.ceil(x0 - radius)); x < Math.min(SIDE, x0 + radius); x++)
          if (Math.hypot(y - y0, x - x0) < radius) labels[y * SIDE + x] = label;
    }
  for (const channel of CHANNELS) {
    const pixels = Uint16Array.from(labels, (l) => 200 + 100 * random() + (l === 0 ? 0 : 800 + l));
    writeFileSync(join(folder, `${number}_${channel}.tif`), encodeTiff(pixels, SIDE, SIDE));
  }
  writeFileSync(join(folder, `${number}_labels.tif`), encodeTiff(labels, SIDE, SIDE));
}

function writeManifest(folder: string, fields: number): string {
  const rows = Array.from({ length: fields }, (_, i) => {
    const n = i % DRAWN;
    return [
      ...CHANNELS.map((c) => `${n}_${c}.tif`),
      `${n}_labels.tif`,
      `W${i}`,
      i % 2 === 0 ? "a" : "b",
    ].join();
  });
  const head = [...CHANNELS.map((c) => `File_${c}`), "Labels", "Well", "Localization"].join();
  const manifest = join(folder, `fields-${fields}.csv`);
  writeFileSync(manifest, `${[head, ...rows].join("\n")}\n`);
  return manifest;
}

interface Measured {
  readonly fields: number;
  readonly perField: number | null;
  readonly cells: number;
  readonly seconds: number;
  /** Of all threads, start of the process not included: less moved by what else the machine does. */
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

async function measure(manifest: string, fields: number, perField: number | undefined): Promise<Measured> {
  const { listFields, fieldsSource, importCells } = await built<typeof Node>("node");
  const folder = join(manifest, "..");
  const start = performance.now();
  const cpu = process.cpuUsage();
  const list = await listFields(folder, { manifest });
  const plan = await fieldsSource(list, { size: CROP, perField });
  const { cells } = await importCells(plan, join(folder, "cells"));
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    fields,
    perField: perField ?? null,
    cells,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    peakMiB: process.resourceUsage().maxRSS / 1024,
  };
}

const only = option("only", "");
if (only !== "") {
  const perField = option("per-field", "");
  const found = await measure(
    only,
    Number(option("fields", "1")),
    perField === "" ? undefined : Number(perField),
  );
  console.log(JSON.stringify(found));
} else {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-bench-fields-"));
  try {
    for (let n = 0; n < DRAWN; n++) drawField(folder, n);
    const run = (fields: number, perField?: number): Measured => {
      const more = perField === undefined ? [] : ["--per-field", String(perField)];
      const text = execFileSync(
        process.execPath,
        [
          ...["--import", "tsx", import.meta.filename, ...(smoke ? ["--smoke"] : [])],
          ...["--only", writeManifest(folder, fields), "--fields", String(fields), ...more],
        ],
        { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
      );
      const found = JSON.parse(text) as Measured;
      console.log(
        found,
        `${(fields / found.seconds).toFixed(2)} fields/s, ${(found.cpuSeconds / fields).toFixed(2)} s of processor a field`,
      );
      return found;
    };
    const sizes = smoke ? [2, 4] : option("sizes", "4,12,36").split(",").map(Number);
    const all = sizes.map((fields) => run(fields));
    const drawn = sizes.map((fields) => run(fields, smoke ? 2 : 20));
    const peers: { seconds: number; cpuSeconds: number; cells: number }[] = [];
    if (!smoke && option("peer", "yes") === "yes") {
      const out = join(folder, "peer");
      mkdirSync(out);
      const script = join(import.meta.dirname, "peers/fields.py");
      const manifest = writeManifest(folder, sizes[1]);
      for (let round = 0; round < 2; round++) {
        const text = execFileSync(peerPython("fields.txt"), [script, manifest, String(CROP), out], {
          encoding: "utf8",
        });
        const [seconds, cpuSeconds, cells] = text.split(" ").map(Number);
        console.log(
          `numpy: ${(sizes[1] / seconds).toFixed(2)} fields/s, ${(cpuSeconds / sizes[1]).toFixed(2)} s of processor a field, ${cells} cells`,
        );
        peers.push({ seconds, cpuSeconds, cells });
      }
    }
    const bytes = CHANNELS.length * statSync(join(folder, "0_DNA.tif")).size;
    record("import-fields", { side: SIDE, crop: CROP, fieldMiB: bytes / 2 ** 20, all, drawn, peers });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
