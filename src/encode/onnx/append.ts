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
  const whole = graphOf(bytes, model);
  whole.bare(own);
  return withGraph(bytes, path, whole);
}

/** The model with this graph in the place of its own. */
function withGraph(bytes: Uint8Array, path: string, graph: Message): Uint8Array {
  const model = new Message();
  for (const { field, whole } of pieces(bytes, path)) if (field !== 7) model.bare(whole);
  model.message(7, graph);
  return model.bytes();
}

/** The graph in one piece, weights that lie in other files read in. */
function graphOf(bytes: Uint8Array, model: OnnxModel): Message {
  const { path } = model;
  const graph = new Message();
  const files = new Map<string, Uint8Array>();
  let inside = 0;
  const read = (location: string) => {
    const file = files.get(location) ?? readFileSync(join(dirname(path), location));
    files.set(location, file);
    return file;
  };
  for (const { field: part, content: own } of pieces(bytes, path))
    for (const { field, whole, content } of part === 7 ? pieces(own, path) : []) {
      const external = field === 5 ? parseTensor(content, path).external : null;
      if (external === null) {
        graph.bare(whole);
        continue;
      }
      inside++;
      const tensor = new Message();
      // All but its values, where they lie, and how.
      for (const f of pieces(content, path)) if (![9, 13, 14].includes(f.field)) tensor.bare(f.whole);
      tensor.raw(9, read(external.location).subarray(external.from, external.to));
      graph.message(5, tensor);
    }
  if ([...tensorsOf(model)].filter((t) => t.external !== null).length > inside)
    throw new DataError(
      "has constants of nodes in other files, which cannot be brought into one; export it with all weights in the model",
      { path },
    );
  return graph;
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
