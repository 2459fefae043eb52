import { expect, test } from "vitest";
import { mulberry32 } from "../../src/core/rng.ts";
import { EncoderDescription } from "../../src/encode/description.ts";
import { makePooling } from "../../src/encode/pool.ts";
import { makePreprocessor } from "../../src/encode/preprocess.ts";

const SIZE = 12;
const shape = { channels: ["GFP"], height: SIZE, width: SIZE };

function prepare(preprocess: unknown[], height: number, width: number) {
  return makePreprocessor(
    EncoderDescription.parse({
      format: "cellswap-encoder",
      version: 1,
      name: "drawn",
      model: "drawn.onnx",
      input: { name: "x", channels: ["GFP"], height, width },
      preprocess,
      outputs: [{ output: "y" }],
    }),
    shape,
  );
}

/** Label mask with a block of the center cell and one of a neighbor. */
function blocks(top: number, left: number, height: number, width: number): Uint8Array {
  const mask = new Uint8Array(SIZE * SIZE);
  for (let y = 0; y < SIZE; y++)
    for (let x = 0; x < SIZE; x++) {
      if (y < 2 && x > 8) mask[y * SIZE + x] = 2;
      if (y >= top && y < top + height && x >= left && x < left + width) mask[y * SIZE + x] = 1;
    }
  return mask;
}

function planes(preprocess: unknown[], height: number, width: number, mask: Uint8Array): Float32Array[] {
  const { views, mask: run } = prepare(preprocess, height, width);
  const out = new Float32Array(views * height * width).fill(Number.NaN);
  run(mask, out, 0);
  return Array.from({ length: views }, (_, v) => out.subarray(v * height * width, (v + 1) * height * width));
}

test("without geometry the plane is the center cell, neighbors are not of it", () => {
  const mask = blocks(3, 4, 5, 6);
  const [plane] = planes([{ step: "minmax" }, { step: "scale", factor: -3, offset: 9 }], SIZE, SIZE, mask);
  expect(Array.from(plane)).toEqual(Array.from(mask, (label) => (label === 1 ? 1 : 0)));
});

test("the mask goes where the image goes: a picture of the mask comes out as the mask's plane", () => {
  const random = mulberry32(3);
  const geometry: [unknown[], number, number][] = [
    [[{ step: "crop", height: 7, width: 8 }], 7, 8],
    [[{ step: "crop", height: 8, width: 8, at: "five" }], 8, 8],
    [[{ step: "pad", height: 17, width: 14, with: "zero" }], 17, 14],
    [[{ step: "resize", height: 9, width: 20 }], 9, 20],
    [
      [
        { step: "crop", height: 10, width: 9 },
        { step: "resize", height: 24, width: 18 },
        { step: "pad", height: 25, width: 30, with: "zero" },
      ],
      25,
      30,
    ],
    [
      [
        { step: "resize", height: 16, width: 16 },
        { step: "crop", height: 9, width: 9, at: "five" },
      ],
      9,
      9,
    ],
  ];
  for (const [steps, height, width] of geometry) {
    const mask = Uint8Array.from({ length: SIZE * SIZE }, () => Math.floor(3 * random()));
    const { run, size, views } = prepare(steps, height, width);
    const image = new Float32Array(views * size);
    run(
      Float32Array.from(mask, (label) => (label === 1 ? 1 : 0)),
      image,
      0,
    );
    const made = planes(steps, height, width, mask);
    expect(made).toHaveLength(views);
    expect(Array.from({ length: views * size }, (_, i) => made[Math.floor(i / size)][i % size])).toEqual(
      Array.from(image),
    );
  }
});

test("pixels that pad repeats from the edge are not of the cell", () => {
  const [plane] = planes([{ step: "pad", height: 16, width: 16, with: "edge" }], 16, 16, blocks(0, 0, 4, 4));
  for (let y = 0; y < 16; y++)
    for (let x = 0; x < 16; x++) expect(plane[y * 16 + x]).toBe(y >= 2 && y < 6 && x >= 2 && x < 6 ? 1 : 0);
});

test("center-mean takes the map's pixels under the cell after a crop, not where the cell was before it", () => {
  // The cell is a 2 x 2 block at (8, 8); the middle 8 x 8 px start at (2, 2), so it lies at (6, 6) to (7, 7) of them:
  // the last pixel of a 4 x 4 map. Over the whole crop it would lie at pixel (2, 2) of the map.
  const [plane] = planes([{ step: "crop", height: 8, width: 8 }], 8, 8, blocks(8, 8, 2, 2));
  const map = Float32Array.from({ length: 2 * 16 }, (_, i) => i);
  const pooling = makePooling({ output: "y", layout: "NCHW", pool: "center-mean" }, [1, 2, 4, 4], 8, 8);
  const out = new Float32Array(2);
  pooling.add(map, plane, 1, out);
  expect(Array.from(out)).toEqual([15, 31]);
});

test("shares of the cell weigh, and a cell that is cropped away leaves the plain mean", () => {
  const map = Float32Array.from([1, 2, 3, 10]);
  const pooling = makePooling({ output: "y", layout: "NHWC", pool: "center-mean" }, [1, 2, 2, 1], 2, 2);
  const pooled = (center: number[]) => {
    const out = new Float32Array(1);
    pooling.add(map, center, 1, out);
    return out[0];
  };
  expect(pooled([0.25, 0, 0, 0.75])).toBeCloseTo(7.75, 6);
  expect(pooled([0, 0, 0, 0])).toBe(4);
  const [plane] = planes([{ step: "crop", height: 4, width: 4 }], 4, 4, blocks(0, 0, 3, 3));
  expect(plane.every((v) => v === 0)).toBe(true);
});

test("not-a-number in a map is not lost by max", () => {
  const pooling = makePooling({ output: "y", layout: "NCHW", pool: "max" }, [1, 1, 1, 3], 1, 3);
  const out = new Float32Array(1);
  pooling.add(Float32Array.from([1, Number.NaN, 2]), [], 1, out);
  expect(out[0]).toBeNaN();
});
