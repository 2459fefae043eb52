import type { CompositeOptions, Flag } from "../types.ts";
import type { EncoderDescription, PreprocessStep } from "./description.ts";

/** What a step makes of the unit that pixels are in: takes it out, depends on it, or hands it on. */
function unitOf(step: PreprocessStep): "removed" | "constant" | "kept" {
  switch (step.step) {
    case "minmax":
    case "standardize":
      return "removed";
    case "percentile":
      return step.divide === "always" ? "removed" : "constant";
    case "clip":
      return "constant";
    default:
      return "kept";
  }
}

/** Whether an encoder sees other inputs where all pixels are given in another unit: constants act before the crop's own range does. */
export function followsUnits(steps: readonly PreprocessStep[]): boolean {
  const first = steps.map(unitOf).find((unit) => unit !== "kept");
  return first !== "removed";
}

/**
 * Warns of an encoder that scales by constants where the intensity step hands it other units than the images have; by
 * field, cells stay as they were imaged.
 */
export function changedUnits(
  { name, preprocess }: Pick<EncoderDescription, "name" | "preprocess">,
  intensity: CompositeOptions["intensity"],
): Flag | null {
  if (intensity === "none" || intensity === "field" || !followsUnits(preprocess)) return null;
  const constants = preprocess.map((s) => s.step).filter((s) => !["crop", "pad", "resize"].includes(s));
  return {
    id: "changed-units",
    severity: "warning",
    encoder: name,
    text: `encoder ${name} takes pixels by constants (${constants.length === 0 ? "no step scales them" : constants.join(", ")}), and \`intensity: ${intensity}\` hands it other units than the images have, in which it is another network; set "intensity" to field or none, unless it was trained on such units`,
  };
}
