import { describe, expect, test } from "vitest";
import { decodeNumbers, numberType, typeName } from "../../src/files/numbers.ts";

const decode = (
  descr: string,
  bytes: number[],
  Type: typeof Float32Array | typeof Float64Array = Float64Array,
) => {
  const type = numberType(descr)!;
  const out = new Type(bytes.length / type.bytes);
  // At an odd place of a buffer, as parts of files lie.
  const moved = new Uint8Array(bytes.length + 1);
  moved.set(bytes, 1);
  decodeNumbers(moved.subarray(1), type, out);
  return [...out];
};

describe("numbers as numpy stores them", () => {
  test.each<[descr: string, bytes: number[], values: number[]]>([
    ["|b1", [0, 1], [0, 1]],
    ["|u1", [0, 255], [0, 255]],
    ["|i1", [255, 127], [-1, 127]],
    ["<u2", [1, 2], [0x0201]],
    [">u2", [1, 2], [0x0102]],
    ["<i2", [0xff, 0xff], [-1]],
    ["<u4", [0xff, 0xff, 0xff, 0xff], [2 ** 32 - 1]],
    [">i4", [0xff, 0xff, 0xff, 0xfe], [-2]],
    ["<u8", [0, 0, 0, 0, 0, 0, 0x20, 0], [2 ** 53]],
    [">i8", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfd], [-3]],
    ["<f2", [0x00, 0x3c, 0x01, 0x00, 0x00, 0xfc], [1, 2 ** -24, Number.NEGATIVE_INFINITY]],
    [">f2", [0xc0, 0x00], [-2]],
    ["<f4", [0, 0, 0xc0, 0x3f], [1.5]],
    [">f4", [0x3f, 0xc0, 0, 0], [1.5]],
    ["<f8", [0, 0, 0, 0, 0, 0, 0xf8, 0x3f], [1.5]],
    [">f8", [0x3f, 0xf8, 0, 0, 0, 0, 0, 0], [1.5]],
  ])("%s", (descr, bytes, values) => {
    expect(decode(descr, bytes)).toEqual(values);
    expect(decode(descr, bytes, Float32Array)).toEqual(values.map(Math.fround));
  });

  test("bfloat16 is the upper half of a float32", () => {
    const values = Float32Array.of(1.5, -3.25, 2 ** 100, Number.POSITIVE_INFINITY);
    const words = new Uint16Array(values.buffer).filter((_, i) => i % 2 === 1);
    const out = new Float32Array(values.length);
    decodeNumbers(new Uint8Array(words.buffer), { kind: "bf", bytes: 2, little: true }, out);
    expect(out).toEqual(values);
  });

  test("what are no numbers, or of sizes that are not read, has no type", () => {
    for (const descr of ["<U8", "|O", "<c8", "<f16", "<i3", "|S4", "<M8[ns]", "|V2", ""])
      expect(numberType(descr), descr).toBeNull();
    expect(["<f2", ">u4", "|b1"].map((d) => typeName(numberType(d)!))).toEqual(["float16", "uint32", "bool"]);
  });
});
