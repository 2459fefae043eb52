import { expect, test } from "vitest";
import { checkCrop, firstNotFinite, hasOneValue } from "../../src/cells/check-crop.ts";
import { cropTypeFor, joinPlanes, widerType } from "../../src/cells/crop-type.ts";
import { decodeFloat16 } from "../../src/core/float16.ts";
import { mulberry32 } from "../../src/core/rng.ts";

/** Arrays of numbers that lie at any byte, some with a value that is none. */
function* drawn(): Generator<{ values: Uint16Array | Float32Array; half: boolean; as: Float32Array }> {
  const random = mulberry32(7);
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let n = 0; n < 400; n++) {
    const length = 1 + Math.floor(40 * random());
    const skip = Math.floor(3 * random());
    const bits = new Uint16Array(length + skip).subarray(skip).map(() => Math.floor(65536 * random()));
    // Of half the arrays all numbers are finite.
    const half = n % 2 === 0 ? bits : bits.map((b) => ((b & 0x7c00) === 0x7c00 ? b & 0x83ff : b));
    const as = new Float32Array(length);
    decodeFloat16(half, as);
    yield { values: half, half: true, as };
    const single = new Float32Array(length).map(() => 1e38 * (random() - 0.5));
    if (n % 2 === 0) single[Math.floor(length * random())] = odd[n % 3];
    yield { values: single, half: false, as: single };
  }
}

test("the first value that is not finite is found, wherever it stands", () => {
  const found = new Set<boolean>();
  for (const { values, half, as } of drawn()) {
    const at = as.findIndex((v) => !Number.isFinite(v));
    expect(firstNotFinite(values, half)).toBe(at);
    found.add(at < 0);
  }
  expect(found.size).toBe(2);
  expect(firstNotFinite(Uint16Array.of(0xffff, 0x7c00))).toBe(-1);
});

test("a crop of one value is one whatever the sign of its zeros", () => {
  const random = mulberry32(8);
  for (let n = 0; n < 400; n++) {
    const bits = Uint16Array.from(
      { length: 1 + (n % 9) },
      () => [0, 0x8000, 0x3c00][Math.floor((n % 3) + random())],
    );
    const as = new Float32Array(bits.length);
    decodeFloat16(bits, as);
    const one = as.every((v) => v === as[0]);
    expect(hasOneValue(bits, true)).toBe(one);
    expect(hasOneValue(as)).toBe(one);
    expect(hasOneValue(bits)).toBe(bits.every((v) => v === bits[0]));
  }
});

test("a half-precision value that is no number is named with its place", () => {
  const crop = new Uint16Array(8);
  crop[6] = 0xfc00;
  const pixels = { height: 2, width: 2, crop, mask: null, half: true };
  expect(() => checkCrop(pixels, ["A", "B"], (c) => `file${c}`)).toThrow(
    "file1: has the value -Infinity in channel B at row 1, column 0; mend the pixels or take this cell out",
  );
});

test("the smallest type that holds all values is taken", () => {
  const types = ["uint8", "uint16", "float16", "float32"] as const;
  const table = types.map((a) => types.map((b) => widerType(a, b)));
  // biome-ignore format: a matrix
  expect(table).toEqual([
    ["uint8",   "uint16",  "float32", "float32"],
    ["uint16",  "uint16",  "float32", "float32"],
    ["float32", "float32", "float16", "float32"],
    ["float32", "float32", "float32", "float32"],
  ]);
  expect(cropTypeFor(new Int16Array(1), new Uint8Array(1))).toBe("float32");
  expect(joinPlanes([Uint8Array.of(1, 255), Uint16Array.of(256, 65535)])).toEqual(
    Uint16Array.of(1, 255, 256, 65535),
  );
});
