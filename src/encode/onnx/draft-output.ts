import { DataError } from "../../errors.ts";
import type { EncoderOutput } from "../description.ts";
import { tokenGrid } from "../tokens.ts";
import type { Probed } from "./apart.ts";
import type { Said } from "./draft.ts";
import type { DraftedInput } from "./draft-input.ts";
import type { OnnxModel, OnnxNode } from "./model.ts";

/** Numbers of classes that networks for photographs are trained on: ImageNet's, with and without a background. */
const CLASSES = [1000, 1001, 21841, 21842, 21843];
/** Names of outputs that hold scores. */
const SCORES = /logits?$|prob(abilit(y|ies)|s)?$|scores?$/i;
/** Operators that make probabilities. */
const PROBABILITIES = /^(Softmax|LogSoftmax|Sigmoid)$/;
/** Operators between the last layer and the scores. */
const BEHIND =
  /^(Softmax|LogSoftmax|Sigmoid|Flatten|Reshape|Squeeze|GlobalAveragePool|AveragePool|ReduceMean|Identity|Cast|Add|Relu)$/;
const BEFORE = /^(Dropout|Identity|Cast|Flatten|Reshape|Squeeze)$/;

/** Picks the output that is the features, and how it becomes a vector. */
export async function draftOutput(
  model: OnnxModel,
  outputs: readonly Probed[],
  input: DraftedInput,
  probe: (names: readonly string[]) => Promise<readonly Probed[]>,
): Promise<{ readonly output: Partial<EncoderOutput> & { output: string }; readonly said: readonly Said[] }> {
  const said: Said[] = outputs.map(({ name, type, dims }) => ({
    how: "read",
    text: `output ${name}: ${type} ${["batch", ...dims.slice(1)].join(" x ")}`,
  }));
  const usable = outputs.filter((o) => o.type === "float32" && o.dims.length >= 2 && o.dims.length <= 4);
  const isScores = scoresOf(model);
  const rank = (output: Probed) => (isScores(output) ? 3 : rankOf(output, usable));
  const best = [...usable].sort((a, b) => rank(a) - rank(b))[0];
  if (best === undefined)
    throw new DataError(
      "has no output of floating-point numbers for each input; name a tensor inside it by hand",
      {
        path: model.path,
      },
    );
  if (isScores(best)) {
    const before = lastFeatures(model, best);
    const [inner] = before === null ? [] : await probe([before]);
    if (inner !== undefined) {
      said.push({
        how: "guessed",
        text: `${best.name} holds scores of ${classes(best)} classes; the features are ${inner.name} before the last layer (batch x ${inner.dims.slice(1).join(" x ")})`,
      });
      return { output: form(inner, input, said), said };
    }
    said.push({
      how: "guessed",
      text: `${best.name} seems to hold scores of ${classes(best)} classes, and the layer before them is not found: name a tensor before it (encoder show --tensors)`,
    });
  }
  if (usable.length > 1) said.push({ how: "guessed", text: `the features are ${best.name}` });
  return { output: form(best, input, said), said };
}

/** Vectors first, but not what a pooling layer makes of tokens that are there. */
function rankOf(output: Probed, all: readonly Probed[]): number {
  if (output.dims.length === 3) return 1;
  if (isVector(output)) return /pooler/i.test(output.name) && all.some((o) => o.dims.length === 3) ? 2 : 0;
  return 2;
}

function isVector({ dims }: Probed): boolean {
  return dims.slice(2).every((n) => n === 1);
}

function classes({ dims }: Probed): number {
  return dims.slice(1).reduce((a, b) => a * b, 1);
}

/** Whether an output seems to hold scores: by their number, its name, or the operator that makes it. */
function scoresOf({ graph }: OnnxModel): (output: Probed) => boolean {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((o) => [o, node.operator] as const)));
  return (output) =>
    isVector(output) &&
    (CLASSES.includes(classes(output)) ||
      SCORES.test(output.name) ||
      PROBABILITIES.test(makers.get(output.name) ?? ""));
}

/** What goes into the layer that makes the scores; null where it is not found. */
function lastFeatures({ graph }: OnnxModel, { name }: Probed): string | null {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((o) => [o, node] as const)));
  let node = makers.get(name);
  while (node !== undefined && BEHIND.test(node.operator))
    node = node.inputs.map((i) => makers.get(i)).find(isDefined);
  if (node === undefined || !/^(Gemm|MatMul|Conv)$/.test(node.operator)) return null;
  let features = node.inputs[0];
  for (
    let before = makers.get(features);
    before !== undefined && BEFORE.test(before.operator);
    before = makers.get(features)
  )
    features = before.inputs[0];
  return makers.has(features) ? features : null;
}

function isDefined(node: OnnxNode | undefined): node is OnnxNode {
  return node !== undefined;
}

/** Layout of a feature map: the one in which it has the proportions of the input; the input's where both have. */
function mapLayout(
  [, first, second, third]: readonly number[],
  { height, width, layout }: DraftedInput["input"],
): "NCHW" | "NHWC" {
  const alike = (rows: number, columns: number) => rows * width === columns * height;
  const [NCHW, NHWC] = [alike(second, third), alike(first, second)];
  if (NCHW === NHWC) return layout;
  return NCHW ? "NCHW" : "NHWC";
}

/** Layout and pooling of an output. */
function form(
  output: Probed,
  { input }: DraftedInput,
  said: Said[],
): Partial<EncoderOutput> & { output: string } {
  const { name, dims } = output;
  if (isVector(output)) return { output: name };
  if (dims.length === 4) {
    const layout = mapLayout(dims, input);
    said.push({ how: "guessed", text: `${name} is a feature map (${layout}); its mean is taken` });
    return { output: name, layout, pool: "mean" };
  }
  try {
    const { prefix, rows, columns } = tokenGrid(dims[1], input, {});
    const pool = prefix > 0 ? "class" : "mean";
    said.push({
      how: "guessed",
      text: `${name} holds tokens: ${rows} x ${columns} patches behind ${prefix}; ${pool === "class" ? "the first, the class token, is taken" : "the mean of the patches is taken"}`,
    });
    return { output: name, layout: "tokens", pool };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    said.push({ how: "guessed", text: `${name} ${error.message}; the first token is taken` });
    return { output: name, layout: "tokens", pool: "class" };
  }
}
