import { cpSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { memoryCrops } from "../../src/cells/memory.ts";
import { CellStore } from "../../src/cells/store.ts";
import { mulberry32 } from "../../src/core/rng.ts";
import { NpyReader, NpyWriter } from "../../src/files/npy.ts";
import { squaredDistance } from "../../src/image/distance.ts";
import { SETTINGS } from "../../src/settings.ts";
import { Compositor } from "../../src/swap/composite.ts";
import { groupOf, measureScales } from "../../src/swap/intensity.ts";
import { alphaScratch, softAlpha } from "../../src/swap/paste.ts";
import { runsOf } from "../../src/swap/runs.ts";
import { CENTER, NEIGHBOR } from "../../src/types.ts";
import {
  ask,
  askAll,
  at,
  CLASSES,
  COUNT,
  cells,
  drawStore,
  PIXELS,
  python,
  readAll,
  SIZE,
} from "./python.ts";

beforeAll(drawStore);

async function openStore(): Promise<CellStore> {
  const store = await CellStore.open(at("cells"));
  store.close();
  return store;
}

function readMasks(): Uint8Array {
  const reader = new NpyReader(at("cells/masks.npy"));
  const masks = new Uint8Array(COUNT * PIXELS);
  reader.read(0, COUNT, masks);
  reader.close();
  return masks;
}

/** Writes the store `lit`: `cells` with some pixels beside its cells far above and below all others. Gives its crops. */
function litUp(): Float32Array {
  cpSync(at("cells"), at("lit"), { recursive: true });
  const { values } = readAll("cells/crops.npy");
  const masks = readMasks();
  const random = mulberry32(3);
  for (let i = 0; i < values.length; i++) {
    const p = Math.floor(i / (2 * PIXELS)) * PIXELS + (i % PIXELS);
    if (masks[p] === 0 && random() < 0.03) values[i] = random() < 0.5 ? 1e4 : -1e4;
  }
  const writer = new NpyWriter(at("lit/crops.npy"), "float32", [2, SIZE, SIZE]);
  writer.append(values);
  writer.close();
  return values;
}

describe.skipIf(python === undefined)("the pixels of SwapDataset (needs python3 with torch)", () => {
  test("gives the composites of this program, but for the pixels that it fills at random", async () => {
    const { channels, cells: known } = await openStore();
    const source = memoryCrops({ channels, height: SIZE, width: SIZE }, litUp(), readMasks());
    const pairs: [number, number][] = [];
    for (let cell = 0; cell < COUNT; cell += 2) pairs.push([cell, (cell * 7 + 13) % COUNT]);
    const different = pairs.filter(([a, b]) => known.field[a] !== known.field[b]);
    ask("composites", { ...cells, store: "lit", pairs: different, out: "composites.npy" });
    const { values: theirs } = readAll("composites.npy");

    // The lengths of Python's composites are those of cells of 32 px, and these have 16.
    const options = {
      edge: "soft",
      sigma: 0.5,
      donorCenter: "keep",
      halo: 1.5,
      intensity: "field",
      clip: [-1, 6],
      seed: 1,
    } as const;
    const scales = measureScales(source, options, groupOf(known, "field"));
    const compositor = new Compositor(source, scales, options);
    const plan = {
      classes: CLASSES,
      seed: 1,
      count: different.length,
      cell: Int32Array.from(different, ([cell]) => cell),
      donor: Int32Array.from(different, ([, donor]) => donor),
      runs: runsOf(
        new Uint8Array(different.length).fill(SETTINGS.indexOf("different")),
        new Int16Array(different.length),
      ),
    };
    const ours = new Float32Array(2 * PIXELS);
    const original = new Float32Array(2 * PIXELS);
    const [mask, donorMask] = [new Uint8Array(PIXELS), new Uint8Array(PIXELS)];
    const [weight, scratch] = [new Float64Array(PIXELS), alphaScratch(PIXELS)];
    const toCenter = new Int32Array(PIXELS);
    const largest = { kept: 0, core: 0, unlike: 0 };
    const counts = { kept: 0, core: 0, clipped: 0 };
    different.forEach(([cell, donor], row) => {
      compositor.compose(plan, row, ours);
      counts.clipped += compositor.countClipped(plan, row);
      source.readCrop(cell, original);
      source.readMask(cell, mask);
      source.readMask(donor, donorMask);
      softAlpha({ mask, height: SIZE, width: SIZE, sigma: options.sigma }, weight, scratch);
      squaredDistance(donorMask, SIZE, SIZE, toCenter, CENTER);
      for (let i = 0; i < 2 * PIXELS; i++) {
        const p = i % PIXELS;
        const theirsHere = theirs[row * 2 * PIXELS + i];
        const removed = toCenter[p] <= options.halo ** 2 && donorMask[p] !== NEIGHBOR;
        const note = (what: "kept" | "core", error: number) => {
          counts[what]++;
          largest[what] = Math.max(largest[what], Math.abs(error));
        };
        if (weight[p] > 1 - 1e-9) note("core", theirsHere - original[i]);
        if (!removed) note("kept", theirsHere - ours[i]);
        if (weight[p] === 0) largest.unlike = Math.max(largest.unlike, Math.abs(theirsHere - original[i]));
      }
    });
    for (const n of Object.values(counts)) expect(n).toBeGreaterThan(100);
    // Backgrounds are below 4096: a rounding of float32 is 2.5e-4 at most, and Python scales by levels in float32.
    expect(largest.kept).toBeLessThan(1e-3);
    expect(largest.core).toBeLessThan(2e-4);
    // The backgrounds are others' indeed.
    expect(largest.unlike).toBeGreaterThan(100);
  });

  test("fills the donor's center and halo, and nothing else, with cell-free pixels of the donor", () => {
    const known = ask("fill", { crop: "cells/crops.npy", mask: "cells/masks.npy", out: "filled.npy" });
    expect(known).toEqual(Array(COUNT).fill(true));
    const { values } = readAll("filled.npy");
    const { values: crops } = readAll("cells/crops.npy");
    const masks = new NpyReader(at("cells/masks.npy"));
    const mask = new Uint8Array(PIXELS);
    const toCenter = new Int32Array(PIXELS);
    for (let row = 0; row < COUNT; row++) {
      masks.read(row, 1, mask);
      squaredDistance(mask, SIZE, SIZE, toCenter, CENTER);
      for (let p = 0; p < PIXELS; p++) {
        const i = row * 2 * PIXELS + p;
        if (toCenter[p] > 1.5 ** 2 || mask[p] === NEIGHBOR) expect(values[i]).toBe(crops[i]);
        else if (mask[p] === CENTER) expect(values[i]).toBeLessThan(Math.min(150, crops[i]));
      }
    }
    masks.close();
  });

  test("weighs cells and measures distances as this program does", () => {
    const most = 6;
    const units = [0.5, 1, 1.7];
    askAll(units.map((unit) => ["kernels", { mask: "cells/masks.npy", most, unit, out: `kernels${unit}` }]));
    for (const unit of units) holdKernels(unit, most);
  });

  function holdKernels(unit: number, most: number): void {
    const { values: weights } = readAll(`kernels${unit}-alpha.npy`);
    const { values: distances } = readAll(`kernels${unit}-squared.npy`);
    const masks = new NpyReader(at("cells/masks.npy"));
    const mask = new Uint8Array(PIXELS);
    const [weight, scratch] = [new Float64Array(PIXELS), alphaScratch(PIXELS)];
    const squared = new Int32Array(PIXELS);
    let largest = 0;
    for (let row = 0; row < COUNT; row++) {
      masks.read(row, 1, mask);
      softAlpha({ mask, height: SIZE, width: SIZE, sigma: unit }, weight, scratch);
      squaredDistance(mask, SIZE, SIZE, squared, CENTER);
      for (let p = 0; p < PIXELS; p++) {
        largest = Math.max(largest, Math.abs(weights[row * PIXELS + p] - weight[p]));
        const theirs = distances[row * PIXELS + p];
        if (squared[p] <= most * most) expect(theirs).toBe(squared[p]);
        else expect(theirs).toBeGreaterThan(most * most);
      }
    }
    masks.close();
    expect(largest).toBeLessThan(3e-7);
  }
});
