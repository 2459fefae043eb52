import { CropFiles } from "../cells/crops.ts";
import { DistantPrograms } from "../encode/command/distant.ts";
import { type OpenOptions, openEncoder } from "../encode/open.ts";
import { DataError } from "../errors.ts";
import { recordError, reviveError } from "../files/error-record.ts";
import { serve } from "../files/worker.ts";
import { Compositor } from "../swap/composite.ts";
import { DerivedCrops } from "../swap/derived.ts";
import { settingOf } from "../swap/runs.ts";
import { WrongMasks } from "../swap/wrong-masks.ts";
import type { WorkerDone, WorkerSetup, WorkerTask } from "./encoding.ts";
import { OpenParts } from "./open-parts.ts";

/** One thread of {@link extract}: composes a batch, runs the encoders that lack it, writes their features. */
serve(async (setup: WorkerSetup, port) => {
  const opened = await open(setup, port === undefined ? {} : { programs: new DistantPrograms(port) });
  return (task: WorkerTask) => run(setup, opened, task);
});

async function open(setup: WorkerSetup, options: OpenOptions) {
  const size = setup.batch;
  const files = new CropFiles(setup.cells);
  const { scales, composite, derived, error } = setup;
  const source = error === null ? files : new WrongMasks(files, error);
  const crops = derived === null ? null : new DerivedCrops(source, scales, composite, derived);
  const store = crops ?? source;
  const pixels = store.height * store.width;
  const values = store.channels.length * pixels;
  const encoders = await Promise.all(
    setup.targets.map(async ({ encoder, lacks, outputs }) => ({
      name: encoder.description.name,
      file: encoder,
      encoder: await openEncoder(encoder, store, { ...options, tried: true }),
      lacks,
      outputs: outputs.map((o) => ({ ...o, features: new Float32Array(size * o.dimension) })),
    })),
  );
  return {
    readMask: crops === null ? source.readMask.bind(source) : crops.readOwnMask.bind(crops),
    pixels,
    values,
    encoders,
    compositor: new Compositor(store, scales, composite),
    crops: new Float32Array(size * values),
    masks: new Uint8Array(size * pixels),
    parts: new OpenParts(setup.pieces, setup.attempt),
    few: { crops: new Float32Array(size * values), masks: new Uint8Array(size * pixels) },
  };
}

type Opened = Awaited<ReturnType<typeof open>>;

async function run(setup: WorkerSetup, opened: Opened, { batch }: WorkerTask): Promise<WorkerDone> {
  const { plan, order, batch: size } = setup;
  const { readMask, pixels, values, encoders, compositor, crops, masks, few } = opened;
  const rows = order.subarray(batch * size, (batch + 1) * size);
  const masked = encoders.some((e) => e.encoder.usesMask);
  rows.forEach((row, i) => {
    compositor.compose(plan, row, crops.subarray(i * values, (i + 1) * values));
    if (masked) readMask(plan.cell[row], masks.subarray(i * pixels, (i + 1) * pixels));
  });
  let encodingMs = 0;
  let encoded = 0;
  for (const { name, file, encoder, lacks, outputs } of encoders) {
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
    try {
      await encoder.encode(
        from.crops.subarray(0, own.length * values),
        from.masks,
        own.length,
        outputs.map((o) => o.features),
      );
    } catch (error) {
      throw file.kind === "onnx" ? await ofCells(setup, error, own) : error;
    }
    encodingMs += encoder.runMs - before;
    encoded += own.length;
    for (const output of outputs) {
      const { dimension, features } = output;
      const wrong = features.subarray(0, own.length * dimension).findIndex((v) => !Number.isFinite(v));
      if (wrong >= 0)
        throw await notFinite(
          setup,
          name,
          own[Math.floor(wrong / dimension)],
          features[wrong],
          wrong % dimension,
        );
      opened.parts.write(output, own, features);
    }
  }
  return { batch, encoded, encodingMs };
}

/** Names the cell. */
async function notFinite(
  setup: WorkerSetup,
  name: string,
  row: number,
  value: number,
  feature: number,
): Promise<Error> {
  return new DataError(
    `encoder ${name} gives ${value} as feature ${feature} of ${await named(setup, row)}; check its weights and preprocessing (a division by zero, a logarithm of zero?)`,
  );
}

/** Says with an error of a network which crops it had. */
async function ofCells(setup: WorkerSetup, error: unknown, rows: Int32Array): Promise<unknown> {
  if (!(error instanceof DataError)) return error;
  const { message, path, ...rest } = recordError(error);
  const batch = `${await named(setup, rows[0])} to ${await named(setup, rows[rows.length - 1])}`;
  return reviveError({
    ...rest,
    message: `${message} (${rows.length} crops, from ${batch})`,
    ...(path === undefined ? {} : { path }),
  });
}

/** A cell and its setting; what reads its id is loaded only now, and workers hold no metadata. */
async function named({ cells: { path }, plan, derived }: WorkerSetup, row: number): Promise<string> {
  const { CellStore } = await import("../cells/store.ts");
  const { cells, count } = await CellStore.open(path, [], { masks: false, crops: false });
  const cell = plan.cell[row];
  const id = cells.id[cell < count ? cell : derived!.plan.cell[cell - count]];
  return `cell ${id} in setting ${settingOf(plan, row)}`;
}
