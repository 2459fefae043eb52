import { StudyError } from "../errors.ts";
import type { CommandFile } from "./command/file.ts";
import type { EncoderOutput, OnnxDescription } from "./description.ts";
import type { EncoderFile } from "./encoder-file.ts";
import { ApartEncoder, type Probed } from "./onnx/apart.ts";
import { filesOf, type OnnxFile, readModel } from "./onnx/file.ts";
import { Flow, type LastMaps, lastMaps, type SpatialTensor } from "./onnx/last-map.ts";
import { tokenGrid } from "./tokens.ts";

/** Tensors before an output that are looked at first. */
const NEAREST = 200;

/**
 * The encoder `NAME+pool`: the same network with the same input and preprocessing, whose features are the mean, under
 * the center mask, of the last feature map (or the tokens) that leads to each described output. An output that is
 * described as a map or as tokens is pooled itself; from a vector the graph is followed back, and the network is run
 * once on an empty input for the shapes. Outputs that come from one map become one.
 *
 * A pixel of a map sees what lies around it: what is away from the cell does not count, but neighbors still come into it.
 * @throws StudyError where there is no such map or several, where a program gives vectors, or where every output is
 * pooled so already
 */
export async function pooledEncoder(file: EncoderFile): Promise<EncoderFile> {
  const { outputs } = file.description;
  if (outputs.every((o) => o.pool === "center-mean"))
    throw new StudyError(
      "is pooled under the center mask already (center-mean); there is nothing that the remedy pool would change",
      { path: file.path },
    );
  return file.kind === "command" ? ofProgram(file) : await ofNetwork(file);
}

function ofProgram(file: CommandFile): CommandFile {
  const { description, path } = file;
  const vector = description.outputs.find((o) => o.layout === "vector");
  if (vector !== undefined)
    throw new StudyError(
      `is a program that gives vectors (${vector.output}), in which there is nothing left to pool; let it give the last feature map or the tokens, and say so in "outputs": ${example("NAME", "NCHW")}`,
      { path },
    );
  return { ...file, description: pooled(description, description.outputs.map(underMask)) };
}

async function ofNetwork(file: OnnxFile): Promise<OnnxFile> {
  const { description, modelPath, path } = file;
  const vectors = description.outputs.filter((o) => o.layout === "vector").map((o) => o.output);
  const { model } = readModel(modelPath);
  const flow = new Flow(model, description.input.name);
  const search = async (most: number) => {
    const names = vectors.flatMap((name) => flow.behind(name).slice(0, most));
    const shapes = await shapesOf(file, [...new Set(names)]);
    const found = new Map(
      vectors.map((name) => [name, lastMaps(flow, name, shapes, description.input)] as const),
    );
    return { shapes, found };
  };
  // A map is mostly near the output, and all tensors of a large network may take more memory than there is.
  const near = await search(NEAREST);
  const complete = [...near.found.values()].every(({ incomplete }) => !incomplete);
  const { found, shapes } = complete ? near : await search(Number.POSITIVE_INFINITY);
  const outputs = description.outputs.map((o) =>
    o.layout === "vector" ? ofVector(o, found.get(o.output)!, shapes, file) : underMask(o),
  );
  return filesOf(path, pooled(description, outputs), modelPath);
}

/** Shapes of outputs of a network and of tensors inside it for an empty input. */
export async function shapesOf(
  file: OnnxFile,
  names: readonly string[],
): Promise<ReadonlyMap<string, Probed>> {
  if (names.length === 0) return new Map();
  const { description, path, modelPath } = file;
  const outputs = names.map((output): EncoderOutput => ({ output, layout: "vector", pool: "none" }));
  const probed = await ApartEncoder.probe(filesOf(path, { ...description, outputs }, modelPath));
  return new Map(probed.map((p) => [p.name, p]));
}

function ofVector(
  output: EncoderOutput,
  { maps, reachesInput }: LastMaps,
  shapes: ReadonlyMap<string, Probed>,
  { path, description: { input } }: OnnxFile,
): EncoderOutput {
  const fail = (text: string, { name, layout }: SpatialTensor) =>
    new StudyError(
      `output ${output.output} ${text}; describe the one to be pooled: "outputs": ${example(name, layout)}`,
      { path },
    );
  const [map] = maps;
  if (map === undefined)
    throw fail(
      "does not come from a feature map or tokens that can be told (`cellswap encoder show --tensors` lists what is inside)",
      { name: "NAME", layout: "NCHW" },
    );
  if (maps.length > 1 || reachesInput)
    throw fail(
      `comes from ${[...maps.map((m) => m.name), ...(reachesInput ? ["the input itself"] : [])].join(" and ")}`,
      map,
    );
  if (map.layout === "tokens")
    try {
      tokenGrid(shapes.get(map.name)!.dims[1], input, {});
    } catch (cause) {
      throw fail(`comes from ${map.name}, which ${(cause as Error).message}`, map);
    }
  const { layer } = output;
  return underMask({
    output: map.name,
    ...(layer === undefined ? {} : { layer }),
    layout: map.layout,
    pool: "none",
  });
}

function underMask(output: EncoderOutput): EncoderOutput {
  return { ...output, pool: "center-mean" };
}

function example(output: string, layout: SpatialTensor["layout"]): string {
  return `[{ "output": ${JSON.stringify(output)}, "layout": "${layout}", "pool": "center-mean" }]`;
}

/** A description with other outputs, each tensor once. */
function pooled<D extends OnnxDescription | CommandFile["description"]>(
  description: D,
  all: readonly EncoderOutput[],
): D {
  const outputs = [...new Map(all.map((o) => [o.output, o])).values()];
  return {
    ...description,
    name: `${description.name}+pool`,
    title: `${description.title ?? description.name}, pooled under the center mask`,
    outputs,
  };
}
