import { type CheckedStore, CropFiles } from "../../cells/crops.ts";
import { type RowFiles, RowWriter } from "../../files/row-files.ts";
import { serve } from "../../files/worker.ts";
import { Compositor } from "../../swap/composite.ts";
import type { Scales } from "../../swap/intensity.ts";
import { CENTER, type CompositeOptions, type SwapPlan } from "../../types.ts";

/** What one worker thread needs to know. */
export interface ComposeSetup {
  readonly cells: CheckedStore;
  readonly plan: SwapPlan;
  readonly scales: Scales;
  readonly composite: CompositeOptions;
  /** Rows of the plan in the order of the batches. */
  readonly order: Int32Array;
  /** Rows of a batch. */
  readonly batch: number;
  readonly pixels: RowFiles;
  /** Null where no masks are wanted. */
  readonly labels: RowFiles | null;
}

/** A batch: entries `batch` times the size of a batch on of `order`. */
export interface ComposeTask {
  readonly batch: number;
}

/** One thread of an export: composes a batch and writes every row where it belongs; answers with the rows made. */
serve((setup: ComposeSetup) => {
  const { plan, order, batch: size } = setup;
  const store = new CropFiles(setup.cells);
  const compositor = new Compositor(store, setup.scales, setup.composite);
  const crop = new Float32Array(store.channels.length * store.height * store.width);
  const mask = new Uint8Array(store.height * store.width);
  const pixels = new RowWriter(setup.pixels);
  const labels = setup.labels === null ? null : new RowWriter(setup.labels);
  const bytes = new Uint8Array(crop.buffer);
  return ({ batch }: ComposeTask) => {
    const rows = order.subarray(batch * size, (batch + 1) * size);
    for (const row of rows) {
      compositor.compose(plan, row, crop);
      pixels.write(row, bytes);
      if (labels === null) continue;
      store.readMask(plan.cell[row], mask);
      for (let p = 0; p < mask.length; p++) mask[p] = mask[p] === CENTER ? 1 : 0;
      labels.write(row, mask);
    }
    return rows.length;
  };
});
