import { existsSync, realpathSync } from "node:fs";
import { basename } from "node:path";
import { DataError, StudyError } from "../errors.ts";
import { checkTarget } from "../files/atomic.ts";
import { sha256 } from "../files/hash.ts";
import { replacePair } from "../files/pair.ts";
import { EncoderOutput, OnnxDescription } from "./description.ts";
import { appendTo } from "./onnx/append.ts";
import type { OnnxFile } from "./onnx/file.ts";
import { type AffineLayer, LayerAppender } from "./onnx/layers.ts";
import { shapesOf } from "./pooled.ts";

/** Features of an exported encoder: an output of its network, pooled as described, and what follows it. */
export interface ExportedFeatures {
  readonly output: EncoderOutput;
  /** Applied to the pooled vector. */
  readonly affine?: AffineLayer;
  /** Whether probabilities are made of what the affine map gives. */
  readonly softmax?: boolean;
}

export interface ExportEncoderOptions {
  /** Path of the description, `NAME.json`; the network goes beside it, `NAME.onnx`. */
  readonly out: string;
  /** Name of the encoder; that of the file where absent. */
  readonly name?: string;
  readonly title?: string;
  /** Lines for people, behind those of the encoder. */
  readonly notes?: readonly string[];
  /** Whether files that are there are replaced. */
  readonly force?: boolean;
}

/** An encoder that was written. */
export interface ExportedEncoder {
  /** Path of the description. */
  readonly path: string;
  /** Path of the ONNX file. */
  readonly model: string;
  readonly description: OnnxDescription;
}

/**
 * Writes an encoder as one ONNX file with its description, in which pooling, affine maps and softmax are layers of the
 * network; its outputs are vectors. What is pooled under the center mask adds an input `center_mask` (batch x height x
 * width, float32: the share of the center cell in each pixel of the input), which the description names. The
 * preprocessing stays in the description. Features are those of cellswap to 1e-5 of the largest.
 * @throws StudyError for a name, a network or a softmax over five crops that cannot be exported; DataError where files
 * are in the way. Nothing is written then.
 */
export async function exportEncoder(
  file: OnnxFile,
  features: readonly ExportedFeatures[],
  { out, title, notes = [], force = false, name = nameOf(out) }: ExportEncoderOptions,
): Promise<ExportedEncoder> {
  const model = out.replace(/\.json$/, ".onnx");
  checkPlaces(file, out, model, force);
  // The retrained twin is one of the encoder without the remedy.
  const { retrained: _, ...description } = file.description;
  const { preprocess, input } = description;
  if (features.some((f) => f.softmax) && preprocess.some((s) => s.step === "crop" && s.at === "five"))
    throw new StudyError(
      "averages the features of five crops, and the mean of probabilities is not the probability of the mean; export the scores (without softmax)",
      { path: file.path },
    );
  const shapes = await shapesOf(file, [...new Set(features.map((f) => f.output.output))]);
  const outputs: EncoderOutput[] = [];
  let mask: string | undefined;
  const bytes = appendTo(file, (graph, { graph: { inputs } }) => {
    const batch = inputs.find((v) => v.name === input.name)?.shape?.[0] ?? "?";
    const axis = batch === "?" ? "batch" : batch;
    const layers = new LayerAppender(graph, input, () => {
      mask ??= graph.input(graph.free("center_mask"), [axis, input.height, input.width]);
      return mask;
    });
    for (const { output, affine, softmax = false } of features) {
      const pooled = layers.pool(output, shapes.get(output.output)!.dims);
      if (affine !== undefined && affine.inputs !== pooled.length)
        throw new RangeError(
          `an affine map of ${affine.inputs} features, of which there are ${pooled.length}`,
        );
      const last = affine === undefined ? pooled.name : layers.affine(pooled.name, affine, softmax);
      const named = graph.node("Identity", [last], {}, graph.free("features"));
      graph.output(named, [axis, affine?.outputs ?? pooled.length]);
      outputs.push(
        EncoderOutput.parse({
          output: named,
          ...(output.layer === undefined ? {} : { layer: output.layer }),
        }),
      );
    }
  });
  const made = OnnxDescription.safeParse({
    ...description,
    name,
    ...(title === undefined ? {} : { title }),
    model: basename(model),
    sha256: sha256(bytes),
    ...(mask === undefined
      ? {}
      : { extraInputs: [...(description.extraInputs ?? []), { name: mask, value: "center-mask" }] }),
    outputs,
    notes: [...(description.notes ?? []), ...notes],
  });
  if (!made.success)
    throw new StudyError(
      `${name} is not a name for an encoder; use letters, digits, dot, dash and underscore`,
    );
  replacePair(model, bytes, out, (file) => `${JSON.stringify({ ...made.data, model: file }, null, 2)}\n`);
  return { path: out, model, description: made.data };
}

/** @throws where a description cannot go to `out`, or its network beside it */
function checkPlaces(file: OnnxFile, out: string, model: string, force: boolean): void {
  if (!out.endsWith(".json"))
    throw new StudyError("is not a name for a description; give NAME.json, beside which NAME.onnx goes", {
      path: out,
    });
  for (const path of [out, model]) {
    checkTarget(path);
    if (!existsSync(path)) continue;
    const real = realpathSync(path);
    if ([file.path, ...Object.keys(file.states)].some((own) => existsSync(own) && realpathSync(own) === real))
      throw new DataError("is a file of the encoder that is exported; give another --out", { path });
    if (!force)
      throw new DataError("is there already; give another --out, or --force to replace it", { path });
  }
}

function nameOf(out: string): string {
  return basename(out).replace(/\.json$/, "");
}
