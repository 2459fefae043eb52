import type { StoreHeader } from "../cells/store.ts";
import { outputsOf } from "../encode/command/program.ts";
import { ENCODE_VERSION } from "../encode/description.ts";
import type { EncoderFile } from "../encode/encoder-file.ts";
import { takesMasks } from "../encode/network.ts";
import { canonicalJson, sha256 } from "../files/hash.ts";
import { SETTINGS, type Setting, traitsOf } from "../settings.ts";
import type { Derived } from "../swap/derived.ts";
import type { Scales } from "../swap/intensity.ts";
import { planHash } from "../swap/plan-file.ts";
import { looksAtScales, recipeOf } from "../swap/recipe.ts";
import { type SeededError, wrongMasksKey } from "../swap/wrong-masks.ts";
import type { CompositeOptions } from "../types.ts";

/** Length of keys in names: 48 bits are enough to tell apart what one folder holds. */
const SHORT = 12;

/** What of a cell store features depend on. */
type KeyedHeader = Pick<StoreHeader, "hashes" | "channels" | "diameter">;

/** What the features of a study depend on, whatever the setting and the encoder. */
export interface FeatureInputs {
  readonly header: KeyedHeader;
  /** {@link scalesHash} */
  readonly scales: string;
  readonly composite: CompositeOptions;
  /** The plan's, where donors take the medium of other crops. */
  readonly medium?: string | null | undefined;
  /** {@link derivedKey}, where cells of the plan may be composites of another one. */
  readonly derived?: string | undefined;
}

/**
 * Key of the features of one output of an encoder in one setting: a hash of exactly what a row depends on besides its
 * cell and donor (pixels, masks and scales where they are looked at, the choices that the setting's composites follow,
 * network, preprocessing, pooling, and the versions of the methods). Rows of one key can stand side by side.
 */
export function featureKey(
  inputs: FeatureInputs,
  encoder: EncoderFile,
  output: number,
  setting: Setting,
): string {
  const { description, hash: model } = encoder;
  const { output: name, layout, pool, grid, prefix } = description.outputs[output];
  const { input, preprocess } = description;
  const own =
    encoder.kind === "onnx"
      ? {
          extraInputs: encoder.description.extraInputs,
          alone: encoder.half || undefined,
          device: encoder.device === "cpu" ? undefined : encoder.device,
        }
      : // Its arrays have no names: which one an output is, is its place.
        { array: outputsOf(encoder).indexOf(name) || undefined };
  const masked = traitsOf(setting).cell !== "imaged" || pool === "center-mean" || takesMasks(encoder);
  return shortHash({
    ...pixelsOf(inputs, setting, masked),
    encoder: {
      version: ENCODE_VERSION,
      model,
      input,
      ...own,
      preprocess,
      output: { output: name, layout, pool, grid, prefix },
    },
  });
}

/** A store's header as it would be had its masks an error. */
export function withError(header: KeyedHeader, error: SeededError): KeyedHeader {
  const masks = shortHash(wrongMasksKey(header.hashes["masks.npy"], error));
  return { ...header, hashes: { ...header.hashes, "masks.npy": masks } };
}

/** Key of the pixels of composites in some settings: a hash of all that they depend on besides cells and donors. */
export function pixelsKey(inputs: FeatureInputs, settings: readonly Setting[]): string {
  return shortHash(settings.map((s) => [s, pixelsOf(inputs, s, traitsOf(s).cell !== "imaged")]));
}

/** Raised whenever composites of composites, or their masks, get other pixels. */
const DERIVED_VERSION = 2;

/** Key of crops that are derived from those of a store: a hash of all that their pixels and masks depend on. */
export function derivedKey(inputs: FeatureInputs, { plan, center, centerFrom, dilate }: Derived): string {
  const settings = [...new Set(plan.runs.map(({ setting }) => SETTINGS[setting]))];
  const from = { ...inputs, medium: plan.medium?.key };
  return shortHash({
    version: DERIVED_VERSION,
    plan: planHash(plan),
    pixels: pixelsKey(from, settings),
    masks: inputs.header.hashes["masks.npy"],
    center,
    centerFrom,
    dilate,
    keepsDonor: inputs.composite.donorCenter === "keep",
  });
}

/** @param masked whether masks are looked at */
function pixelsOf(
  { header, scales, composite, medium = null, derived }: FeatureInputs,
  setting: Setting,
  masked: boolean,
) {
  return {
    ...(derived === undefined ? {} : { derived }),
    ...(medium !== null && traitsOf(setting).removes === "all" ? { medium } : {}),
    crops: header.hashes["crops.npy"],
    channels: header.channels,
    masks: masked ? header.hashes["masks.npy"] : null,
    scales: looksAtScales(setting, composite) ? scales : null,
    recipe: recipeOf(setting, composite, header.diameter),
  };
}

/** Hash (48 bits, hex) of a plain value or of bytes. */
export function shortHash(value: unknown): string {
  return sha256(value instanceof Uint8Array ? value : canonicalJson(value)).slice(0, SHORT);
}

/** Hash of the constants that pixels are scaled by. */
export function scalesHash({ kind, groups, groupOf, background, cell }: Scales): string {
  const numbers = [groupOf, background, cell].map(
    (a) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength),
  );
  return shortHash(Buffer.concat([Buffer.from(canonicalJson([kind, groups])), ...numbers]));
}
