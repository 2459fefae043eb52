import { expect, test } from "vitest";
import { WrongMasks, wrongMasksKey } from "../../src/swap/wrong-masks.ts";
import type { CropSource } from "../../src/types.ts";

const size = 16;
const source: CropSource = {
  channels: ["a"],
  height: size,
  width: size,
  count: 3,
  masks: "full",
  readCrop: (cell, out) => out.fill(cell),
  readMask: (_, out) => {
    for (let p = 0; p < out.length; p++) {
      const [y, x] = [Math.floor(p / size), p % size];
      out[p] = (y - 8) ** 2 + (x - 6) ** 2 <= 16 ? 1 : (y - 8) ** 2 + (x - 12) ** 2 <= 8 ? 2 : 0;
    }
  },
};

const read = (masks: CropSource, cell: number) => {
  const out = new Uint8Array(size * size);
  masks.readMask(cell, out);
  return [...out].join("");
};

test("every cell has the error, in a place of its own, and its pixels as they are", () => {
  const wrong = new WrongMasks(source, { kind: "cell-slice", amount: 0.2, seed: 5 });
  const masks = [0, 1, 2].map((cell) => read(wrong, cell));
  expect(new Set(masks).size).toBe(3);
  expect(masks).not.toContain(read(source, 0));
  // In any order.
  expect([2, 0, 1].map((cell) => read(wrong, cell))).toEqual([masks[2], masks[0], masks[1]]);
  const crop = new Float32Array(size * size);
  wrong.readCrop(2, crop);
  expect(crop.every((v) => v === 2)).toBe(true);
  const other = new WrongMasks(source, { kind: "cell-slice", amount: 0.2, seed: 6 });
  expect(read(other, 0)).not.toBe(masks[0]);
});

test("the key names masks, error, and the seed where a place is drawn", () => {
  const key = (masks: string, error: Parameters<typeof wrongMasksKey>[1]) =>
    JSON.stringify(wrongMasksKey(masks, error));
  const dilate = { kind: "dilate", amount: 2, seed: 1 } as const;
  const slice = { kind: "cell-slice", amount: 0.1, seed: 1 } as const;
  expect(key("m", { ...dilate, seed: 2 })).toBe(key("m", dilate));
  const others = [
    key("n", dilate),
    key("m", { ...dilate, amount: 3 }),
    key("m", { ...dilate, kind: "erode" }),
    key("m", slice),
    key("m", { ...slice, seed: 2 }),
  ];
  expect(new Set([key("m", dilate), ...others]).size).toBe(6);
});
