import type { ViewStudy } from "../../src/explore/format.ts";
import { Compositor } from "../../src/swap/composite.ts";
import type { Scales } from "../../src/swap/intensity.ts";
import type { CropSource, SwapPlan } from "../../src/types.ts";
import { NpyParts, NpyRows } from "./arrays.ts";
import type { Composites } from "./study.ts";

/** A crop (channels x height x width) with its label mask (height x width); null without masks. */
export interface Crop {
  readonly pixels: Float32Array;
  readonly mask: Uint8Array | null;
}

type PlanColumns = Pick<Composites, "cell" | "setting" | "background" | "donor" | "medium">;

/** Bytes of crops that are kept. */
const KEPT = 64 * 2 ** 20;

/** Reads crops of a study from the server, and makes composites of them as the study did. */
export class CropReader {
  readonly about: ViewStudy;
  readonly scales: Scales;
  readonly #crops: Pick<NpyRows, "read">;
  readonly #masks: Pick<NpyRows, "read"> | null;
  readonly #kept = new Map<number, Promise<Crop>>();
  readonly #ready = new Map<number, Crop>();
  readonly #capacity: number;
  readonly #compositor: Compositor;

  constructor(about: ViewStudy, base: string, scales: Scales) {
    this.about = about;
    this.scales = scales;
    const { channels, height, width, masks, part } = about.crops;
    const rows = (name: string) =>
      part === undefined ? new NpyRows(`${base}${name}.npy`) : new NpyParts(`${base}${name}`, part);
    this.#crops = rows("crops");
    this.#masks = masks === "none" ? null : rows("masks");
    this.#capacity = Math.max(64, Math.floor(KEPT / (height * width * (4 * channels.length + 1))));
    this.#compositor = new Compositor(this.source, scales, about.composite, { cacheBytes: KEPT / 2 });
  }

  /** The crops that were read, for the compositor. */
  get source(): CropSource {
    const { channels, height, width, diameter, count, masks } = this.about.crops;
    const held = (cell: number) => {
      const crop = this.#ready.get(cell);
      if (crop === undefined) throw new RangeError(`crop ${cell} was not read before`);
      return crop;
    };
    return {
      channels,
      height,
      width,
      diameter,
      count,
      masks,
      readCrop: (cell, out) => out.set(held(cell).pixels),
      readMask: (cell, out) => out.set(held(cell).mask!),
    };
  }

  crop(cell: number): Promise<Crop> {
    let known = this.#kept.get(cell);
    if (known === undefined) {
      known = this.#read(cell);
      // What could not be read is asked for again.
      known.catch(() => this.#kept.delete(cell));
    } else this.#kept.delete(cell);
    this.#kept.set(cell, known);
    for (const old of this.#kept.keys()) {
      if (this.#kept.size <= this.#capacity) break;
      this.#kept.delete(old);
      this.#ready.delete(old);
    }
    return known;
  }

  async #read(cell: number): Promise<Crop> {
    const [pixels, mask] = await Promise.all([this.#crops.read(cell), this.#masks?.read(cell)]);
    const crop = { pixels: Float32Array.from(pixels), mask: (mask as Uint8Array | undefined) ?? null };
    this.#ready.set(cell, crop);
    return crop;
  }

  /** Composite `row` of the study's plan (channels x height x width), as the encoder saw it. @throws LoadError */
  async composite(composites: PlanColumns, row: number): Promise<Float32Array> {
    const one = oneRow(composites, row, this.about.classes);
    const needed = [one.cell[0], one.donor[0], one.medium!.of[0]].filter((cell) => cell >= 0);
    return this.#made(needed, (out) => this.#compositor.compose(one, 0, out));
  }

  /** Crop of a cell after the intensity step, as `original` shows it. @throws LoadError */
  scaled(cell: number): Promise<Float32Array> {
    return this.#made([cell], (out) => this.#compositor.readScaled(cell, out));
  }

  /** Makes a crop of cells that are read first. */
  async #made(needed: number[], make: (out: Float32Array) => void): Promise<Float32Array> {
    const crops = await Promise.all(needed.map((cell) => this.crop(cell)));
    needed.forEach((cell, i) => this.#ready.set(cell, crops[i]));
    const out = new Float32Array(crops[0].pixels.length);
    make(out);
    // Some may have been dropped while others were read.
    for (const cell of needed) if (!this.#kept.has(cell)) this.#ready.delete(cell);
    return out;
  }
}

/** The plan's row as a plan of its own. */
function oneRow(of: PlanColumns, row: number, classes: readonly string[]): SwapPlan {
  return {
    seed: null,
    count: 1,
    classes,
    cell: of.cell.slice(row, row + 1),
    runs: [{ setting: of.setting[row], background: of.background[row], start: 0, end: 1 }],
    donor: of.donor.slice(row, row + 1),
    medium: { of: of.medium.slice(row, row + 1), key: null },
  };
}
