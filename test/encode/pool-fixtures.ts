import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { EncoderFile } from "../../src/encode/encoder-file.ts";
import { openEncoder } from "../../src/encode/open.ts";
import { describeModel } from "../study/drawn.ts";
import { COUNT, CROPS, SHAPE, SIZE } from "./onnx/fixtures.ts";

const FIXTURES = resolve(import.meta.dirname, "../fixtures/encode");

/** A network of the fixtures: what ONNX Runtime in Python gives, and what numpy makes of the tensor before it. */
interface Expected {
  readonly features: number[][];
  readonly tensor: string;
  readonly layout: "NCHW" | "NHWC" | "tokens";
  readonly pooled: number[][];
}

export const EXPECTED = JSON.parse(readFileSync(join(FIXTURES, "pool/expected.json"), "utf8")) as Record<
  string,
  Expected
>;

const inside: readonly ((y: number, x: number) => boolean)[] = [
  (y, x) => (y - 14) ** 2 + (x - 12) ** 2 < 36,
  (y, x) => y === 13 && x > 3 && x < 29,
  (y, x) => y === 17 && x === 5,
  () => false,
  (y, x) => (y - 30) ** 2 + (x - 28) ** 2 < 100,
];

/** The masks of the script: a disk, a line of one pixel, one pixel, nothing, a cell cut by the edge. */
export const POOL_MASKS = Uint8Array.from({ length: COUNT * SIZE * SIZE }, (_, p) => {
  const [i, y, x] = [Math.floor(p / SIZE / SIZE), Math.floor((p % (SIZE * SIZE)) / SIZE), p % SIZE];
  return inside[i](y, x) ? 1 : y < 2 ? 2 : 0;
});

/** Describes a network of the fixtures in `folder`: as its vector, unless `more` says otherwise. */
export function describePooled(folder: string, name: string, more: Record<string, unknown> = {}): string {
  const vit = name.startsWith("vit");
  const layout = name.startsWith("nhwc") ? "NHWC" : "NCHW";
  const input = { channels: SHAPE.channels, height: SIZE, width: SIZE, layout };
  return describeModel(folder, {
    name,
    model: join(FIXTURES, vit ? "onnx" : "pool", `${name}.onnx`),
    input: { name: vit ? "pixel_values" : "x", ...input },
    outputs: [{ output: vit ? "pooler_output" : "features" }],
    ...more,
  });
}

/** Features of the crops under {@link POOL_MASKS}: rows of the first output. */
export async function encodePooled(file: EncoderFile): Promise<number[][]> {
  const encoder = await openEncoder(file, SHAPE);
  const out = encoder.dimensions.map((d) => new Float32Array(COUNT * d).fill(9));
  await encoder.encode(CROPS, POOL_MASKS, COUNT, out);
  await encoder.release();
  const d = encoder.dimensions[0];
  return Array.from({ length: COUNT }, (_, i) => Array.from(out[0].subarray(i * d, (i + 1) * d)));
}
