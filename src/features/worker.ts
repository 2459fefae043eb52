import { CropFiles } from "../cells/crops.ts";
import { OnnxEncoder } from "../encode/onnx.ts";
import { DataError } from "../errors.ts";
import { serve } from "../files/worker.ts";
import { Compositor } from "../swap/composite.ts";
import { SETTINGS } from "../types.ts";
import type { WorkerSetup, WorkerTask } from "./extract.ts";
import { BATCH, FeatureFile } from "./store.ts";

/** One thread of {@link extract}: composes a batch, runs the encoders that lack it, writes their features. */
serve(async (setup: WorkerSetup) => {
  const opened = await open(setup);
  return (task: WorkerTask) => run(setup, opened, task);
});

async function open(setup: WorkerSetup) {
  const store = new CropFiles(setup.cells);
  const pixels = store.height * store.width;
  const size = store.channels.length * pixels;
  const encoders = await Promise.all(
    setup.targets.map(async ({ encoder, outputs }) => ({
      name: encoder.description.name,
      encoder: await OnnxEncoder.open(encoder, store, { tried: true }),
      outputs: outputs.map((o) => ({ ...o, features: new Float32Array(BATCH * o.dimension) })),
      files: new Map<number, FeatureFile>(),
    })),
  );
  return {
    store,
    pixels,
    size,
    encoders,
    compositor: new Compositor(store, setup.scales, setup.composite),
    crops: new Float32Array(BATCH * size),
    masks: new Uint8Array(BATCH * pixels),
  };
}

async function run(
  setup: WorkerSetup,
  { store, pixels, size, encoders, compositor, crops, masks }: Awaited<ReturnType<typeof open>>,
  { batch, encoders: lacking }: WorkerTask,
): Promise<number> {
  const { plan, order } = setup;
  const rows = order.subarray(batch * BATCH, (batch + 1) * BATCH);
  const count = rows.length;
  const masked = lacking.some((e) => encoders[e].encoder.usesMask);
  rows.forEach((row, i) => {
    compositor.compose(plan, row, crops.subarray(i * size, (i + 1) * size));
    if (masked) store.readMask(plan.cell[row], masks.subarray(i * pixels, (i + 1) * pixels));
  });
  let encodingMs = 0;
  for (const e of lacking) {
    const { name, encoder, outputs, files } = encoders[e];
    const before = encoder.runMs;
    await encoder.encode(
      crops.subarray(0, count * size),
      masks,
      count,
      outputs.map((o) => o.features),
    );
    encodingMs += encoder.runMs - before;
    for (const [o, { path, dimension, features }] of outputs.entries()) {
      if (FeatureFile.complete(path, plan.count, dimension)) continue;
      const wrong = features.subarray(0, count * dimension).findIndex((v) => !Number.isFinite(v));
      if (wrong >= 0)
        throw await notFinite(
          setup,
          name,
          rows[Math.floor(wrong / dimension)],
          features[wrong],
          wrong % dimension,
        );
      let file = files.get(o);
      if (file === undefined) files.set(o, (file = new FeatureFile(path, plan.count, dimension)));
      file.write(batch, rows, features);
    }
  }
  return encodingMs;
}

/** Names the cell; what reads its id is loaded only now, and workers hold no metadata. */
async function notFinite(
  { cells: path, plan }: WorkerSetup,
  name: string,
  row: number,
  value: number,
  feature: number,
): Promise<Error> {
  const { CellStore } = await import("../cells/store.ts");
  const { cells } = await CellStore.open(path);
  return new DataError(
    `encoder ${name} gives ${value} as feature ${feature} of cell ${cells.id[plan.cell[row]]} in setting ${SETTINGS[plan.setting[row]]}; check its weights and preprocessing (a division by zero, a logarithm of zero?)`,
  );
}
