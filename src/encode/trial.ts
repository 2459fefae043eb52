import { CellStore } from "../cells/store.ts";
import { StudyError } from "../errors.ts";
import type { Flag } from "../types.ts";
import { RunningPrograms } from "./command/programs.ts";
import type { EncoderFile } from "./encoder-file.ts";
import { LIMITS } from "./onnx/apart.ts";
import { openEncoder } from "./open.ts";
import { takeSamples } from "./try.ts";
import { tryFile } from "./try-file.ts";

/** What an encoder made of some cells. */
export interface Trial {
  readonly cells: number;
  /** Milliseconds until it had given the first features: opening it, a batch of empty crops. */
  readonly startMs: number;
  /** Milliseconds for a crop, preprocessing included. */
  readonly cropMs: number;
  readonly outputs: readonly {
    readonly output: string;
    /** Length of the feature vector. */
    readonly features: number;
    /** Least and largest feature that is a number; null where none is. */
    readonly range: readonly [number, number] | null;
    /** Features that are NaN or infinite. */
    readonly notFinite: number;
  }[];
  /** What a study would say of it. */
  readonly flags: readonly Flag[];
}

export interface TrialOptions {
  /** Cells it is tried on at most. */
  readonly count?: number;
  /** Called with what a program prints on its standard error. */
  readonly onPrint?: (chunk: Uint8Array) => void;
  readonly signal?: AbortSignal;
}

/**
 * Tries an encoder on cells of a store as they were imaged, evenly drawn from it: whether it runs, how long it takes, what
 * it gives.
 * @throws CellswapError as a study would; InterruptedError after `signal`
 */
export async function runTrial(
  file: EncoderFile,
  cells: string,
  { count = 64, onPrint, signal }: TrialOptions = {},
): Promise<Trial> {
  const store = await CellStore.open(cells);
  const programs = new RunningPrograms(onPrint);
  const stop = () => programs.stop();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const some = Math.min(count, store.cells.count);
    if (some === 0) throw new StudyError("holds no cells; import some", { path: cells });
    const pixels = store.height * store.width;
    const size = store.channels.length * pixels;
    const held = Math.min(some, cellsHeld(file));
    const crops = new Float32Array(held * size);
    const masks = new Uint8Array(held * pixels);
    const drawn = Array.from({ length: some }, (_, i) => Math.floor((i * store.cells.count) / some));
    const from = performance.now();
    const encoder = await openEncoder(file, store, { programs, apart: { ...LIMITS, signal } });
    try {
      const opened = performance.now();
      let encodeMs = 0;
      const out = encoder.dimensions.map((dimension) => new Float32Array(held * dimension));
      const ranges = out.map(() => new Range());
      for (let from = 0; from < some; from += held) {
        const cells = drawn.slice(from, from + held);
        cells.forEach((cell, i) => {
          store.readCrop(cell, crops.subarray(i * size, (i + 1) * size));
          if (store.masks !== "none") store.readMask(cell, masks.subarray(i * pixels, (i + 1) * pixels));
        });
        const n = cells.length;
        const began = performance.now();
        await encoder.encode(crops.subarray(0, n * size), masks.subarray(0, n * pixels), n, out);
        encodeMs += performance.now() - began;
        ranges.forEach((range, o) => void range.add(out[o].subarray(0, n * encoder.dimensions[o])));
      }
      const samples = takeSamples(store, drawn, (cell, crop) => store.readCrop(cell, crop));
      const found = samples.count === 0 ? [] : await tryFile(file, encoder, store, samples, signal);
      const outputs = file.description.outputs.map(({ output, layer }, o) => ({
        output: layer ?? output,
        features: encoder.dimensions[o],
        range: ranges[o].range,
        notFinite: ranges[o].notFinite,
      }));
      return {
        cells: some,
        startMs: opened - from,
        cropMs: encodeMs / some,
        outputs,
        flags: [...outputs.flatMap((output) => notFinite(file.description.name, output)), ...found],
      };
    } finally {
      await encoder.release();
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    await programs.end();
    store.close();
  }
}

/** Refuses an output that gives what is no number. */
function notFinite(name: string, { output, notFinite: count }: Trial["outputs"][number]): Flag[] {
  if (count === 0) return [];
  const text = `encoder ${name} gives ${count} features of output ${output} that are NaN or infinite: a study of these cells stops there; look at its preprocessing (a division by 0, the logarithm of 0?) and at its weights`;
  return [{ id: "not-finite", severity: "refuse", encoder: name, text }];
}

/**
 * Refuses an encoder that no study can use, when what was found of it has been said.
 * @throws StudyError with the first of the flags that refuse it
 */
export function checkTrial({ flags }: Trial, path: string): void {
  const refused = flags.find(({ severity }) => severity === "refuse");
  if (refused !== undefined) throw new StudyError(refused.text, { path });
}

/** Cells that are held at a time, at least; of a program whole batches. */
const HELD = 64;

function cellsHeld(file: EncoderFile): number {
  const batch = file.kind === "command" ? file.description.batch : HELD;
  return Math.ceil(HELD / batch) * batch;
}

/** Least and largest of some features, and how many are no numbers. */
class Range {
  notFinite = 0;
  #least = Number.POSITIVE_INFINITY;
  #largest = Number.NEGATIVE_INFINITY;

  add(values: Float32Array): void {
    for (const v of values)
      if (Number.isFinite(v)) {
        this.#least = Math.min(this.#least, v);
        this.#largest = Math.max(this.#largest, v);
      } else this.notFinite++;
  }

  get range(): readonly [number, number] | null {
    return this.#least <= this.#largest ? [this.#least, this.#largest] : null;
  }
}
