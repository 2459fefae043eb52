import { expect, test } from "vitest";
import { toType } from "../../../src/encode/onnx/numbers.ts";

test.each<[string, number | bigint, number | bigint]>([
  ["uint8", 0, 255],
  ["int8", -128, 127],
  ["uint16", 0, 65535],
  ["int16", -32768, 32767],
  ["int32", -(2 ** 31), 2 ** 31 - 1],
  ["uint32", 0, 2 ** 32 - 1],
  ["int64", -(2n ** 63n), 2n ** 63n - 1n],
  ["uint64", 0n, 2n ** 64n - 1n],
])("%s: rounded, and held within its range", (type, low, high) => {
  const long = typeof low === "bigint";
  expect([...toType(type, Float32Array.of(-1e30, 1.4, 2.6, 1e30))!]).toEqual([
    low,
    ...(long ? [1n, 3n] : [1, 3]),
    high,
  ]);
});
