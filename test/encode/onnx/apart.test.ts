import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { readEncoder } from "../../../src/encode/encoder-file.ts";
import { ApartEncoder } from "../../../src/encode/onnx/apart.ts";
import type { OnnxFile } from "../../../src/encode/onnx/file.ts";
import { CROPS, describeFixture, MASKS, SHAPE } from "./fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-apart-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([0, 300])("a process that ended %i ms before it is asked is told, not waited for", async (ms) => {
  const file = readEncoder(describeFixture(folder, "vit")) as OnnxFile;
  const encoder = await ApartEncoder.open(file, SHAPE);
  await encoder.release();
  await sleep(ms);
  const out = encoder.dimensions.map((d) => new Float32Array(5 * d));
  await expect(encoder.encode(CROPS, MASKS, 5, out)).rejects.toThrow("made the runtime crash (SIGKILL)");
});
