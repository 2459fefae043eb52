import { existsSync, statSync } from "node:fs";
import { DataError } from "../../errors.ts";
import { damaged } from "./protobuf.ts";
import { readSlice } from "./read.ts";
import type { Weights } from "./weights.ts";

/** One array of a Keras HDF5 file. */
export interface KerasArray {
  /** Layer that owns it: the first part of its path below the root or `model_weights`. */
  readonly layer: string;
  /** `kernel`, `bias`, `gamma`, `moving_mean`, ... */
  readonly name: string;
  /** Path in the file. */
  readonly path: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** What a Keras HDF5 file holds: weights alone (`save_weights`) or a whole model (`save`). */
export interface KerasFile {
  readonly path: string;
  readonly arrays: readonly KerasArray[];
  /** For each layer, the layers that it reads from; null where the file holds weights alone. */
  readonly inbound: ReadonlyMap<string, readonly string[]> | null;
  /** Reads a float32 array (row-major). @throws DataError where it cannot be decoded. */
  read(array: KerasArray): Weights;
  close(): void;
}

const SIGNATURE = 0x46444889;
const MOST_OBJECTS = 5000;
const DEEPEST = 8;
/** No filter of HDF5 packs float weights tighter than deflate's limit of about 1,030 to 1. */
const TIGHTEST = 1032;

/**
 * Opens a Keras HDF5 file.
 * @throws DataError where it is not HDF5, is damaged, or declares more than it can hold.
 */
export async function openKeras(path: string): Promise<KerasFile> {
  checkSignature(path);
  const h5wasm = await import("h5wasm/node");
  await h5wasm.ready;
  const { File, Group, Dataset } = h5wasm;
  const size = statSync(path).size;
  const guarded = <T>(read: () => T): T => {
    try {
      return read();
    } catch (cause) {
      if (cause instanceof DataError) throw cause;
      throw new DataError("cannot be read as HDF5: it is damaged or truncated; fetch the file again", {
        path,
        cause,
      });
    }
  };
  const file = guarded(() => new File(path, "r"));
  if (file.file_id < 0n) throw damaged(path, "HDF5 does not open it");
  const arrays: KerasArray[] = [];
  let objects = 0;
  const walk = (group: InstanceType<typeof Group>, way: string[]) => {
    for (const key of group.keys()) {
      if (++objects > MOST_OBJECTS) throw damaged(path, `it lists more than ${MOST_OBJECTS} objects`);
      const entity = group.get(key);
      if (entity instanceof Group) {
        if (way.length >= DEEPEST) throw damaged(path, "its groups are nested too deeply");
        walk(entity, [...way, key]);
      } else if (entity instanceof Dataset) {
        const dtype = typeof entity.dtype === "string" ? entity.dtype : "compound";
        arrays.push({
          layer: way[0] ?? "",
          name: key.replace(/:0$/, ""),
          path: entity.path,
          dtype,
          shape: entity.shape ?? [],
        });
      }
    }
  };
  try {
    return guarded(() => {
      const weights = file.keys().includes("model_weights") ? file.get("model_weights") : file;
      if (!(weights instanceof Group)) throw damaged(path, "model_weights is not a group");
      walk(weights, []);
      return {
        path,
        arrays,
        inbound: inboundLayers(file.attrs.model_config?.value),
        read: (array) => guarded(() => readArray(file.get(array.path), array, size, path)),
        close: () => void file.close(),
      };
    });
  } catch (error) {
    file.close();
    throw error;
  }
}

function checkSignature(path: string): void {
  if (!existsSync(path) || !statSync(path).isFile())
    throw new DataError("there is no such file; give the Keras weights (model_weights.h5)", { path });
  const head = readSlice(path, 0, Math.min(8, statSync(path).size));
  if (head.length < 8 || new DataView(head.buffer).getUint32(0, true) !== SIGNATURE)
    throw new DataError("is not an HDF5 file; give the Keras weights (model_weights.h5)", { path });
}

interface Readable {
  shape: number[] | null;
  value: unknown;
  metadata: { total_size: number; chunks: number[] | null; size: number; virtual_sources?: unknown[] };
}

function readArray(entity: unknown, array: KerasArray, fileSize: number, path: string): Weights {
  const dataset = entity as Readable;
  const values = array.shape.reduce((a, b) => a * b, 1);
  if (array.dtype !== "<f")
    throw new DataError(`${array.path} is of type ${array.dtype}; float32 weights are needed`, { path });
  const possible = dataset.metadata.chunks === null ? fileSize : fileSize * TIGHTEST;
  if (values * 4 > possible || dataset.metadata.virtual_sources !== undefined)
    throw damaged(
      path,
      `${array.path} claims ${array.shape.join(" x ")} values, more than the file can hold`,
    );
  const data = dataset.value;
  if (!(data instanceof Float32Array) || data.length !== values)
    throw damaged(path, `${array.path} does not hold ${array.shape.join(" x ")} values`);
  return { name: array.path, shape: array.shape, data };
}

/** The layers that each layer reads from, out of Keras' `model_config` (JSON); null where there is none that is understood. */
export function inboundLayers(config: unknown): Map<string, string[]> | null {
  const text = config instanceof Uint8Array ? new TextDecoder().decode(config) : config;
  if (typeof text !== "string") return null;
  let parsed: { config?: { layers?: unknown } };
  try {
    parsed = JSON.parse(text) as { config?: { layers?: unknown } };
  } catch {
    return null;
  }
  const layers = parsed?.config?.layers;
  if (!Array.isArray(layers)) return null;
  const inbound = new Map<string, string[]>();
  for (const layer of layers as { name?: unknown; inbound_nodes?: unknown }[]) {
    if (typeof layer?.name !== "string" || !Array.isArray(layer.inbound_nodes)) return null;
    const from = (layer.inbound_nodes as unknown[]).flatMap((node) =>
      Array.isArray(node)
        ? node.flatMap((n) => (Array.isArray(n) && typeof n[0] === "string" ? [n[0]] : []))
        : [],
    );
    inbound.set(layer.name, from);
  }
  return inbound;
}
