import { parentPort, workerData } from "node:worker_threads";
import { CropFiles } from "../cells/crops.ts";
import { OnnxEncoder } from "../encode/onnx.ts";
import { DataError, isCellswapError } from "../errors.ts";
import { SETTINGS } from "../settings.ts";
import { Compositor } from "../swap/composite.ts";
import { segmentOf } from "../swap/segments.ts";
import type { OutputTarget, WorkerDone, WorkerReply, WorkerSetup, WorkerTask } from "./extract.ts";
import { FillingPart } from "./part.ts";

/** Parts that are open at most. */
const OPEN = 128;

/** One thread of {@link extract}: composes a batch, runs the encoders that lack it, writes their features. */
const setup = workerData as WorkerSetup;
const port = parentPort!;
const { plan, order, batch: size, segments } = setup;
const opened = open();
// A failure is told in answer to the first task.
opened.catch(() => {});
const parts = new Map<string, FillingPart>();

async function open() {
  const store = new CropFiles(setup.cells);
  const pixels = store.height * store.width;
  const values = store.channels.length * pixels;
  const encoders = await Promise.all(
    setup.targets.map(async ({ encoder, lacks, outputs }) => ({
      name: encoder.description.name,
      encoder: await OnnxEncoder.open(encoder, store, { tried: true }),
      lacks,
      outputs: outputs.map((o) => ({ ...o, features: new Float32Array(size * o.dimension) })),
    })),
  );
  return {
    store,
    pixels,
    values,
    encoders,
    compositor: new Compositor(store, setup.scales, setup.composite),
    crops: new Float32Array(size * values),
    masks: new Uint8Array(size * pixels),
    few: { crops: new Float32Array(size * values), masks: new Uint8Array(size * pixels) },
  };
}

async function run({ batch }: WorkerTask): Promise<WorkerDone> {
  const { store, pixels, values, encoders, compositor, crops, masks, few } = await opened;
  const rows = order.subarray(batch * size, (batch + 1) * size);
  const masked = encoders.some((e) => e.encoder.usesMask);
  rows.forEach((row, i) => {
    compositor.compose(plan, row, crops.subarray(i * values, (i + 1) * values));
    if (masked) store.readMask(plan.cell[row], masks.subarray(i * pixels, (i + 1) * pixels));
  });
  let encodingMs = 0;
  let encoded = 0;
  for (const { name, encoder, lacks, outputs } of encoders) {
    const own = rows.filter((_, i) => lacks[batch * size + i] === 1);
    if (own.length === 0) continue;
    const all = own.length === rows.length;
    if (!all) {
      let at = 0;
      rows.forEach((_, i) => {
        if (lacks[batch * size + i] === 0) return;
        few.crops.set(crops.subarray(i * values, (i + 1) * values), at * values);
        few.masks.set(masks.subarray(i * pixels, (i + 1) * pixels), at++ * pixels);
      });
    }
    const from = all ? { crops, masks } : few;
    const before = encoder.runMs;
    await encoder.encode(
      from.crops.subarray(0, own.length * values),
      from.masks,
      own.length,
      outputs.map((o) => o.features),
    );
    encodingMs += encoder.runMs - before;
    encoded += own.length;
    for (const output of outputs) {
      const { dimension, features } = output;
      const wrong = features.subarray(0, own.length * dimension).findIndex((v) => !Number.isFinite(v));
      if (wrong >= 0)
        throw await notFinite(name, own[Math.floor(wrong / dimension)], features[wrong], wrong % dimension);
      write(output, own, features);
    }
  }
  return { done: batch, encoded, encodingMs };
}

/** Writes the features of rows of the plan where they belong; neighbors in a part are written at once. */
function write({ dimension, shelves }: OutputTarget, rows: Int32Array, features: Float32Array): void {
  const places = Array.from(rows, (row) => {
    const s = segmentOf(segments, row);
    const at = row - segments[s].start;
    const { missing, part, row: inPart } = shelves[s];
    return missing === null || (part !== null && part[at] >= 0)
      ? null
      : { ...missing, row: inPart?.[at] ?? at };
  });
  for (let i = 0; i < places.length; ) {
    const place = places[i];
    let n = 1;
    if (place !== null) {
      while (places[i + n]?.base === place.base && places[i + n]?.row === place.row + n) n++;
      partAt(place.base, place.rows.length / 2, dimension).write(
        place.row,
        features.subarray(i * dimension, (i + n) * dimension),
      );
    }
    i += n;
  }
}

function partAt(base: string, rows: number, dimension: number): FillingPart {
  let part = parts.get(base);
  if (part === undefined) {
    if (parts.size >= OPEN) {
      const [oldest, old] = parts.entries().next().value!;
      old.close();
      parts.delete(oldest);
    }
    part = new FillingPart(base, rows, dimension);
  } else parts.delete(base);
  parts.set(base, part);
  return part;
}

/** Names the cell; what reads its id is loaded only now, and workers hold no metadata. */
async function notFinite(name: string, row: number, value: number, feature: number): Promise<Error> {
  const { CellStore } = await import("../cells/store.ts");
  const { cells } = await CellStore.open(setup.cells);
  return new DataError(
    `encoder ${name} gives ${value} as feature ${feature} of cell ${cells.id[plan.cell[row]]} in setting ${SETTINGS[plan.setting[row]]}; check its weights and preprocessing (a division by zero, a logarithm of zero?)`,
  );
}

port.on("message", (task: WorkerTask) => {
  run(task).then(
    (done) => port.postMessage(done satisfies WorkerReply),
    (error: unknown) =>
      port.postMessage({
        error: isCellswapError(error) ? error.message : ((error as Error).stack ?? String(error)),
        known: isCellswapError(error),
      } satisfies WorkerReply),
  );
});
