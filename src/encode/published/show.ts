import { existsSync, statSync } from "node:fs";
import type { CommandFile } from "../command/file.ts";
import { readEncoder } from "../encoder-file.ts";
import { type ShownOnnx, showOnnx } from "../onnx/show.ts";
import { bundlePrefix, openBundle, shardPath } from "./bundle.ts";
import { openKeras } from "./keras.ts";
import { sourceKind, wrongSource } from "./kind.ts";

/** A shard of a checkpoint; `bytes` is null where the file is missing. */
export interface ShownShard {
  readonly path: string;
  readonly bytes: number | null;
}

/** What a file is, for `cellswap encoder show`. */
export type Shown =
  | {
      readonly kind: "checkpoint";
      readonly path: string;
      readonly shards: readonly ShownShard[];
      readonly variables: readonly {
        readonly name: string;
        readonly dtype: string;
        readonly shape: readonly number[];
        readonly shard: number;
        readonly offset: number;
        readonly size: number;
        /** Stored apart, in slices: shard, offset and size say nothing then. */
        readonly sliced: boolean;
      }[];
      readonly network: "pifia" | "deeploc" | null;
    }
  | {
      readonly kind: "keras";
      readonly path: string;
      readonly arrays: readonly {
        readonly layer: string;
        readonly name: string;
        readonly dtype: string;
        readonly shape: readonly number[];
      }[];
      readonly network: "pci" | null;
    }
  | ShownOnnx
  | (Pick<CommandFile, "kind" | "path" | "folder" | "files"> & {
      readonly description: CommandFile["description"];
    });

/**
 * Says what a file is: a TensorFlow checkpoint (prefix, index or shard), Keras HDF5 weights, or an ONNX encoder (the
 * model or its sidecar). Values are not read.
 * @throws DataError where it is none of them or is damaged.
 */
export async function showEncoder(path: string): Promise<Shown> {
  if (existsSync(`${bundlePrefix(path)}.index`)) return showCheckpoint(path);
  const kind = sourceKind(path);
  if (kind === "hdf5") return showKeras(path);
  if (kind === "other" && path.endsWith(".json")) {
    const encoder = readEncoder(path);
    if (encoder.kind === "command") {
      const { kind, folder, files, description } = encoder;
      return { kind, path, folder, files, description };
    }
    const { description, modelPath } = encoder;
    return showOnnx(path, modelPath, description);
  }
  if (kind === "other" && path.endsWith(".onnx")) {
    const encoder = existsSync(path.replace(/\.onnx$/, ".json")) ? readEncoder(path) : null;
    const description = encoder?.kind === "onnx" ? encoder.description : null;
    return showOnnx(path, path, description);
  }
  throw wrongSource(path, {
    not: "neither a TensorFlow checkpoint (no .index), nor Keras HDF5, nor an .onnx file or its .json",
    give: "a checkpoint's prefix, a Keras .h5, an .onnx or its .json",
  });
}

function showCheckpoint(path: string): Shown {
  const bundle = openBundle(path);
  const shards = Array.from({ length: bundle.shards }, (_, n) => {
    const shard = shardPath(bundle, n);
    return { path: shard, bytes: existsSync(shard) ? statSync(shard).size : null };
  });
  const has = (pattern: RegExp) => bundle.variables.some((v) => pattern.test(v.name));
  const pifia = has(/(^|\/)conv1\/kernel\/\.ATTRIBUTES/) && has(/(^|\/)bn1\/gamma\/\.ATTRIBUTES/);
  const deeploc = has(/(^|\/)conv_1\//) && has(/(^|\/)final_layer\//);
  return {
    kind: "checkpoint",
    path: `${bundle.prefix}.index`,
    shards,
    variables: bundle.variables.map(({ crc: _, ...variable }) => variable),
    network: pifia ? "pifia" : deeploc ? "deeploc" : null,
  };
}

async function showKeras(path: string): Promise<Shown> {
  const file = await openKeras(path, false);
  const has = (layer: string) => file.arrays.some((a) => a.layer === layer && a.name === "kernel");
  return {
    kind: "keras",
    path,
    arrays: file.arrays.map(({ layer, name, dtype, shape }) => ({ layer, name, dtype, shape })),
    network: has("conv1_1") && has("conv5_1") ? "pci" : null,
  };
}
