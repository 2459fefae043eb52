import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readEncoder } from "../../../src/encode/encoder-file.ts";
import { type OpenOptions, openEncoder } from "../../../src/encode/open.ts";
import { describeModel } from "../../study/drawn.ts";

export const FIXTURES = resolve(import.meta.dirname, "../../fixtures/encode/onnx");

/** What ONNX Runtime in Python and numpy give, by network and pooling: a row per crop. */
export const EXPECTED = JSON.parse(readFileSync(join(FIXTURES, "expected.json"), "utf8")) as Record<
  string,
  Record<string, number[][]>
>;

export const COUNT = 5;
export const SIZE = 32;
const PIXELS = SIZE * SIZE;
export const SHAPE = { channels: ["DNA", "ER"], height: SIZE, width: SIZE };

/** The crops of the script that made the fixtures. */
export const CROPS = Float32Array.from(
  { length: COUNT * 2 * PIXELS },
  (_, i) => (Math.imul(i + 7, 2654435761) >>> 0) / 2 ** 32,
);

/** Its masks: 1 for the center cell, 2 for what is not asked for. */
export const MASKS = Uint8Array.from({ length: COUNT * PIXELS }, (_, p) => {
  const [i, y, x] = [Math.floor(p / PIXELS), Math.floor((p % PIXELS) / SIZE), p % SIZE];
  return (y - 14) ** 2 + (x - 12 - 2 * i) ** 2 < (5 + i) ** 2 ? 1 : x < 4 ? 2 : 0;
});

/** Describes a network of the fixtures in `folder`. */
export function describeFixture(folder: string, name: string, more: Record<string, unknown> = {}): string {
  return describeModel(folder, {
    name,
    model: join(FIXTURES, `${name}.onnx`),
    input: { name: "pixel_values", channels: SHAPE.channels, height: SIZE, width: SIZE },
    outputs: [{ output: "pooler_output" }],
    ...more,
  });
}

/** Features of crops in a given order: rows by output. */
export async function encode(
  path: string,
  order: readonly number[] = [...Array(COUNT).keys()],
  options: OpenOptions = {},
): Promise<number[][][]> {
  const encoder = await openEncoder(readEncoder(path), SHAPE, options);
  const crops = new Float32Array(order.length * 2 * PIXELS);
  const masks = new Uint8Array(order.length * PIXELS);
  order.forEach((c, i) => {
    crops.set(CROPS.subarray(c * 2 * PIXELS, (c + 1) * 2 * PIXELS), i * 2 * PIXELS);
    masks.set(MASKS.subarray(c * PIXELS, (c + 1) * PIXELS), i * PIXELS);
  });
  const out = encoder.dimensions.map((d) => new Float32Array(order.length * d).fill(9));
  await encoder.encode(crops, masks, order.length, out);
  await encoder.release();
  return out.map((features) => {
    const d = features.length / order.length;
    return order.map((_, i) => Array.from(features.subarray(i * d, (i + 1) * d)));
  });
}

/** Largest difference of two lists of rows, as a share of the largest number. */
export function apart(found: readonly number[][], expected: readonly number[][]): number {
  if (found.length !== expected.length || found[0].length !== expected[0].length) return Number.NaN;
  const largest = Math.max(...expected.flat().map(Math.abs));
  return Math.max(...found.flatMap((row, i) => row.map((v, j) => Math.abs(v - expected[i][j])))) / largest;
}
