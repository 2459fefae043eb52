import { type Setting, traitsOf } from "../settings.ts";
import type { CompositeOptions } from "../types.ts";

/** Raised whenever composites of the same crops and choices get other pixels. */
export const COMPOSITE_VERSION = 1;

/** What the composites of a setting follow: its traits and those of the choices that it looks at, as plain data. */
export function recipeOf(setting: Setting, options: CompositeOptions): Readonly<Record<string, unknown>> {
  const { cell, background, removes } = traitsOf(setting);
  const { edge, sigma, donorCenter, halo, intensity, clip, seed } = options;
  const pasted = cell === "pasted" && background !== "none";
  const removed = pasted && removes === "nothing" && donorCenter === "fill" ? "center" : removes;
  return {
    version: COMPOSITE_VERSION,
    cell,
    background: background === "none" ? "none" : removed,
    intensity,
    ...(intensity === "none" ? {} : { clip }),
    ...(pasted ? { edge, ...(edge === "soft" ? { sigma } : {}) } : {}),
    ...(removed === "nothing" ? {} : { halo, seed }),
  };
}
