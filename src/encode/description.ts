import { z } from "zod";

/** Raised whenever the same crops, description and network give other features (ONNX Runtime included). */
export const ENCODE_VERSION = 1;

/** Pixels: far more than any network takes. */
const side = z.int().positive().max(16384);

const channelwise = "Statistics are taken per crop and channel, in float64.";

/** One preprocessing step; they run in the order given. */
export const PreprocessStep = z
  .discriminatedUnion("step", [
    z.strictObject({
      step: z.literal("crop"),
      height: side,
      width: side,
      at: z.enum(["center", "five"]).default("center").describe("five: center and corners, outputs averaged"),
    }),
    z.strictObject({
      step: z.literal("pad"),
      height: side,
      width: side,
      with: z.enum(["zero", "edge"]).default("edge"),
    }),
    z
      .strictObject({ step: z.literal("resize"), height: side, width: side })
      .describe("Bilinear, pixel centers aligned at half pixels, no antialiasing."),
    z
      .strictObject({ step: z.literal("minmax"), epsilon: z.number().nonnegative().default(0) })
      .describe(`(x - min) / max(max - min, epsilon); a constant channel becomes 0. ${channelwise}`),
    z
      .strictObject({
        step: z.literal("standardize"),
        epsilon: z.number().nonnegative().default(0),
        floor: z.enum(["none", "inverse-sqrt"]).default("none"),
        over: z.enum(["channel", "crop"]).default("channel"),
      })
      .describe(
        "(x - mean) / (SD + epsilon), population SD; with floor inverse-sqrt the divisor is max(SD, 1/sqrt(N)), N the number of values (tf.image.per_image_standardization).",
      ),
    z
      .strictObject({
        step: z.literal("percentile"),
        low: z.number().min(0).max(100),
        high: z.number().min(0).max(100),
        clip: z.enum(["both", "top", "none"]).default("both"),
        divide: z.enum(["always", "range-over-one"]).default("always"),
        epsilon: z.number().nonnegative().default(0),
      })
      .describe(
        `Stretch between two percentiles (linear interpolation): clipped, minus the low one, divided by max(range, epsilon), or only where the range is over 1. ${channelwise}`,
      ),
    z
      .strictObject({
        step: z.literal("fixed"),
        mean: z.array(z.number()).min(1),
        sd: z.array(z.number().positive()).min(1),
      })
      .describe("(x - mean) / sd with one constant per channel, as trained."),
    z.strictObject({ step: z.literal("scale"), factor: z.number(), offset: z.number().default(0) }),
    z.strictObject({ step: z.literal("clip"), low: z.number(), high: z.number() }),
  ])
  .describe("A preprocessing step from a closed list.");
export type PreprocessStep = z.infer<typeof PreprocessStep>;

/** One output of the network that is used as features. */
export const EncoderOutput = z.strictObject({
  output: z.string().min(1).describe("Name of the network's output."),
  layer: z
    .string()
    .regex(/^[A-Za-z0-9._-]+$/)
    .optional()
    .describe("Name of the layer, shown behind the encoder's name when there are several."),
  layout: z
    .enum(["vector", "NCHW", "NHWC", "tokens"])
    .default("vector")
    .describe("vector: batch x features; tokens: batch x tokens x features; else a feature map."),
  pool: z
    .enum(["none", "max", "mean", "flatten", "center-mean", "class"])
    .default("none")
    .describe(
      "How a feature map or the tokens of patches become a vector; center-mean weighs by the center mask; class is the first token.",
    ),
  grid: z
    .tuple([z.int().positive(), z.int().positive()])
    .optional()
    .describe("Rows and columns of patches, where they cannot be told from the number of tokens."),
  prefix: z
    .int()
    .nonnegative()
    .optional()
    .describe("Tokens before the patches (class token, registers), where that cannot be told either."),
});
export type EncoderOutput = z.infer<typeof EncoderOutput>;

/** What a further input of an ONNX network gets. */
export const ExtraInput = z.strictObject({
  name: z.string().min(1).describe("Name of the ONNX input."),
  value: z
    .union([z.literal("center-mask"), z.number(), z.array(z.number()).min(1)], {
      error: "use center-mask, a number or a list of numbers",
    })
    .describe("center-mask: 1 where the center cell is, else 0; or a constant."),
  shape: z
    .array(
      z.union([z.int().positive(), z.literal("batch")], { error: "use a number of 1 or more, or batch" }),
    )
    .optional()
    .describe("Shape of a constant, where the network leaves more open than the batch."),
});
export type ExtraInput = z.infer<typeof ExtraInput>;

const size = side.describe("Pixels, after preprocessing.");
const input = {
  channels: z.array(z.string().min(1)).min(1).describe("Channels by name, in the network's order."),
  height: size,
  width: size,
  layout: z.enum(["NCHW", "NHWC"]).default("NCHW"),
};
const head = {
  $schema: z.string().optional(),
  format: z.literal("cellswap-encoder"),
  version: z.literal(1),
  name: z.string().regex(/^[A-Za-z0-9._-]+$/, "letters, digits, dot, dash and underscore only"),
  title: z.string().optional().describe("One line for people."),
};
const rest = {
  preprocess: z.array(PreprocessStep).default([]),
  outputs: z.array(EncoderOutput).min(1),
  license: z.string().optional(),
  source: z.string().optional().describe("Where the weights come from."),
  citation: z.string().optional(),
  notes: z.array(z.string()).optional(),
  retrained: z
    .string()
    .min(1)
    .optional()
    .describe("Name of the same encoder trained with swapped backgrounds: its twin among the remedies."),
};

/** The sidecar of an ONNX encoder: everything that is needed to feed it. */
export const OnnxDescription = z.strictObject({
  ...head,
  model: z.string().min(1).describe("ONNX file, relative to this file."),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .describe("Hash of the ONNX file, and of those that hold its weights; checked when given."),
  input: z.strictObject({
    name: z.string().min(1).describe("Name of the ONNX input."),
    ...input,
    batch: z
      .int()
      .positive()
      .max(4096)
      .optional()
      .describe("Inputs at a time, where the network takes no other number and does not say so itself."),
  }),
  extraInputs: z.array(ExtraInput).optional(),
  ...rest,
});
export type OnnxDescription = z.infer<typeof OnnxDescription>;

const seconds = z.number().positive().max(86400);

/** An encoder that is another program, which reads crops and writes features (docs/own-model.md). */
export const CommandDescription = z.strictObject({
  ...head,
  command: z
    .array(z.string().min(1))
    .min(1)
    .describe("Program and arguments, as they are: no shell. It runs in the folder of this file."),
  files: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Further files that the features depend on, relative to this file; arguments that name a file count already.",
    ),
  batch: z
    .int()
    .min(1)
    .max(4096)
    .default(32)
    .describe("Inputs that the program gets at a time, always as many."),
  processes: z.int().min(1).max(64).default(1).describe("How often the program is started."),
  seconds: z
    .strictObject({
      start: seconds.default(600).describe("From the start to the first features."),
      batch: seconds.default(300).describe("For the features of a batch."),
    })
    .default({ start: 600, batch: 300 })
    .describe("How long it may take; one that takes longer is ended."),
  input: z.strictObject({
    ...input,
    masks: z
      .boolean()
      .default(false)
      .describe("Whether it gets the center masks as well, behind every batch."),
  }),
  ...rest,
});
export type CommandDescription = z.infer<typeof CommandDescription>;

/** How an encoder is run and fed: `model` (an ONNX file) or `command` (a program). */
export const EncoderDescription = z.union([OnnxDescription, CommandDescription]);
export type EncoderDescription = z.infer<typeof EncoderDescription>;

/** Names of an encoder's outputs in tables: the encoder's, with the layer behind it where there are several. */
export function namesOfOutputs({ name, outputs }: Pick<EncoderDescription, "name" | "outputs">): string[] {
  return outputs.map(({ layer, output }) => (outputs.length === 1 ? name : `${name}.${layer ?? output}`));
}
