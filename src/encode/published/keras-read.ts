import { statSync } from "node:fs";
import type * as H5Wasm from "h5wasm/node";
import { DataError, isCellswapError } from "../../errors.ts";
import { damaged } from "../../files/protobuf.ts";

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
  /** Values, row-major; the reason where they cannot be read; null where they were not asked for. */
  readonly data: Float32Array | string | null;
}

/** What a Keras HDF5 file holds: weights alone (`save_weights`) or a whole model (`save`). */
export interface KerasContent {
  readonly arrays: readonly KerasArray[];
  /** For each layer, the layers that it reads from; null where the file holds weights alone. */
  readonly inbound: ReadonlyMap<string, readonly string[]> | null;
}

const MOST_OBJECTS = 5000;
const DEEPEST = 8;
/** Bytes of all arrays together: eight times the published network's. */
const MOST_BYTES = 2 ** 28;
/** Deflate packs at most about 1,030 to 1. */
const TIGHTEST = 1032;

type Dataset = InstanceType<typeof H5Wasm.Dataset>;
type Group = InstanceType<typeof H5Wasm.Group>;

/**
 * Reads the arrays of a Keras HDF5 file (those of float32 when `values` is set). `h5` must be ready. Links to other
 * files are not followed; what an array claims is checked against the file's size before it is read.
 * @throws DataError where it cannot be opened or lists more than such a file has.
 */
export function readKeras(h5: typeof H5Wasm, path: string, values: boolean): KerasContent {
  const size = statSync(path).size;
  let file: InstanceType<typeof H5Wasm.File> | undefined;
  let budget = MOST_BYTES;
  let objects = 0;
  const arrays: KerasArray[] = [];
  const walk = (group: Group, way: string[]) => {
    for (const key of group.keys()) {
      if (++objects > MOST_OBJECTS) throw damaged(path, `it lists more than ${MOST_OBJECTS} objects`);
      if (group.get_external_link(`${group.path}/${key}`).filename !== undefined) continue;
      const entity = group.get(key);
      if (entity instanceof h5.Group) {
        if (way.length >= DEEPEST) throw damaged(path, "its groups are nested too deeply");
        walk(entity, [...way, key]);
      } else if (entity instanceof h5.Dataset) {
        const dtype = typeof entity.dtype === "string" ? entity.dtype : "compound";
        const shape = entity.shape ?? [];
        const bytes = shape.reduce((a, b) => a * b, 1) * entity.metadata.size;
        let data: KerasArray["data"] = null;
        if (values && (budget -= bytes) < 0) data = "claims more than such a file holds";
        else if (values) data = readValues(entity, dtype, bytes, size);
        arrays.push({
          layer: way[0] ?? "",
          name: key.replace(/:0$/, ""),
          path: entity.path,
          dtype,
          shape,
          data,
        });
      }
    }
  };
  try {
    file = new h5.File(path, "r");
    if (file.file_id <= 0n) throw damaged(path, "HDF5 does not open it");
    const weights = file.keys().includes("model_weights") ? file.get("model_weights") : file;
    if (!(weights instanceof h5.Group)) throw damaged(path, "model_weights is not a group");
    walk(weights, []);
    return { arrays, inbound: inboundLayers(file.attrs.model_config?.value) };
  } catch (cause) {
    if (isCellswapError(cause)) throw cause;
    throw new DataError("is damaged or truncated (HDF5 cannot read it); fetch the file again", {
      path,
      cause,
    });
  } finally {
    if (file !== undefined && file.file_id > 0n) file.close();
  }
}

function readValues(dataset: Dataset, dtype: string, bytes: number, fileSize: number): Float32Array | string {
  if (dtype !== "<f") return `is of type ${dtype}; float32 weights are needed`;
  const { chunks, virtual_sources } = dataset.metadata;
  if (bytes > (chunks === null ? fileSize : fileSize * TIGHTEST) || virtual_sources !== undefined)
    return "claims more values than the file can hold";
  try {
    const data = dataset.value;
    return data instanceof Float32Array && data.byteLength === bytes ? data : "does not hold what it claims";
  } catch {
    return "cannot be decoded";
  }
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
