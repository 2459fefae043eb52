import { hasDonor, type Setting, traitsOf } from "../settings.ts";
import type { CompositeOptions } from "../types.ts";

/** Raised whenever composites of the same crops and choices get other pixels. */
const COMPOSITE_VERSION = 2;

/**
 * What the composites of a setting follow: its traits and those of the choices that it looks at, as plain data.
 * @param diameter of the cells, px, where it is not the one that the size of the crops says
 */
export function recipeOf(
  setting: Setting,
  options: CompositeOptions,
  diameter?: number,
): Readonly<Record<string, unknown>> {
  const { cell, background } = traitsOf(setting);
  const { edge, sigma, halo, intensity, clip, seed } = options;
  const pasted = cell === "pasted" && background !== "none";
  const removed = removedBy(setting, options);
  const raw = intensity === "none" || (intensity === "field" && !looksAtScales(setting, options));
  // By field only a background of another field is clipped.
  const clipped = intensity === "field" ? hasDonor(setting) : !raw;
  return {
    version: COMPOSITE_VERSION,
    cell,
    background: background === "none" ? "none" : removed,
    intensity: raw ? "none" : intensity,
    ...(clipped ? { clip } : {}),
    ...(pasted ? { edge, ...(edge === "soft" ? { sigma } : {}) } : {}),
    ...(removed === "nothing" ? {} : { halo, seed, ...(diameter === undefined ? {} : { diameter }) }),
  };
}

/**
 * Whether the composites of a setting depend on the scales of fields or proteins. By field the crop as imaged and the
 * cell on its own crop do not; a fill does, as it is told how bright cells are.
 */
export function looksAtScales(
  setting: Setting,
  options: Pick<CompositeOptions, "intensity" | "donorCenter">,
): boolean {
  if (options.intensity === "none" || options.intensity === "crop") return false;
  if (options.intensity === "protein") return true;
  return traitsOf(setting).background !== "own" || removedBy(setting, options) !== "nothing";
}

/** Which cells are taken out of the background. */
function removedBy(setting: Setting, { donorCenter }: Pick<CompositeOptions, "donorCenter">) {
  const { cell, background, removes } = traitsOf(setting);
  const pasted = cell === "pasted" && background !== "none";
  return pasted && removes === "nothing" && donorCenter === "fill" ? "center" : removes;
}
