/**
 * Import of scPortrait's crops (5 planes of 128 x 128 px, half floats packed by LZF, as scPortrait writes them): cells
 * per second of the processor and peak memory at two sizes, and what h5py takes to read the same file. One process each.
 * `--cells SMALL,LARGE`; `--python`: one that has h5py. `--smoke` takes the fixture.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { built, interleaved, option, peerPython, ratios, record, show, smoke, spread } from "./harness.ts";

const root = resolve(import.meta.dirname, "..");

/** Imports a file in a process of its own; says how long it took and how much memory. */
const CHILD = `
const [entry, file, out] = process.argv.slice(1);
const { h5scSource, importCells } = await import(entry);
const { cells } = await importCells(await h5scSource(file), out);
const { user, system } = process.cpuUsage();
const seconds = (user + system) / 1e6;
console.log(JSON.stringify({ cells, seconds, peakMiB: process.resourceUsage().maxRSS / 1024 }));
`;

await built("node");
await bench();

async function bench(): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), "cellswap-bench-"));
  const python = smoke ? "" : option("python", "") || peerPython("crops.txt");
  const script = join(root, "bench/peers/crops.py");
  const sizes = smoke ? [5] : option("cells", "1000,8000").split(",").map(Number);
  const results: Record<string, unknown>[] = [];
  for (const cells of sizes) {
    const file = smoke
      ? join(root, "test/fixtures/cells/stored/h5sc/single_cells.h5sc")
      : join(place, `${cells}.h5sc`);
    if (!smoke) execFileSync(python, [script, "write", file, String(cells)]);
    const peaks: number[] = [];
    const importIt = () => {
      const dist = join(root, "dist/node.js");
      const way = existsSync(dist) ? [dist] : ["--import", "tsx", join(root, "src/node.ts")];
      const entry = pathToFileURL(way.at(-1) as string).href;
      const args = [
        ...way.slice(0, -1),
        "--input-type=module",
        "-e",
        CHILD,
        entry,
        file,
        join(place, "cells"),
      ];
      const answer = execFileSync(process.execPath, args, { encoding: "utf8" });
      const found = JSON.parse(answer) as { cells: number; seconds: number; peakMiB: number };
      if (found.cells !== cells) throw new Error(`${found.cells} of ${cells} cells were imported`);
      peaks.push(found.peakMiB);
      return found.seconds;
    };
    const read = () =>
      Number(execFileSync(python, [script, "read", file], { encoding: "utf8" }).split(" ")[0]);
    const rounds = await interleaved(smoke ? { cellswap: importIt } : { cellswap: importIt, h5py: read }, 3);
    const rates = rounds.cellswap.map((s) => cells / s);
    const peak = Math.max(...peaks);
    const megabytes = statSync(file).size / 1e6;
    const peer = smoke
      ? ""
      : `; importing takes ${show(ratios(rounds, "cellswap", "h5py"))} times what h5py takes to read them`;
    console.log(
      `${cells} cells (${megabytes.toFixed(1)} MB): ${show(rates, 0)} cells per second of the processor, at most ${peak.toFixed(0)} MiB${peer}`,
    );
    results.push({
      cells,
      megabytes,
      cellsPerProcessorSecond: spread(rates),
      peakMiB: peak,
      ...(smoke
        ? {}
        : { h5pySeconds: spread(rounds.h5py), timesH5py: spread(ratios(rounds, "cellswap", "h5py")) }),
    });
  }
  rmSync(place, { recursive: true });
  record("crops", results);
}
