/**
 * Published encoders in full width: checkpoints written by TensorFlow are imported, every layer of the ONNX file is
 * compared with TensorFlow's own output on drawn crops, and the study's layer is timed. `--smoke` takes the narrow
 * fixtures; otherwise scripts/make-checkpoint-fixtures.py writes the full ones. `--python`: one that has TensorFlow.
 * `--crops FILE.npy`: other crops than the drawn ones, N x 2 x 64 x 64; nothing is recorded then.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readEncoder } from "../src/encode/encoder-file.ts";
import { openEncoder } from "../src/encode/open.ts";
import { openDeepLoc } from "../src/encode/published/deeploc.ts";
import { importPublished, type Published } from "../src/encode/published/import.ts";
import { openPci } from "../src/encode/published/pci.ts";
import { openPifia } from "../src/encode/published/pifia.ts";
import {
  encode,
  errorLimit,
  errors,
  fixtures,
  readCrops,
  readExpected,
  relativeError,
  shape,
} from "../test/encode/published/expected.ts";
import { option, peerPython, record, show, smoke, spread } from "./harness.ts";

const root = resolve(import.meta.dirname, "..");
const crops = option("crops", "");
const folder = smoke
  ? fixtures
  : join(root, crops === "" ? ".bench/checkpoints" : ".bench/checkpoints-crops");
if (!existsSync(join(folder, "deeploc/expected.json"))) {
  const python = option("python", "") || peerPython("published.txt");
  const script = join(root, "scripts/make-checkpoint-fixtures.py");
  const given = crops === "" ? [] : ["--crops", crops];
  execFileSync(python, [script, "--full", folder, ...given], { stdio: "inherit" });
}
const systems: Record<string, () => Published | Promise<Published>> = {
  pifia: () => openPifia(join(folder, "pifia/pifia_weights_i0")),
  pci: () => openPci(join(folder, "pci/model_weights.h5")),
  deeploc: () => openDeepLoc(join(folder, "deeploc/model.ckpt-5000")),
};
const drawn = readCrops(folder);
const out = mkdtempSync(join(tmpdir(), "cellswap-bench-"));
const result: Record<string, unknown> = {};

/** Crops per second of an encoder in one thread, preprocessing included, in batches of 32. */
async function speed(path: string): Promise<number[]> {
  const encoder = await openEncoder(readEncoder(path), shape);
  const batch = smoke ? 2 : 32;
  const size = drawn.crops.length / drawn.count;
  const input = Float32Array.from({ length: batch * size }, (_, i) => drawn.crops[i % drawn.crops.length]);
  const features = encoder.dimensions.map((d) => new Float32Array(batch * d));
  const found: number[] = [];
  for (let round = 0; round < (smoke ? 2 : 8); round++) {
    const start = performance.now();
    await encoder.encode(input, new Uint8Array(batch * 64 * 64), batch, features);
    if (round > 0) found.push((batch / (performance.now() - start)) * 1000);
  }
  await encoder.release();
  return found;
}

for (const [name, open] of Object.entries(systems)) {
  const expected = readExpected(join(folder, name));
  const start = performance.now();
  const published = await open();
  const one = importPublished(published, out, { name });
  const seconds = (performance.now() - start) / 1000;
  const found = await errors(() => published, expected, out, drawn);
  if (expected.predictions !== undefined) {
    const { path } = importPublished(published, out, { layer: "predictions", name: "predictions" });
    found.predictions = relativeError((await encode(path, drawn)).get("predictions")!, expected.predictions);
  }
  const [worst, error] = Object.entries(found).reduce((a, b) => (b[1] > a[1] ? b : a));
  const rates = await speed(one.path);
  const megabytes = statSync(one.model).size / 1e6;
  console.log(
    `${name}: ${published.defaultLayer} imported in ${seconds.toFixed(2)} s (${megabytes.toFixed(1)} MB); largest error of ${Object.keys(found).length} comparisons ${error.toExponential(1)} (${worst}); ${show(rates)} crops/s on one thread`,
  );
  for (const [what, e] of Object.entries(found))
    if (!(e < errorLimit(what)))
      throw new Error(`${name}: ${what} differs from TensorFlow by ${e} of its largest value`);
  result[name] = { importSeconds: seconds, megabytes, errors: found, cropsPerSecond: spread(rates) };
}
rmSync(out, { recursive: true });
if (crops === "") record("published", { crops: drawn.count, systems: result });
