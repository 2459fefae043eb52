import { namedSeed } from "../core/rng.ts";
import { SettingError } from "../errors.ts";
import { diameterOf } from "../masks/diameter.ts";
import { type Setting, type SettingTraits, traitsOf } from "../settings.ts";
import type { CompositeOptions, CropSource, MaskKind, SwapPlan } from "../types.ts";
import { Filler, type FillKind } from "./fill/fill.ts";
import {
  applyScale,
  checkScale,
  countBeyond,
  type PixelScale,
  pixelScale,
  plainScales,
  type Scales,
  unscaled,
} from "./intensity.ts";
import { FieldMatcher } from "./match.ts";
import { type AlphaScratch, alphaScratch, pasteHard, pasteSoft, softAlpha } from "./paste.ts";
import { mediumOf } from "./plan.ts";
import { settingOf } from "./runs.ts";

/** Size of the filled donors that are kept, by default, bytes: 1,024 of two channels and 64 x 64 px, 64 of 256 x 256 px. */
const CACHE_BYTES = 32 * 2 ** 20;
/** Filled donors that are kept whatever their size: both fills of one donor, which are often wanted in turns. */
const LEAST_KEPT = 2;

/** What a center cell is pasted on; `signed` where -0 is among the pixels. */
interface Background {
  readonly crop: Float32Array;
  signed: boolean;
}

/** Refuses a setting that the masks do not allow. @throws SettingError */
export function checkSetting(
  setting: Setting,
  masks: MaskKind,
  options: Pick<CompositeOptions, "edge" | "donorCenter">,
): void {
  const { cell, background, removes } = traitsOf(setting);
  if (cell === "imaged") return;
  if (masks === "none")
    throw new SettingError(
      `setting ${setting} needs masks; make them with \`cellswap segment CELLS\`, or give "segment" in the study file`,
    );
  if (masks === "full" || background === "none") return;
  const why =
    removes !== "nothing"
      ? `setting ${setting}`
      : options.donorCenter === "fill"
        ? "donorCenter `fill`"
        : options.edge === "soft"
          ? "edge `soft`"
          : null;
  if (why !== null)
    throw new SettingError(
      `${why} needs masks that know the neighbors, these know the center cell only; add them with \`cellswap segment CELLS --neighbors\``,
    );
}

/**
 * Makes the composites of a swap plan, one row at a time, in any order; the same row gives the same bytes in every
 * order and process. Holds filled donors up to a size in bytes, and both fills of one donor whatever their size; what
 * it holds changes no result.
 */
export class Compositor {
  readonly #source: CropSource;
  /** What whole crops are brought to: by field nothing, there the matcher brings backgrounds to the cell's field. */
  readonly #scales: Scales;
  readonly #matcher: FieldMatcher | null;
  readonly #options: CompositeOptions;
  readonly #mask: Uint8Array;
  readonly #donorMask: Uint8Array;
  readonly #crop: Float32Array;
  readonly #scale: PixelScale;
  /** The donor whose whole crop `background` holds; -1 for none. */
  #lender = -1;
  readonly #background: Background;
  readonly #alpha: Float64Array;
  readonly #scratch: AlphaScratch;
  readonly #filler: Filler;
  readonly #filled = new Map<string, Background>();
  /** Filled donors that are kept at most. */
  readonly #capacity: number;

  /** @param cacheBytes size of the filled donors that are kept at most; two are kept in any case */
  constructor(
    source: CropSource,
    scales: Scales,
    options: CompositeOptions,
    { cacheBytes = CACHE_BYTES }: { cacheBytes?: number } = {},
  ) {
    this.#source = source;
    const byField = scales.kind === "group" && options.intensity === "field";
    this.#scales = byField ? plainScales("none") : scales;
    this.#matcher = byField ? new FieldMatcher(scales, source.channels.length, options.clip) : null;
    this.#options = options;
    const pixels = source.height * source.width;
    this.#mask = new Uint8Array(pixels);
    this.#donorMask = new Uint8Array(pixels);
    this.#crop = new Float32Array(source.channels.length * pixels);
    this.#capacity = Math.max(LEAST_KEPT, Math.floor(cacheBytes / this.#crop.byteLength));
    this.#scale = unscaled(source.channels.length);
    this.#background = { crop: new Float32Array(source.channels.length * pixels), signed: false };
    this.#alpha = new Float64Array(pixels);
    this.#scratch = alphaScratch(pixels);
    this.#filler = new Filler(source.channels.length, source.height, source.width, diameterOf(source));
  }

  /** Writes composite `row` of the plan (channels x height x width) into `out`. @throws SettingError */
  compose(plan: SwapPlan, row: number, out: Float32Array): void {
    const setting = settingOf(plan, row);
    const traits = traitsOf(setting);
    const cell = plan.cell[row];
    const { masks } = this.#source;
    checkSetting(setting, masks, this.#options);
    if (traits.cell === "removed") {
      out.set(this.#fill(cell, "center").crop);
      return;
    }
    if (traits.cell === "imaged") {
      this.readScaled(cell, out);
      return;
    }
    // Only the pixels that are pasted are scaled.
    checkScale(this.#scales, cell, this.#source.channels.length);
    this.#source.readCrop(cell, this.#crop);
    pixelScale(this.#crop, cell, this.#scales, this.#options.clip, this.#scale);
    this.#source.readMask(cell, this.#mask);
    const donor = mediumOf(plan, row);
    const background = traits.background === "none" ? null : this.#backgroundOf(traits, donor);
    const brought = this.#putBackground(background, donor, cell, out);
    const paste = { crop: this.#crop, background: out, scale: this.#scale };
    if (background === null || this.#options.edge === "hard") pasteHard(this.#mask, paste, out);
    else {
      const { height, width } = this.#source;
      const { near } = this.#scratch;
      const { sigma } = this.#options;
      softAlpha({ mask: this.#mask, height, width, sigma }, this.#alpha, this.#scratch);
      // A background of -0 takes the sign of the crop, also where that weighs nothing.
      if (background.signed && !brought)
        Object.assign(near, { top: 0, bottom: height - 1, left: 0, right: width - 1 });
      pasteSoft(this.#alpha, paste, out, { width, near });
    }
  }

  /** Crop of `cell` after the intensity step: as imaged by field. @throws SettingError where its group has no scale */
  readScaled(cell: number, out: Float32Array): void {
    const channels = this.#source.channels.length;
    checkScale(this.#scales, cell, channels);
    this.#source.readCrop(cell, out);
    applyScale(out, cell, channels, this.#scales, this.#options.clip);
  }

  /**
   * How many background pixels of composite `row` are clipped, outside the center mask, channels counted apart. By field
   * they are those of the filled donor; where whole crops are scaled, which are clipped before anything is removed,
   * those of the donor's crop. 0 for settings that paste on no crop.
   */
  countClipped(plan: SwapPlan, row: number): number {
    const traits = traitsOf(settingOf(plan, row));
    if (traits.cell !== "pasted" || traits.background === "none") return 0;
    const [cell, donor] = [plan.cell[row], mediumOf(plan, row)];
    this.#source.readMask(cell, this.#mask);
    if (this.#matcher !== null) {
      const { crop } = this.#backgroundOf(traits, donor);
      return this.#matcher.countClipped(crop, donor, cell, this.#mask);
    }
    checkScale(this.#scales, donor, this.#source.channels.length);
    this.#source.readCrop(donor, this.#crop);
    pixelScale(this.#crop, donor, this.#scales, this.#options.clip, this.#scale);
    return countBeyond(this.#crop, this.#scale, this.#mask);
  }

  /**
   * Writes what `cell` is pasted on, in its units: a background of `donor`, or nothing but medium. Says whether the
   * background had to be brought to another field.
   */
  #putBackground(background: Background | null, donor: number, cell: number, out: Float32Array): boolean {
    const matcher = this.#matcher;
    if (background === null) {
      if (matcher === null) out.fill(0);
      else matcher.putMedium(cell, out);
      return false;
    }
    if (matcher?.bring(background.crop, donor, cell, out)) return true;
    out.set(background.crop);
    return false;
  }

  #backgroundOf({ removes }: SettingTraits, donor: number): Background {
    if (removes === "all") return this.#fill(donor, "cell-free");
    if (this.#options.donorCenter === "fill") return this.#fill(donor, "center");
    if (this.#lender !== donor) {
      this.#lender = -1;
      this.readScaled(donor, this.#background.crop);
      this.#background.signed = hasNegativeZero(this.#background.crop);
      this.#lender = donor;
    }
    return this.#background;
  }

  /** Donor with its cells removed, in its own units, from the cache where it is there. */
  #fill(donor: number, kind: FillKind): Background {
    const key = `${donor} ${kind}`;
    let filled = this.#filled.get(key);
    if (filled !== undefined) {
      this.#filled.delete(key);
      this.#filled.set(key, filled);
      return filled;
    }
    if (this.#filled.size >= this.#capacity) {
      const [oldest, buffer] = this.#filled.entries().next().value!;
      this.#filled.delete(oldest);
      filled = buffer;
    } else filled = { crop: new Float32Array(this.#crop.length), signed: false };
    this.readScaled(donor, filled.crop);
    this.#source.readMask(donor, this.#donorMask);
    const { halo, seed } = this.#options;
    const light = this.#matcher?.light(donor);
    this.#filler.fill(filled.crop, this.#donorMask, {
      kind,
      halo,
      seed: namedSeed(seed, "fill", donor),
      ...(light === undefined ? {} : { light }),
    });
    filled.signed = hasNegativeZero(filled.crop);
    this.#filled.set(key, filled);
    return filled;
  }
}

function hasNegativeZero(values: Float32Array): boolean {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) if (bits[i] === -0x80000000) return true;
  return false;
}
