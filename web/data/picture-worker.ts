/// <reference lib="webworker" />
import type { ViewStudy } from "../../src/explore/format.ts";
import { type Range, rangesOf } from "../../src/explore/look.ts";
import { CropReader } from "./crops.ts";
import { readScales } from "./scales.ts";

/** First which study, by the address of its folder; then composites of its plan, by their columns. */
export type Order =
  | { readonly about: ViewStudy; readonly base: string }
  | {
      readonly row: number;
      readonly cell: number;
      readonly setting: number;
      readonly background: number;
      readonly donor: number;
      readonly medium: number;
    };

export type Answer =
  | { readonly row: number; readonly pixels: Float32Array; readonly ranges: Range[]; readonly error?: never }
  | { readonly row: number; readonly error: string };

/** Cells whose ranges are kept. */
const KEPT = 50_000;

let crops: Promise<CropReader> | undefined;
const ranges = new Map<number, Range[]>();

self.addEventListener("message", async ({ data }: MessageEvent<Order>) => {
  if ("about" in data) {
    const { about, base } = data;
    crops = readScales(base).then((scales) => new CropReader(about, base, scales));
    // It is said of every composite that is asked for.
    crops.catch(() => {});
    return;
  }
  const { row } = data;
  try {
    const reader = await crops!;
    const one = {
      cell: Int32Array.of(data.cell),
      setting: Uint8Array.of(data.setting),
      background: Int16Array.of(data.background),
      donor: Int32Array.of(data.donor),
      medium: Int32Array.of(data.medium),
    };
    const pixels = await reader.composite(one, 0);
    let shown = ranges.get(data.cell);
    if (shown === undefined) {
      if (ranges.size >= KEPT) ranges.clear();
      shown = rangesOf(await reader.scaled(data.cell), reader.about.crops.channels.length);
      ranges.set(data.cell, shown);
    }
    answer({ row, pixels, ranges: shown }, [pixels.buffer]);
  } catch (error) {
    answer({ row, error: error instanceof Error ? error.message : String(error) });
  }
});

function answer(message: Answer, transfer: Transferable[] = []): void {
  (self as unknown as DedicatedWorkerGlobalScope).postMessage(message, transfer);
}
