import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { readJson } from "../../files/json.ts";
import type { PreprocessStep } from "../description.ts";
import type { Said } from "./draft.ts";
import type { DraftedInput } from "./draft-input.ts";

/** Mean and standard deviation of the channels of ImageNet, on pixels from 0 to 1. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], sd: [0.229, 0.224, 0.225] };

/** `preprocessor_config.json` as Transformers writes it beside a model. */
const Config = z.object({ image_mean: z.array(z.number()), image_std: z.array(z.number().positive()) });

/**
 * The preprocessing of a network: its size; then pixels from 0 to 1 by crop and the constants that Transformers keeps
 * beside the model or, for three channels, those of ImageNet; for other numbers of channels each crop standardized.
 */
export function draftSteps(
  path: string,
  { input }: DraftedInput,
): { readonly preprocess: readonly PreprocessStep[]; readonly said: readonly Said[] } {
  const { height, width, channels } = input;
  const resize: PreprocessStep = { step: "resize", height, width };
  const size: Said = { how: "guessed", text: `crops are resized to ${height} x ${width} px` };
  const unit: PreprocessStep = { step: "minmax", epsilon: 0 };
  const config = configBeside(path);
  if (config !== null && config.image_mean.length === channels.length)
    return {
      preprocess: [resize, unit, { step: "fixed", mean: config.image_mean, sd: config.image_std }],
      said: [
        size,
        { how: "guessed", text: "pixels of a crop are brought to 0 to 1 by channel (minmax)" },
        { how: "read", text: "mean and sd from preprocessor_config.json" },
      ],
    };
  if (channels.length === 3)
    return {
      preprocess: [resize, unit, { step: "fixed", ...IMAGENET }],
      said: [
        size,
        {
          how: "guessed",
          text: "three channels: pixels of a crop brought to 0 to 1 by channel (minmax), then ImageNet's mean and sd, as torchvision, timm and DINO have it; put there what the network was trained with",
        },
      ],
    };
  return {
    preprocess: [resize, { step: "standardize", epsilon: 1e-6, floor: "none", over: "channel" }],
    said: [
      size,
      {
        how: "guessed",
        text: "each channel of a crop is standardized; a model file does not say how its inputs were scaled: put there what it was trained with",
      },
    ],
  };
}

function configBeside(path: string): z.infer<typeof Config> | null {
  const file = join(dirname(path), "preprocessor_config.json");
  if (!existsSync(file)) return null;
  try {
    const parsed = Config.safeParse(readJson(file));
    return parsed.success && parsed.data.image_mean.length === parsed.data.image_std.length
      ? parsed.data
      : null;
  } catch {
    // Not a configuration: nothing is read from it.
    return null;
  }
}
