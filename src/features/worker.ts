import { parentPort, workerData } from "node:worker_threads";
import { CellStore } from "../cells/store.ts";
import { OnnxEncoder } from "../encode/onnx.ts";
import { isCellswapError } from "../errors.ts";
import { Compositor } from "../swap/composite.ts";
import type { WorkerReply, WorkerSetup, WorkerTask } from "./extract.ts";
import { BATCH, FeatureFile } from "./store.ts";

/** One thread of {@link extract}: composes a batch, runs the encoders that lack it, writes their features. */
const setup = workerData as WorkerSetup;
const port = parentPort!;
const { plan } = setup;
const store = await CellStore.open(setup.cells);
const pixels = store.height * store.width;
const size = store.channels.length * pixels;
const compositor = new Compositor(store, setup.scales, setup.composite);
const crops = new Float32Array(BATCH * size);
const masks = new Uint8Array(BATCH * pixels);

const encoders = await Promise.all(
  setup.targets.map(async ({ encoder, outputs }) => ({
    encoder: await OnnxEncoder.open(encoder, store),
    outputs: outputs.map((o) => ({ ...o, features: new Float32Array(BATCH * o.dimension) })),
    files: new Map<number, FeatureFile>(),
  })),
);

async function run({ batch, encoders: lacking }: WorkerTask): Promise<number> {
  const from = batch * BATCH;
  const count = Math.min(BATCH, plan.count - from);
  for (let i = 0; i < count; i++) {
    compositor.compose(plan, from + i, crops.subarray(i * size, (i + 1) * size));
    if (store.masks !== "none")
      store.readMask(plan.cell[from + i], masks.subarray(i * pixels, (i + 1) * pixels));
  }
  const start = performance.now();
  for (const e of lacking) {
    const { encoder, outputs, files } = encoders[e];
    await encoder.encode(
      crops.subarray(0, count * size),
      masks,
      count,
      outputs.map((o) => o.features),
    );
    outputs.forEach(({ path, dimension, features }, o) => {
      if (FeatureFile.complete(path)) return;
      let file = files.get(o);
      if (file === undefined) files.set(o, (file = new FeatureFile(path, plan.count, dimension)));
      file.write(batch, features.subarray(0, count * dimension));
    });
  }
  return performance.now() - start;
}

port.on("message", (task: WorkerTask) => {
  run(task).then(
    (encodeMs) => port.postMessage({ done: task.batch, encodeMs } satisfies WorkerReply),
    (error: unknown) =>
      port.postMessage({
        error: isCellswapError(error) ? error.message : ((error as Error).stack ?? String(error)),
        known: isCellswapError(error),
      } satisfies WorkerReply),
  );
});
