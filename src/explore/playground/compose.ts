import { diameterOf } from "../../masks/diameter.ts";
import { MaskErrors } from "../../masks/mask-error.ts";
import { SETTINGS, type Setting } from "../../settings.ts";
import { Compositor } from "../../swap/composite.ts";
import type { Scales } from "../../swap/intensity.ts";
import { OtherCrops } from "../../swap/other-crops.ts";
import {
  BACKGROUND,
  CENTER,
  type CompositeOptions,
  type CropSource,
  NEIGHBOR,
  type SwapPlan,
} from "../../types.ts";
import { addNeighbor } from "./add.ts";
import { moveMask, movePlanes, neighborsOf } from "./neighbors.ts";
import { trialScales } from "./scales.ts";
import { lenderOf, type Scene, type Trial } from "./trial.ts";

/** A setting of the library that makes each scene; the compositor goes by its traits alone. */
const SETTING_OF: Readonly<Record<Scene, Setting>> = {
  imaged: "original",
  neighbors: "different",
  medium: "cell-free",
  nothing: "masked",
  alone: "background-only",
};

/** What a trial shows. */
export interface Tried {
  /** Channels x height x width, in the cell's units. */
  readonly crop: Float32Array;
  /** Label mask of the cell where it is now, as the encoder is told: its own neighbors are in it, not the donor's. */
  readonly mask: Uint8Array;
  /** Label mask of what lies around: the donor's, its own center cell as 1, erased neighbors as 0, added ones as 2. */
  readonly around: Uint8Array;
}

/**
 * Makes trials by the library's {@link Compositor}, from crops that are changed before. A trial without edits is the
 * study's composite to the bit.
 *
 * - The cell is moved with its mask; what comes in at the edge of its crop is background and repeats the edge.
 * - An erased neighbor is labeled as center cell in the donor's mask, and the donor's center is filled: the neighbor is
 *   taken out as the donor's own cell is, with a rim of `halo` px that spares other neighbors, and its light beyond. Where
 *   the donor's own cell is kept, it is labeled as neighbor meanwhile.
 * - Added neighbors lie on the donor's crop before anything is filled, and are neighbors in its mask.
 * - A moved outline is wrong in the cell and in the donor, as in `WrongMasks`; levels stay those of the study.
 */
export class TrialComposer {
  readonly #source: CropSource;
  readonly #scales: Scales;
  readonly #studied: CompositeOptions["intensity"];
  readonly #errors: MaskErrors;
  readonly #labels: Int32Array;
  #kept: { readonly key: string; readonly crops: TrialCrops; readonly compositor: Compositor } | null = null;

  /** @param studied the intensity that `scales` are of */
  constructor(source: CropSource, scales: Scales, studied: CompositeOptions["intensity"]) {
    const { height, width } = source;
    this.#source = source;
    this.#scales = scales;
    this.#studied = studied;
    this.#errors = new MaskErrors(height, width, diameterOf(source));
    this.#labels = new Int32Array(height * width);
  }

  /** Makes a trial of `cell`. @throws SettingError where masks or levels do not allow it */
  compose(cell: number, trial: Trial): Tried {
    const { scene } = trial;
    const lender = lenderOf(trial, cell);
    const { crops, compositor } = this.#opened(
      cell,
      lender,
      scene === "imaged" ? { ...trial, added: [], erased: [] } : trial,
    );
    const pasted = scene !== "imaged" && scene !== "alone";
    this.#setCell(crops, cell, pasted ? trial : { ...trial, dx: 0, dy: 0 });
    // The cell's crop lies behind the store's, so that it may be changed otherwise than the donor's where both are one.
    const plan = onePlan(SETTING_OF[scene], pasted ? crops.count - 1 : lender, lender);
    const crop = new Float32Array(crops.cell.length);
    compositor.compose(plan, 0, crop);
    return { crop, mask: crops.mask.slice(), around: crops.around };
  }

  /** The compositor of the last trial, if the donor is as it was then. */
  #opened(cell: number, lender: number, trial: Trial) {
    const { options, outline, erased, added, scene } = trial;
    // Levels of the cell itself come into these scales only.
    const own = options.intensity === "none" ? -1 : cell;
    const key = JSON.stringify([own, lender, options, outline, erased, added, scene === "nothing"]);
    if (this.#kept?.key === key) return this.#kept;
    const scales = trialScales(this.#source, this.#scales, {
      intensity: options.intensity,
      studied: this.#studied,
      lender,
      others: [cell, ...added.map((a) => a.from)],
      cell,
    });
    const crops = new TrialCrops(this.#source, lender);
    this.#setDonor(crops, lender, trial, scales);
    const donorCenter = erased.length > 0 ? "fill" : options.donorCenter;
    const compositor = new Compositor(crops, scales, { ...options, donorCenter });
    this.#kept = { key, crops, compositor };
    return this.#kept;
  }

  #setCell(crops: TrialCrops, cell: number, { dx, dy, outline }: Trial): void {
    const source = this.#source;
    if (dx === 0 && dy === 0) {
      source.readCrop(cell, crops.cell);
      if (source.masks === "none") return;
      source.readMask(cell, crops.mask);
      this.#moveOutline(crops.mask, outline);
      return;
    }
    const [crop, mask] = [crops.cell.slice(), crops.mask.slice()];
    source.readCrop(cell, crop);
    movePlanes(crop, source, { dx, dy }, crops.cell);
    if (source.masks === "none") return;
    source.readMask(cell, mask);
    this.#moveOutline(mask, outline);
    moveMask(mask, source, { dx, dy }, crops.mask);
  }

  #setDonor(crops: TrialCrops, lender: number, trial: Trial, scales: Scales): void {
    const { outline, erased, added, options, scene } = trial;
    const source = this.#source;
    source.readCrop(lender, crops.donor);
    if (source.masks === "none") return;
    const { donorMask, around } = crops;
    source.readMask(lender, donorMask);
    const { height, width } = source;
    if (erased.length > 0) neighborsOf(donorMask, height, width, this.#labels);
    this.#moveOutline(donorMask, outline);
    around.set(donorMask);
    if (erased.length > 0) {
      const gone = new Set(erased);
      const keeps = scene === "neighbors" && options.donorCenter === "keep";
      for (let p = 0; p < donorMask.length; p++)
        if (this.#labels[p] > 0 && gone.has(this.#labels[p]) && donorMask[p] === NEIGHBOR) {
          donorMask[p] = CENTER;
          around[p] = BACKGROUND;
        } else if (keeps && donorMask[p] === CENTER) donorMask[p] = NEIGHBOR;
    }
    for (const one of added) {
      const lies = addNeighbor(source, scales, options, lender, one, crops.donor);
      for (let p = 0; p < lies.length; p++) if (lies[p] === CENTER) donorMask[p] = around[p] = NEIGHBOR;
    }
  }

  #moveOutline(mask: Uint8Array, outline: number): void {
    if (outline === 0) return;
    this.#errors.put(mask, { kind: outline > 0 ? "dilate" : "erode", amount: Math.abs(outline) }, 0);
  }
}

/** The crops of a store with one donor changed, and behind them a changed cell. */
class TrialCrops extends OtherCrops {
  readonly #source: CropSource;
  readonly #lender: number;
  readonly cell: Float32Array;
  readonly mask: Uint8Array;
  readonly donor: Float32Array;
  readonly donorMask: Uint8Array;
  readonly around: Uint8Array;

  constructor(source: CropSource, lender: number) {
    super(source);
    const pixels = source.height * source.width;
    this.#source = source;
    this.#lender = lender;
    this.cell = new Float32Array(source.channels.length * pixels);
    this.mask = new Uint8Array(pixels);
    this.donor = new Float32Array(source.channels.length * pixels);
    this.donorMask = new Uint8Array(pixels);
    this.around = new Uint8Array(pixels);
  }

  override get count(): number {
    return this.#source.count + 1;
  }

  readCrop(cell: number, out: Float32Array): void {
    out.set(cell === this.#lender ? this.donor : this.cell);
  }

  readMask(cell: number, out: Uint8Array): void {
    out.set(cell === this.#lender ? this.donorMask : this.mask);
  }
}

function onePlan(setting: Setting, cell: number, donor: number): SwapPlan {
  return {
    seed: null,
    count: 1,
    classes: [],
    cell: Int32Array.of(cell),
    runs: [{ setting: SETTINGS.indexOf(setting), background: -1, start: 0, end: 1 }],
    donor: Int32Array.of(donor),
  };
}
