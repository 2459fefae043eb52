import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DataError } from "../../errors.ts";
import { sha256, sha256File } from "../../files/hash.ts";
import { checkUnchanged, type FileState, fileState } from "../../files/state.ts";
import type { OnnxDescription } from "../description.ts";
import type { Device } from "../device.ts";
import { readLimited } from "../published/read.ts";
import { boundsOf } from "./bounds.ts";
import { weightFiles } from "./external.ts";
import { graphFaults } from "./faults.ts";
import { calculatesHalf } from "./half.ts";
import { type OnnxModel, parseOnnx } from "./model.ts";
import { innerOf, innerTensors } from "./outline.ts";

/** An ONNX encoder on disk: its checked description and the files that it stands on. */
export interface OnnxFile {
  readonly kind: "onnx";
  /** Path of the description. */
  readonly path: string;
  readonly description: OnnxDescription;
  readonly modelPath: string;
  /** {@link modelHash}: all that its outputs depend on besides its input. */
  readonly hash: string;
  /** Inputs at a time, where it takes one number only. */
  readonly batch: number | null;
  /** Size of its files. */
  readonly bytes: number;
  /** States of its files when they were read, by path. */
  readonly states: Readonly<Record<string, FileState | null>>;
  /** What makes it no encoder, with the remedy; null where nothing does. */
  readonly fault: string | null;
  /** Whether pixels decide what it costs: it may take all time and memory on other crops than those it was tried on. */
  readonly open: boolean;
  /** Outputs of the description that are tensors inside the network, not outputs of the model. */
  readonly inner: readonly string[];
  /**
   * Whether it calculates in half precision, in which what an input gives depends on its place in the batch: some
   * processors sum in half precision, in blocks of rows.
   */
  readonly half: boolean;
  /** Where it runs. */
  readonly device: Device;
}

/** Largest message that protobuf allows. */
export const LARGEST = 2 ** 31 - 1;

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
  const file = filesOf(path, description, modelPath);
  if (description.sha256 !== undefined && description.sha256 !== file.hash)
    throw new DataError(
      `says the model's SHA-256 is ${description.sha256}, and its files have another (\`cellswap encoder show\` of the model says which); fetch the model again`,
      { path },
    );
  return file;
}

/** What the files of a network say. @throws DataError as {@link onnxFile} */
export function filesOf(path: string, description: OnnxDescription, modelPath: string): OnnxFile {
  const before = fileState(modelPath);
  const { bytes, model } = readModel(modelPath);
  const weights = weightFiles(model);
  const states = {
    [modelPath]: before,
    ...Object.fromEntries(weights.map((file) => [file, fileState(file)])),
  };
  const hash = modelHash(bytes, weights);
  const outputs = [...new Set(description.outputs.map((o) => o.output))];
  const inner = innerOf(model, outputs);
  const bounds = boundsOf(model);
  const file: OnnxFile = {
    kind: "onnx",
    path,
    description,
    modelPath,
    hash,
    bytes: weights.reduce((sum, file) => sum + statSync(file).size, bytes.length),
    batch: batchOf(model, description),
    states,
    fault: missingTensor(model, inner, path) ?? graphFaults(model, outputs, bounds)[0] ?? null,
    open: bounds.open,
    inner,
    half: calculatesHalf(model),
    device: "cpu",
  };
  checkUnchanged(states);
  return file;
}

/** Inputs that a network takes at a time, where it takes one number only. */
export function batchOf(
  { graph: { inputs } }: OnnxModel,
  description: OnnxDescription | null,
): number | null {
  const main =
    inputs.find((v) => v.name === description?.input.name) ?? inputs.find((v) => v.shape?.length === 4);
  const batch = main?.shape?.[0];
  return typeof batch === "number" ? batch : (description?.input.batch ?? null);
}

/** @throws DataError for a network that is no encoder */
export function checkGraph({ fault, modelPath }: OnnxFile): void {
  if (fault !== null) throw new DataError(fault, { path: modelPath });
}

/** Says of a tensor that outputs name and that is not there. */
function missingTensor(model: OnnxModel, inner: readonly string[], path: string): string | null {
  const within = new Set(innerTensors(model).map((v) => v.name));
  const missing = inner.find((name) => !within.has(name));
  if (missing === undefined) return null;
  return `has no output ${missing}; it has ${model.graph.outputs.map((v) => v.name).join(", ")}${within.size === 0 ? "" : ` (and ${within.size} inner tensors, which \`cellswap encoder show --tensors\` lists)`}; correct outputs in ${path}`;
}
