import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DataError } from "../../errors.ts";
import { sha256, sha256File } from "../../files/hash.ts";
import type { OnnxDescription } from "../description.ts";
import { readLimited } from "../published/read.ts";
import { weightFiles } from "./external.ts";
import { type OnnxBody, type OnnxModel, type OnnxNode, parseOnnx } from "./model.ts";

/** An ONNX encoder on disk: its checked description and the files that it stands on. */
export interface OnnxFile {
  readonly kind: "onnx";
  /** Path of the description. */
  readonly path: string;
  readonly description: OnnxDescription;
  readonly modelPath: string;
  /** {@link modelHash}: all that its outputs depend on besides its input. */
  readonly hash: string;
  /** Size of its files. */
  readonly bytes: number;
  /** Outputs of the description that are tensors inside the network, not outputs of the model. */
  readonly inner: readonly string[];
  /**
   * Whether it calculates in half precision, in which what an input gives depends on its place in the batch: some
   * processors sum in half precision, in blocks of rows.
   */
  readonly half: boolean;
}

/** The type of half precision in ONNX (TensorProto.DataType). */
const FLOAT16 = 10;

/** Largest message that protobuf allows. */
const LARGEST = 2 ** 31 - 1;

/** Bytes of an ONNX model, and what they say. @throws DataError where it is none or is damaged */
export function readModel(path: string): { readonly bytes: Uint8Array; readonly model: OnnxModel } {
  const bytes = readLimited(path, LARGEST, "an ONNX model");
  try {
    return { bytes, model: parseOnnx(bytes, path) };
  } catch (cause) {
    const why = /damaged \((.*?)\)/.exec((cause as Error).message)?.[1];
    if (why === undefined) throw cause;
    throw new DataError(`cannot be opened as an ONNX model (${why}); export it again or check the file`, {
      path,
      cause,
    });
  }
}

/**
 * SHA-256 of an ONNX file; where its weights lie in files beside it, of the hashes of all its files, one a line: the
 * model's, then theirs in the order of their names (`sha256sum net.onnx weights | cut -c 1-64 | sha256sum`).
 */
export function modelHash(bytes: Uint8Array, weights: readonly string[]): string {
  const own = sha256(bytes);
  return weights.length === 0 ? own : sha256(`${[own, ...weights.map(sha256File)].join("\n")}\n`);
}

/**
 * The files of a description.
 * @throws DataError naming what is missing, damaged or outside the model's folder, or a hash that does not match
 */
export function onnxFile(path: string, description: OnnxDescription): OnnxFile {
  const modelPath = resolve(dirname(path), description.model);
  if (!existsSync(modelPath))
    throw new DataError(`names the model ${description.model}, which is not there; put it beside this file`, {
      path,
    });
  const { bytes, model } = readModel(modelPath);
  const weights = weightFiles(model);
  const hash = modelHash(bytes, weights);
  if (description.sha256 !== undefined && description.sha256 !== hash)
    throw new DataError(
      `says the model's SHA-256 is ${description.sha256}, but it is ${hash}; fetch the model again`,
      { path },
    );
  const given = new Set(model.graph.outputs.map((v) => v.name));
  const inner = [...new Set(description.outputs.map((o) => o.output))].filter((name) => !given.has(name));
  const half = calculatesHalf(model);
  const size = weights.reduce((sum, file) => sum + statSync(file).size, bytes.length);
  return { kind: "onnx", path, description, modelPath, hash, bytes: size, inner, half };
}

/** Whether weights, constants, inputs or outputs are of half precision, or anything is cast to it. */
export function calculatesHalf({ graph, functions }: OnnxModel): boolean {
  const inNode = ({ operator, integers, tensors, graphs }: OnnxNode): boolean =>
    (operator === "Cast" && integers.get("to") === FLOAT16) ||
    [...tensors.values()].some(isHalf) ||
    graphs.some(inBody);
  const inBody = ({ inputs, outputs, weights, nodes }: OnnxBody): boolean =>
    [...inputs, ...outputs, ...weights].some(isHalf) || nodes.some(inNode);
  return inBody(graph) || [...functions.values()].some((nodes) => nodes.some(inNode));
}

function isHalf({ type }: { readonly type: string }): boolean {
  return type === "float16";
}
