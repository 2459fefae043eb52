/**
 * Training crops in Python: what a swapped crop of recipes/swap_dataset.py takes, against reading the crop alone and
 * against the training step of a small network, in processor time. Needs python3 with torch (or PYTHON).
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readParquet } from "../src/files/table.ts";
import { writeSimulatedCells } from "../src/simulate/write-cells.ts";
import { option, type Rounds, ratios, record, show, smoke, spread } from "./harness.ts";

const python = [process.env.PYTHON ?? "python3", "/usr/bin/python3"].find(
  (p) => spawnSync(p, ["-c", "import torch, numpy"]).status === 0,
);

async function measure(organism: "yeast" | "human", crops: number, rounds: number) {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-bench-"));
  try {
    const store = join(folder, "cells");
    await writeSimulatedCells(store, {
      organism,
      seed: 2,
      proteinsPerLocalization: 1,
      cellsPerProtein: smoke ? 2 : 20,
      fieldsPerProtein: 2,
    });
    const { columns } = await readParquet(join(store, "metadata.parquet"));
    const names = Object.fromEntries(
      [...columns].map(([name, values]) => [name, Array.from(values as ArrayLike<unknown>)]),
    );
    writeFileSync(join(folder, "columns.json"), JSON.stringify(names));
    const script = resolve(import.meta.dirname, "swap-dataset.py");
    const args = [script, store, join(folder, "columns.json"), String(crops), String(rounds)];
    const { status, stdout, stderr } = spawnSync(python!, args, {
      encoding: "utf8",
      env: { ...process.env, OMP_NUM_THREADS: "1" },
    });
    if (status !== 0) throw new Error(stderr);
    const found = JSON.parse(stdout) as Record<string, number>[];
    const times: Rounds = Object.fromEntries(
      ["read", "swapped", "step"].map((name) => [name, found.map((round) => round[name])]),
    );
    console.log(`${organism}, ${rounds} rounds of ${crops} crops, microseconds of the processor per crop:`);
    for (const [name, values] of Object.entries(times)) console.log(`  ${name}: ${show(values)}`);
    const ofRead = ratios(times, "swapped", "read");
    const ofStep = ratios(times, "swapped", "step");
    console.log(`  swapped / read: ${show(ofRead)}; swapped / step: ${show(ofStep, 2)}`);
    const perCrop = Object.fromEntries(Object.entries(times).map(([name, v]) => [name, spread(v)]));
    return { crops, microseconds: perCrop, swappedOfRead: spread(ofRead), swappedOfStep: spread(ofStep) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (python === undefined) console.log("skipped: no python3 with torch is there");
else {
  const crops = smoke ? 64 : 640;
  const rounds = smoke ? 1 : Number(option("rounds", "15"));
  const yeast = await measure("yeast", crops, rounds);
  record("swap-dataset", smoke ? {} : { yeast, human: await measure("human", crops, rounds) });
}
