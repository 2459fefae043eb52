import * as ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { decodeFloat16, encodeFloat16 } from "../../src/core/float16.ts";
import { mulberry32 } from "../../src/core/rng.ts";
import { OnnxGraph } from "../../src/encode/onnx/graph.ts";

const ALL = Uint16Array.from({ length: 65536 }, (_, i) => i);

function decoded(bits: Uint16Array): Float32Array {
  const out = new Float32Array(bits.length);
  decodeFloat16(bits, out);
  return out;
}
function encoded(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  encodeFloat16(values, out);
  return out;
}

/** What ONNX Runtime makes of half-precision bits, and of values rounded to half precision. */
async function runtime(input: ort.Tensor, casts: readonly number[]): Promise<Float32Array> {
  const graph = new OnnxGraph("cast");
  let x = graph.input("x", ["n"], input.type as "float32" | "float16");
  casts.forEach((to, i) => {
    x = graph.node("Cast", [x], { to }, i === casts.length - 1 ? "y" : `cast${i}`);
  });
  graph.output("y", ["n"]);
  const session = await ort.InferenceSession.create(graph.encode(), { graphOptimizationLevel: "disabled" });
  const { y } = await session.run({ x: input });
  await session.release();
  return y.data as Float32Array;
}
const FLOAT = 1;
const FLOAT16 = 10;

test("all 65,536 half-precision numbers have the value that ONNX Runtime gives them, and come back", async () => {
  const values = decoded(ALL);
  expect(values).toEqual(await runtime(new ort.Tensor("float16", ALL, [65536]), [FLOAT]));
  const numbers = ALL.filter((bits) => !Number.isNaN(values[bits]));
  expect(numbers.length).toBe(65536 - 2 * 1023);
  expect(encoded(values).filter((_, i) => !Number.isNaN(values[i]))).toEqual(numbers);
  expect(decoded(encoded(Float32Array.of(Number.NaN)))).toEqual(Float32Array.of(Number.NaN));
});

test("float32 is rounded to the nearest, ties to even, as ONNX Runtime does", async () => {
  const finite = Array.from(decoded(ALL.subarray(0, 0x7c00)));
  const random = mulberry32(4);
  const word = new Uint32Array(1);
  const given = Float32Array.from(
    finite
      .flatMap((low, i) => {
        const between = (low + (finite[i + 1] ?? 65536)) / 2;
        const step = 2 ** (Math.floor(Math.log2(between)) - 23);
        return [low, between, between - step, between + step];
      })
      .concat([65519.99, 65520, 1e9, 1e-45, 2 ** -25, 2 ** -25 + 2 ** -48])
      .concat(
        Array.from({ length: 50_000 }, () => {
          word[0] = Math.floor(random() * 2 ** 32);
          return new Float32Array(word.buffer)[0];
        }).filter((v) => !Number.isNaN(v)),
      )
      .flatMap((v) => [v, -v]),
  );
  const found = decoded(encoded(given));
  expect(found).toEqual(await runtime(new ort.Tensor("float32", given, [given.length]), [FLOAT16, FLOAT]));
});
