import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CellStore, readHeader } from "../../src/cells/store.ts";
import { mulberry32, normal } from "../../src/core/rng.ts";
import { quantile } from "../../src/core/statistics.ts";
import { NpyReader } from "../../src/files/npy.ts";
import { fieldScale } from "../../src/segment/field.ts";
import { SeededSegmenter, seededScales } from "../../src/segment/seeded.ts";
import { segmentStore } from "../../src/segment/segment-store.ts";
import { writeSimulatedCells } from "../../src/simulate/write-cells.ts";

const SIZE = 96;
const DIAMETER = 40;

/** A drawn cell: a square of light that fades to its border, and a round nucleus. */
interface Drawn {
  readonly box: readonly [top: number, left: number, bottom: number, right: number];
  readonly nucleus: readonly [y: number, x: number];
}

/**
 * Draws cells that share their borders, noisy: a third of the light at the border, or twice as much of it there as inside
 * (`rims`).
 */
function draw(cells: readonly Drawn[], seed: number, rims = false) {
  const random = mulberry32(seed);
  const nuclei = new Float32Array(SIZE * SIZE);
  const light = new Float32Array(SIZE * SIZE);
  const labels = new Uint8Array(SIZE * SIZE);
  for (let y = 0, i = 0; y < SIZE; y++)
    for (let x = 0; x < SIZE; x++, i++) {
      cells.forEach(({ box: [top, left, bottom, right], nucleus }, k) => {
        if (y < top || x < left || y > bottom || x > right) return;
        const inwards = Math.min(y - top, x - left, bottom - y, right - x);
        labels[i] = k + 1;
        light[i] = rims ? (inwards < 2 ? 90 : 45) : 30 + 60 * Math.min(1, inwards / 8);
        if (Math.hypot(y - nucleus[0], x - nucleus[1]) <= 8) nuclei[i] = 100;
      });
      nuclei[i] += 10 + 3 * normal(random);
      light[i] += 10 + 3 * normal(random);
    }
  return { nuclei, cells: light, labels };
}

function segment(drawn: ReturnType<typeof draw>) {
  const options = seededScales(DIAMETER);
  const scale = (kind: "nuclei" | "cells") =>
    fieldScale(1, SIZE, SIZE, options[kind], (_, out) => out.set(drawn[kind]));
  const mask = new Uint8Array(SIZE * SIZE);
  const judged = new SeededSegmenter(SIZE, SIZE, DIAMETER).segment(
    drawn,
    { nuclei: scale("nuclei"), cells: scale("cells") },
    mask,
  );
  return { ...judged, mask };
}

const overlap = (mask: Uint8Array, truth: (i: number) => boolean, label: number) => {
  let both = 0;
  let either = 0;
  mask.forEach((v, i) => {
    both += Number(v === label && truth(i));
    either += Number(v === label || truth(i));
  });
  return both / either;
};

const middle: Drawn = { box: [26, 26, 68, 62], nucleus: [48, 44] };
const right: Drawn = { box: [20, 63, 70, 95], nucleus: [44, 80] };
const above: Drawn = { box: [0, 30, 25, 62], nucleus: [10, 46] };

test("cells that touch part at the dim seam, not halfway between their nuclei", () => {
  // The nucleus of the right cell lies close to the seam.
  const drawn = draw([middle, { ...right, nucleus: [44, 73] }, above], 1);
  const { mask, verdict } = segment(drawn);
  expect(verdict).toBe("ok");
  expect(overlap(mask, (i) => drawn.labels[i] === 1, 1)).toBeGreaterThan(0.93);
  expect(overlap(mask, (i) => drawn.labels[i] > 1, 2)).toBeGreaterThan(0.9);
});

test("cells that touch part at a bright seam as well", () => {
  // Halfway between the nuclei a fifth of the cell would be lost.
  const drawn = draw([{ ...middle, nucleus: [48, 36] }, { ...right, nucleus: [46, 73] }, above], 6, true);
  const { mask, verdict } = segment(drawn);
  expect(verdict).toBe("ok");
  expect(overlap(mask, (i) => drawn.labels[i] === 1, 1)).toBeGreaterThan(0.88);
});

test("of several nuclei the one nearest to the middle is the center's; touching nuclei are parted", () => {
  const left: Drawn = { box: [26, 4, 68, 46], nucleus: [47, 39] };
  const other: Drawn = { box: [26, 47, 68, 90], nucleus: [47, 54] };
  const drawn = draw([left, other], 2);
  const { mask } = segment(drawn);
  expect(overlap(mask, (i) => drawn.labels[i] === 2, 1)).toBeGreaterThan(0.9);
  expect(overlap(mask, (i) => drawn.labels[i] === 1, 2)).toBeGreaterThan(0.9);
});

test("cells that are not convex are no reason, the crop's border is", () => {
  const bent = draw([{ box: [0, 40, 95, 54], nucleus: [47, 47] }], 3);
  expect(segment(bent).verdict).toBe("border");
  const drawn = draw([middle], 4);
  // A notch to the nucleus' edge.
  for (let y = 56; y < SIZE; y++) for (let x = 36; x < 52; x++) drawn.cells[y * SIZE + x] = 10;
  const { verdict, measures } = segment(drawn);
  expect(measures.Quality_Solidity).toBeLessThan(0.9);
  expect(verdict).toBe("ok");
});

test("without a nucleus there is no center cell, without any light nothing", () => {
  const drawn = draw([middle, right], 5);
  const blank = Float32Array.from(drawn.nuclei, () => 10);
  expect(segment({ ...drawn, nuclei: blank }).verdict).toBe("no-center");
  expect(segment({ ...drawn, nuclei: blank, cells: blank }).verdict).toBe("empty");
});

describe("simulated human cells, whose masks are known", () => {
  const base = mkdtempSync(join(tmpdir(), "cellswap-seeded-"));
  const path = join(base, "cells");
  const known = join(base, "truth.npy");
  beforeAll(async () => {
    await writeSimulatedCells(path, {
      organism: "human",
      seed: 11,
      localizations: ["Nucleoplasm", "Mitochondria", "Cytosol", "Golgi apparatus"],
      proteinsPerLocalization: 1,
      cellsPerProtein: 18,
      fieldsPerProtein: 2,
    });
    copyFileSync(join(path, "masks.npy"), known);
  });
  afterAll(() => rmSync(base, { recursive: true, force: true }));

  test("the center is found in 95 % of the crops, and its median IoU is at least 0.85", async () => {
    const summary = await segmentStore(path, {
      nuclei: "dna",
      channel: "Microtubules",
      force: true,
      workers: 1,
    });
    expect(summary).toMatchObject({
      cells: 72,
      channel: "Microtubules",
      diameter: readHeader(path).diameter,
    });
    const { count, height, width } = readHeader(path);
    const pixels = height * width;
    const truth = new NpyReader(known);
    const store = await CellStore.open(path);
    const [a, b] = [new Uint8Array(pixels), new Uint8Array(pixels)];
    const centers: number[] = [];
    const others: number[] = [];
    for (let cell = 0; cell < count; cell++) {
      truth.read(cell, 1, a);
      store.readMask(cell, b);
      centers.push(overlap(b, (i) => a[i] === 1, 1));
      others.push(overlap(b, (i) => a[i] === 2, 2));
    }
    truth.close();
    store.close();
    expect(centers.filter((iou) => iou > 0.5).length / count).toBeGreaterThanOrEqual(0.95);
    expect(quantile(centers, 0.5)).toBeGreaterThanOrEqual(0.85);
    expect(quantile(centers, 0.05)).toBeGreaterThan(0.6);
    expect(quantile(others, 0.5)).toBeGreaterThan(0.85);
    expect(store.header.maskSource).toBe(
      `cellswap segment, recipe 1: nuclei DNA, channel Microtubules, diameter ${summary.diameter} px`,
    );
    const bytes = readFileSync(join(path, "masks.npy"));
    await segmentStore(path, { nuclei: "DNA", channel: "Microtubules", workers: 2 });
    expect(readFileSync(join(path, "masks.npy")).equals(bytes), "on two threads").toBe(true);
  });

  test.each([
    [{ nuclei: "DNA", channel: "DNA" }, /--nuclei and --channel are both DNA; name as --channel one that/],
    [{ nuclei: "DNA", channel: "ER", neighbors: true }, /leave out --nuclei or --neighbors/],
    [{ nuclei: "Hoechst", channel: "ER" }, /has no channel Hoechst; its channels are DNA, /],
  ])("%o is refused", async (options, message) => {
    await expect(segmentStore(path, { ...options, force: true })).rejects.toThrow(message);
  });
});
