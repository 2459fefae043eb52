import { expect, test } from "vitest";
import { encodeFloat16 } from "../../../src/core/float16.ts";
import { mulberry32 } from "../../../src/core/rng.ts";
import { type Frame, FrameReader } from "../../../src/encode/command/frames.ts";

/** An array as NumPy writes it: header to a multiple of 64 bytes, in version 1.0, 2.0 or 3.0. */
function npy(
  descr: string,
  shape: readonly number[],
  data: Uint8Array,
  version = 1,
  order = "False",
): Buffer {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${dims}), }`;
  const prefix = version === 1 ? 10 : 12;
  const length = Math.ceil((prefix + text.length + 1) / 64) * 64 - prefix;
  const head = Buffer.alloc(prefix + length, " ");
  head.write("\x93NUMPY", 0, "latin1");
  head[6] = version;
  head[7] = 0;
  if (version === 1) head.writeUInt16LE(length, 8);
  else head.writeUInt32LE(length, 8);
  head.write(text, prefix, "latin1");
  head[prefix + length - 1] = 10;
  return Buffer.concat([head, data]);
}
const bytes = (values: Float32Array | Float64Array | Uint16Array) =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

function read(stream: Uint8Array, cuts: Iterable<number> = [stream.length]): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameReader((frame) => frames.push(frame));
  let at = 0;
  for (const cut of cuts) {
    reader.push(stream.subarray(at, cut));
    at = cut;
  }
  expect(reader.idle).toBe(at === stream.length);
  return frames;
}

test("arrays are read alike wherever the stream is cut", () => {
  const random = mulberry32(7);
  for (let round = 0; round < 60; round++) {
    const wanted: Frame[] = [];
    const parts = Array.from({ length: 1 + Math.floor(4 * random()) }, () => {
      const shape = Array.from({ length: 1 + Math.floor(3 * random()) }, () => Math.floor(6 * random()));
      const size = shape.reduce((a, b) => a * b, 1);
      const version = 1 + Math.floor(3 * random());
      // Halves that every type holds.
      const values = Float32Array.from({ length: size }, () => Math.floor(200 * random() - 100) / 2);
      wanted.push({ shape, values });
      const type = Math.floor(3 * random());
      if (type === 0) return npy("<f4", shape, bytes(values), version);
      if (type === 1) return npy("<f8", shape, bytes(Float64Array.from(values)), version);
      const half = new Uint16Array(size);
      encodeFloat16(values, half);
      return npy("<f2", shape, bytes(half), version);
    });
    const stream = Buffer.concat(parts);
    const cuts = [...Array.from({ length: 12 }, () => Math.floor(random() * stream.length)), stream.length];
    expect(
      read(
        stream,
        cuts.sort((a, b) => a - b),
      ),
    ).toEqual(wanted);
    if (round < 5)
      expect(
        read(
          stream,
          Array.from({ length: stream.length }, (_, i) => i + 1),
        ),
      ).toEqual(wanted);
  }
});

test("an array that is not complete is none", () => {
  const stream = npy("<f4", [2, 3], bytes(new Float32Array(6)));
  for (const end of [1, 7, 64, stream.length - 1]) {
    const frames: Frame[] = [];
    const reader = new FrameReader((frame) => frames.push(frame));
    reader.push(stream.subarray(0, end));
    expect([frames.length, reader.idle]).toEqual([0, false]);
  }
});

test.each<[string, Buffer, string]>([
  ["text", Buffer.from("\n  epoch 1\nepoch 2\n"), 'prints on its standard output: "epoch 1"'],
  ["a long line", Buffer.from(`${"x".repeat(300)}\n`), `"${"x".repeat(57)}..."`],
  ["bytes", Buffer.from([0x93, 0x4e, 0x01, 0xff]), 'standard output: "?N??"'],
  [
    "text behind an array",
    Buffer.concat([npy("<f4", [1], bytes(new Float32Array(1))), Buffer.from("done")]),
    '"done"',
  ],
  ["whole numbers", npy("<i4", [1], new Uint8Array(4)), "gives features of type <i4; write float32"],
  ["objects", npy("|O", [1], new Uint8Array(4)), "gives features of type |O"],
  ["bfloat16, which NumPy does not know", npy("|V2", [1], new Uint8Array(2)), "gives features of type |V2"],
  ["another order", npy("<f4", [2, 2], new Uint8Array(16), 1, "True"), "in Fortran order"],
  [
    "an absurd size",
    npy("<f4", [1e6, 1e6], new Uint8Array(0)),
    "gives an array of 1000000 x 1000000 values, more than 384 MiB",
  ],
  ["a size that is none", npy("<f4", [-1], new Uint8Array(0)), "gives an array of -1 values"],
  ["no shape", Buffer.from("\x93NUMPY\x01\x00\x02\x00{}", "latin1"), "writes a damaged .npy header"],
  [
    "a header without end",
    Buffer.from("\x93NUMPY\x02\x00\xff\xff\xff\xff", "latin1"),
    "writes a damaged .npy header",
  ],
])("%s on standard output is told", (_, stream, message) => {
  const push = () => new FrameReader(() => {}).push(stream);
  expect(push).toThrow(message);
});
