import type { Scales } from "../../swap/intensity.ts";
import { FieldMatcher } from "../../swap/match.ts";
import { alphaScratch, pasteHard, pasteSoft, softAlpha } from "../../swap/paste.ts";
import type { CompositeOptions, CropSource } from "../../types.ts";
import { moveMask, movePlanes } from "./neighbors.ts";
import type { Added } from "./trial.ts";

/**
 * Pastes the center cell of another crop on a donor's (channels x height x width, as imaged), along its mask and with the
 * trial's edge. Where there are levels, it is brought from those of its own group to those of the donor's, without
 * clipping. @returns its label mask where it lies now
 */
export function addNeighbor(
  source: CropSource,
  scales: Scales,
  { edge, sigma }: Pick<CompositeOptions, "edge" | "sigma">,
  lender: number,
  { from, dx, dy }: Added,
  donor: Float32Array,
): Uint8Array {
  const { height, width, channels } = source;
  const pixels = height * width;
  const crop = new Float32Array(donor.length);
  const mask = new Uint8Array(pixels);
  source.readCrop(from, crop);
  source.readMask(from, mask);
  const matched = new Float32Array(donor.length);
  const matcher = scales.kind === "group" ? new FieldMatcher(scales, channels.length, null) : null;
  const brought = matcher?.bring(crop, from, lender, matched) ?? false;
  const moved = new Float32Array(donor.length);
  const lies = new Uint8Array(pixels);
  movePlanes(brought ? matched : crop, source, { dx, dy }, moved);
  moveMask(mask, source, { dx, dy }, lies);
  const paste = { crop: moved, background: donor };
  if (edge === "hard") pasteHard(lies, paste, donor);
  else {
    const scratch = alphaScratch(pixels);
    const alpha = new Float64Array(pixels);
    softAlpha({ mask: lies, height, width, sigma }, alpha, scratch);
    pasteSoft(alpha, paste, donor, { width, near: scratch.near });
  }
  return lies;
}
