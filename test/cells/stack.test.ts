import { expect, test } from "vitest";
import { guessAxes, layoutOf, stackReader } from "../../src/cells/formats/stack.ts";
import { batchRows, type RowArray, rowReader } from "../../src/cells/readers/row-array.ts";
import { decodeNumbers, numberType } from "../../src/files/numbers.ts";

test("axes are found out from the lengths, or asked for", () => {
  expect(guessAxes([9, 2, 64, 64], null, "a")).toBe("NCHW");
  expect(guessAxes([9, 64, 64, 2], null, "a")).toBe("NHWC");
  expect(guessAxes([9, 64, 64], null, "a")).toBe("NHW");
  // Crops that are not square tell by the number of names.
  expect(guessAxes([9, 3, 40, 60], 3, "a")).toBe("NCHW");
  expect(guessAxes([9, 40, 60, 3], 3, "a")).toBe("NHWC");
  expect(() => guessAxes([9, 3, 40, 60], null, "a")).toThrow("which axis holds the channels is not clear");
  expect(() => guessAxes([9, 3, 40, 3], 3, "a")).toThrow("channels may be first or last");
  expect(() => guessAxes([9, 64, 64, 64], null, "a")).toThrow("which axis holds the channels is not clear");
  expect(() => guessAxes([9, 36], null, "a")).toThrow("is 9 x 36; crops are N x C x H x W");
});

test("axes say planes, sides and steps", () => {
  expect(layoutOf("NCHW", [9, 2, 4, 5], "a")).toEqual({ planes: 2, height: 4, width: 5, steps: [20, 5, 1] });
  expect(layoutOf("nyxc", [9, 4, 5, 2], "a")).toEqual({ planes: 2, height: 4, width: 5, steps: [1, 10, 2] });
  expect(layoutOf("NWHC", [9, 5, 4, 2], "a")).toEqual({ planes: 2, height: 4, width: 5, steps: [1, 2, 8] });
  for (const axes of ["CHW", "NCH", "NCHWC", "NTHW", "NHWN", ""])
    expect(() => layoutOf(axes, [9, 2, 4, 5], "a"), axes).toThrow("are no axes of crops");
});

/** Rows of numbers that count up, in memory. */
function counted(shape: number[], batch: number): RowArray & { reads: [from: number, count: number][] } {
  const size = shape.slice(1).reduce((a, b) => a * b, 1);
  const bytes = Float32Array.from({ length: shape[0] * size }, (_, i) => i);
  const reads: [number, number][] = [];
  return {
    path: "counted",
    shape,
    type: numberType("<f4")!,
    batch,
    reads,
    read: (from, count, out) => {
      reads.push([from, count]);
      const part = new Uint8Array(bytes.buffer).subarray(from * size * 4, (from + count) * size * 4);
      decodeNumbers(part, numberType("<f4")!, out);
    },
    close: () => {},
  };
}

test("any order of axes gives the same crops", () => {
  const [n, c, h, w] = [3, 2, 4, 5];
  const value = (cell: number, plane: number, y: number, x: number) => ((cell * c + plane) * h + y) * w + x;
  const last = counted([n, h, w, c], 2);
  const numbers = new Float32Array(n * c * h * w);
  for (let cell = 0, i = 0; cell < n; cell++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++) for (let p = 0; p < c; p++) numbers[i++] = value(cell, p, y, x);
  const size = c * h * w;
  const stored: RowArray = {
    ...last,
    read: (from, count, out) => out.set(numbers.subarray(from * size, (from + count) * size)),
  };
  const first = counted([n, c, h, w], 2);
  const channelPlanes = [1, 0];
  const a = stackReader({ crops: first, layout: layoutOf("NCHW", first.shape, "a"), channelPlanes });
  const b = stackReader({ crops: stored, layout: layoutOf("NHWC", stored.shape, "b"), channelPlanes });
  for (let cell = 0; cell < n; cell++) {
    expect(b(cell)).toEqual(a(cell));
    expect(a(cell).crop[0]).toBe(value(cell, 1, 0, 0));
  }
});

test("rows are read a batch at a time, each once when asked for in order", () => {
  const array = counted([7, 3], 3);
  const row = rowReader(array, (length) => new Float32Array(length));
  for (let i = 0; i < 7; i++) expect([...row(i)]).toEqual([3 * i, 3 * i + 1, 3 * i + 2]);
  expect(array.reads).toEqual([
    [0, 3],
    [3, 3],
    [6, 1],
  ]);
});

test("batches are bounded by bytes, and whole pieces where these fit", () => {
  const mib = 2 ** 20;
  expect(batchRows(1024)).toBe(4096);
  expect(batchRows(8 * mib)).toBe(1);
  expect(batchRows(mib, 3)).toBe(3);
  expect(batchRows(1024, 1000)).toBe(4000);
  expect(batchRows(mib, 20)).toBe(20);
  expect(batchRows(mib, 1000)).toBe(64);
});
