import { statSync } from "node:fs";
import { basename } from "node:path";
import { StudyError } from "../../errors.ts";
import type { OnnxDescription } from "../description.ts";
import { boundsOf } from "./bounds.ts";
import { weightFiles } from "./external.ts";
import { graphFaults } from "./faults.ts";
import { batchOf, modelHash, readModel } from "./file.ts";
import { calculatesHalf } from "./half.ts";
import type { OnnxValue } from "./model.ts";
import { innerTensors, type OnnxSummary, summarizeOnnx } from "./outline.ts";

/** What is said of an ONNX file and of its description. */
export interface ShownOnnx {
  readonly kind: "onnx";
  readonly path: string;
  /** What `sha256` in a description says. */
  readonly hash: string;
  readonly model: OnnxSummary;
  /** Files that hold weights. */
  readonly weights: readonly { readonly name: string; readonly bytes: number }[];
  /** Inputs at a time, where the network takes one number only. */
  readonly batch: number | null;
  /** Whether it calculates in half precision. */
  readonly half: boolean;
  /** What makes its outputs (those described, else all) no features. */
  readonly faults: readonly string[];
  /** Whether a study can use it as described, or, without a description, some output of it. */
  readonly usable: boolean;
  /** Tensors inside the network, which may be named as outputs. */
  readonly tensors: readonly OnnxValue[];
  /** Null where there is no sidecar. */
  readonly description: OnnxDescription | null;
}

/** Reads all of an ONNX file but the values of its weights. @throws DataError where it is none or is damaged */
export function showOnnx(path: string, modelPath: string, description: OnnxDescription | null): ShownOnnx {
  const { bytes, model } = readModel(modelPath);
  const weights = weightFiles(model);
  const { outputs } = model.graph;
  const bounds = boundsOf(model);
  const named = description?.outputs.map((o) => o.output);
  return {
    kind: "onnx",
    path,
    hash: modelHash(bytes, weights),
    model: summarizeOnnx(model),
    weights: weights.map((file) => ({ name: basename(file), bytes: statSync(file).size })),
    batch: batchOf(model, description),
    half: calculatesHalf(model),
    faults: graphFaults(model, named ?? outputs.map((v) => v.name), bounds),
    usable: graphFaults(model, named ?? [], bounds).length === 0,
    tensors: innerTensors(model),
    description,
  };
}

/** @throws StudyError where no study can use a network, when what it holds has been said */
export function checkShown({ path, faults, usable }: ShownOnnx): void {
  if (!usable) throw new StudyError(`is no encoder: ${faults[0]}`, { path });
}
