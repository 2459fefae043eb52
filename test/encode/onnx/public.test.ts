import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readEncoder } from "../../../src/encode/encoder-file.ts";
import { initEncoder } from "../../../src/encode/onnx/draft.ts";
import { openEncoder } from "../../../src/encode/open.ts";
import { sha256File } from "../../../src/files/hash.ts";
import { describeModel } from "../../study/drawn.ts";
import { apart } from "./fixtures.ts";

/** `python scripts/make-public-onnx-fixtures.py` fetches these files, 100 MB, from packages. */
const models = resolve(import.meta.dirname, "../../../node_modules/.cache/public-onnx");
const folder = mkdtempSync(join(tmpdir(), "cellswap-public-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Expected {
  readonly sha256: string;
  readonly input: string;
  readonly height: number;
  readonly width: number;
  readonly features: readonly {
    readonly output: string;
    readonly pool: string | null;
    readonly layout: string;
    readonly dimension: number;
    readonly largest: number;
    readonly rows: readonly number[][];
  }[];
}
const expected = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "../../fixtures/encode/public-onnx.json"), "utf8"),
) as Record<string, Expected>;

const COUNT = 3;
const channels = ["DNA", "ER", "RNA"];

test.skipIf(!existsSync(models)).each(Object.entries(expected))(
  "%s as its package ships it equals ONNX Runtime in Python, and is drafted",
  async (name, { sha256, input, height, width, features }) => {
    const model = join(models, `${name}.onnx`);
    expect(sha256File(model)).toBe(sha256);
    const crops = Float32Array.from(
      { length: COUNT * 3 * height * width },
      (_, i) => (Math.imul(i + 3, 2654435761) >>> 0) / 2 ** 32,
    );
    const path = describeModel(folder, {
      name,
      model,
      input: { name: input, channels, height, width },
      outputs: features.map(({ output, pool, layout }, o) => ({
        output,
        layer: `${o}`,
        layout,
        ...(pool === null ? {} : { pool }),
      })),
    });
    const encoder = await openEncoder(readEncoder(path), { channels, height, width });
    expect(encoder.dimensions).toEqual(features.map((f) => f.dimension));
    const out = encoder.dimensions.map((d) => new Float32Array(COUNT * d));
    await encoder.encode(crops, new Uint8Array(COUNT * height * width), COUNT, out);
    await encoder.release();
    features.forEach(({ dimension, largest, rows }, o) => {
      const found = rows.map((row, i) =>
        Array.from(out[o].subarray(i * dimension, i * dimension + row.length)),
      );
      expect(largest).toBeGreaterThan(0);
      expect(apart(found, rows)).toBeLessThan(1e-5);
    });
    const drafted = await initEncoder(model, {
      channels,
      size: height,
      out: join(folder, `${name}-draft.json`),
    });
    expect(drafted.description.input).toMatchObject({ name: input, layout: "NCHW" });
    const opened = await openEncoder(readEncoder(drafted.path), { channels, height: 64, width: 64 });
    expect(opened.dimensions).toEqual([expect.any(Number)]);
    await opened.release();
  },
  120_000,
);
