import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DataError, StudyError } from "../../errors.ts";
import { ByteReader, protoFields } from "../../files/protobuf.ts";
import { tensorsOf } from "./external.ts";
import { integer } from "./fields.ts";
import { LARGEST, type OnnxFile, readModel } from "./file.ts";
import { OnnxGraph } from "./graph.ts";
import { Message } from "./message.ts";
import type { OnnxBody, OnnxModel, OnnxNode } from "./model.ts";
import { parseTensor } from "./tensor.ts";

/** Version of the standard operators from which on shapes and types are given and broadcast as they are here. */
const LEAST_OPSET = 7;

/**
 * The bytes of a network with nodes, weights, inputs and outputs behind its own, which stay as they are: functions,
 * bodies of loops and branches, metadata. Weights in other files come into the file itself.
 * @param build adds to the graph; what it may use are the tensors of the network, by name
 * @throws StudyError for a network in operators before opset 7; DataError where the file would be larger than ONNX allows
 */
export function appendTo(
  { modelPath: path, path: description, bytes: size }: OnnxFile,
  build: (graph: OnnxGraph, model: OnnxModel) => void,
): Uint8Array {
  const { bytes, model } = readModel(path);
  if (model.opset < LEAST_OPSET)
    throw new StudyError(
      `is a network in operators of version ${model.opset} (opset), to which nothing is appended; export it again in version ${LEAST_OPSET} or later`,
      { path: description },
    );
  const graph = new OnnxGraph("appended", {
    opset: model.opset,
    known: namesIn(model.graph),
    weightsAreInputs: integer(protoFields(bytes, path), 1, 0) < 4,
  });
  build(graph, model);
  const own = graph.fields();
  if (size + own.length > LARGEST)
    throw new DataError(
      `would take more than 2 GB in one file (${size + own.length} bytes with its weights), which ONNX does not allow; use the remedy from code instead`,
      { path },
    );
  return withGraph(bytes, path, [...graphFields(bytes, model), own]);
}

/** The model with these fields in the place of its graph's. */
function withGraph(bytes: Uint8Array, path: string, fields: readonly Uint8Array[]): Uint8Array {
  const graph = new Message();
  graph.raw(7, Buffer.concat(fields));
  const rest = [...pieces(bytes, path)].filter((p) => p.field !== 7).map((p) => p.whole);
  return Buffer.concat([...rest, graph.bytes()]);
}

/** Fields of the graph, weights that lie in other files read in. */
function graphFields(bytes: Uint8Array, model: OnnxModel): Uint8Array[] {
  const { path } = model;
  const files = new Map<string, Uint8Array>();
  let inside = 0;
  const read = (location: string) => {
    const file = files.get(location) ?? readFileSync(join(dirname(path), location));
    files.set(location, file);
    return file;
  };
  const fields = [...pieces(bytes, path)]
    .filter((p) => p.field === 7)
    .flatMap(({ content }) => [...pieces(content, path)])
    .map(({ field, whole, content }) => {
      const external = field === 5 ? parseTensor(content, path).external : null;
      if (external === null) return whole;
      inside++;
      const tensor = new Message();
      // Where its values lie, and how.
      for (const own of pieces(content, path)) if (![9, 13, 14].includes(own.field)) tensor.bare(own.whole);
      tensor.raw(9, read(external.location).subarray(external.from, external.to));
      const weight = new Message();
      weight.message(5, tensor);
      return weight.bytes();
    });
  if ([...tensorsOf(model)].filter((t) => t.external !== null).length > inside)
    throw new DataError(
      "has constants of nodes in other files, which cannot be brought into one; export it with all weights in the model",
      { path },
    );
  return fields;
}

/** Fields of a message with all their bytes. */
function* pieces(message: Uint8Array, path: string) {
  const reader = new ByteReader(message, path);
  while (reader.left > 0) {
    const from = reader.at;
    const key = reader.varint();
    const wire = key % 8;
    let content = message.subarray(0, 0);
    if (wire === 0) reader.varint();
    else content = reader.take(wire === 2 ? reader.varint() : wire === 1 ? 8 : 4);
    yield { field: Math.floor(key / 8), whole: message.subarray(from, reader.at), content };
  }
}

/** All names of tensors and nodes in a graph and the bodies in it. */
function namesIn({ inputs, outputs, values, nodes, weights }: OnnxBody): string[] {
  const ofNode = (node: OnnxNode): string[] => [
    node.name,
    ...node.inputs,
    ...node.outputs,
    ...node.graphs.flatMap(namesIn),
  ];
  return [...[...inputs, ...outputs, ...values, ...weights].map((v) => v.name), ...nodes.flatMap(ofNode)];
}
