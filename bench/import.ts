/**
 * Import of single-cell crops in the formats of this field: cells per second of the processor and peak memory, against a
 * script that reads the same crops with tifffile, Pillow, h5py or NumPy and writes them again. One process each, start of
 * the process not counted. `--cells N` (2,000); `--formats pci,h5sc`; `--python`: one that has the packages. `--smoke` takes
 * a fixture and no peer.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { built, interleaved, option, peerPython, ratios, record, show, smoke, spread } from "./harness.ts";

const root = resolve(import.meta.dirname, "..");

/** What is imported, and how the source is made of `folder` with the functions of `node`. */
const FORMATS: Readonly<Record<string, readonly [about: string, source: string]>> = {
  folder: [
    "64 px, 2 channels, mask: TIFF files of uint16",
    "folderSource(folder, { manifest: 'cells.csv' })",
  ],
  packed: ["the same, packed by deflate", "folderSource(folder, { manifest: 'cells.csv' })"],
  pci: ["64 px, 2 channels: TIFF files of uint16", "pciSource(folder)"],
  npy: [
    "64 px, 2 channels, mask: NumPy arrays of uint16",
    "npySource(folder + '/crops.npy', { manifest: folder + '/cells.csv', maskFile: folder + '/masks.npy', channels: ['a', 'b'] })",
  ],
  deeploc: ["64 px, 2 channels: HDF5 of float32", "deeplocSource(folder + '/cells.h5')"],
  strips: [
    "96 px, 3 channels, mask side by side: PNG of 8 bits",
    "stripsSource(folder, { channels: ['a', 'b', 'c'] })",
  ],
  h5sc: ["128 px, 3 channels, 2 masks: HDF5 of float16, packed by LZF", "h5scSource(folder + '/cells.h5sc')"],
};

const child = (source: string) => `
const [entry, folder, out] = process.argv.slice(1);
const { importCells, ${source.slice(0, source.indexOf("("))} } = await import(entry);
const before = process.cpuUsage();
const { cells } = await importCells(await ${source}, out, { choices: {} });
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ cells, seconds: (user + system) / 1e6, peakMiB: process.resourceUsage().maxRSS / 1024 }));
`;

await built("node");
const place = mkdtempSync(join(tmpdir(), "cellswap-bench-import-"));
const dist = join(root, "dist/node.js");
const entry = existsSync(dist) ? dist : join(root, "src/node.ts");
const way = existsSync(dist) ? [] : ["--import", "tsx"];
try {
  const cells = smoke ? 5 : Number(option("cells", "2000"));
  const python = smoke ? "" : option("python", "") || peerPython("import.txt");
  const script = join(root, "bench/peers/import.py");
  const results: Record<string, unknown>[] = [];
  for (const format of smoke ? ["h5sc"] : option("formats", Object.keys(FORMATS).join()).split(",")) {
    const [about, source] = FORMATS[format];
    const folder = smoke ? join(root, "test/fixtures/cells/stored/h5sc") : join(place, format);
    const from = smoke ? source.replace("cells.h5sc", "single_cells.h5sc") : source;
    if (!smoke) execFileSync(python, [script, "write", format, folder, String(cells)]);
    const peaks: number[] = [];
    const ours = () => {
      const args = [...way, "--input-type=module", "-e", child(from), pathToFileURL(entry).href, folder];
      const answer = execFileSync(process.execPath, [...args, join(place, "cells")], { encoding: "utf8" });
      const found = JSON.parse(answer) as { cells: number; seconds: number; peakMiB: number };
      if (found.cells !== cells) throw new Error(`${found.cells} of ${cells} cells were imported`);
      peaks.push(found.peakMiB);
      return found.seconds;
    };
    const peer = () =>
      Number(execFileSync(python, [script, "read", format, folder, String(cells)], { encoding: "utf8" }));
    const rounds = await interleaved(smoke ? { ours } : { ours, peer }, Number(option("rounds", "5")));
    const rates = (of: string) => rounds[of].map((seconds) => cells / seconds);
    const against = smoke ? "" : `, Python ${show(rates("peer"), 0)}`;
    const peak = Math.max(...peaks);
    console.log(
      `${format}: ${show(rates("ours"), 0)} cells per second of the processor${against}, ${peak.toFixed(0)} MiB`,
    );
    results.push({
      format,
      about,
      cells,
      cellsPerProcessorSecond: spread(rates("ours")),
      peakMiB: peak,
      ...(smoke
        ? {}
        : {
            peerCellsPerProcessorSecond: spread(rates("peer")),
            timesPeer: spread(ratios(rounds, "ours", "peer")),
          }),
    });
    if (!smoke) rmSync(folder, { recursive: true });
  }
  record("import", results);
} finally {
  rmSync(place, { recursive: true });
}
