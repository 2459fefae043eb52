import { statSync } from "node:fs";
import type * as H5Wasm from "h5wasm/node";
import { closeQuietly, findEntity } from "../../cells/readers/hdf5.ts";
import { hdf5Type, readHdf5 } from "../../cells/readers/hdf5-array.ts";
import { checkHeaps } from "../../cells/readers/hdf5-heaps.ts";
import { DataError, isCellswapError } from "../../errors.ts";
import { parseJson } from "../../files/json.ts";
import { type NumberType, typeName } from "../../files/numbers.ts";
import { damaged } from "../../files/protobuf.ts";

/** One array of a Keras HDF5 file. */
export interface KerasArray {
  /** Layer that owns it: the first part of its path below the root or `model_weights`, or the name that Keras 3 notes. */
  readonly layer: string;
  /** `kernel`, `bias`, `gamma`, `moving_mean`, ... */
  readonly name: string;
  /** Path in the file. */
  readonly path: string;
  /** As numpy names it (`float32`), `bfloat16`, or the library's word for what are no numbers. */
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
  /** Whether it is a .weights.h5 of Keras 2, which numbers layers and arrays and names none. */
  readonly unnamed: boolean;
}

const MOST_OBJECTS = 5000;
const DEEPEST = 8;
/** Bytes of all arrays together: four times the published network's. */
const MOST_BYTES = 2 ** 27;
/** Deflate packs at most about 1,030 to 1. */
const TIGHTEST = 1032;

type File = InstanceType<typeof H5Wasm.File>;
type Dataset = InstanceType<typeof H5Wasm.Dataset>;
type Group = InstanceType<typeof H5Wasm.Group>;

/**
 * Reads the arrays of a Keras HDF5 file (those of floats when `values` is set, as float32): weights or a whole model of
 * Keras 2, or a .weights.h5 of Keras 3, whose arrays are numbered and get their names here. `h5` must be ready. What an array claims is checked against the file's size before it is read.
 * @throws DataError where it cannot be opened or lists more than such a file has.
 */
export function readKeras(h5: typeof H5Wasm, path: string, values: boolean): KerasContent {
  const size = statSync(path).size;
  checkHeaps(path);
  let file: InstanceType<typeof H5Wasm.File> | undefined;
  let budget = MOST_BYTES;
  let objects = 0;
  const arrays: KerasArray[] = [];
  const walk = (group: Group, way: string[]) => {
    for (const key of group.keys()) {
      if (++objects > MOST_OBJECTS) throw damaged(path, `it lists more than ${MOST_OBJECTS} objects`);
      const entity = findEntity(file as File, ...group.path.split("/").filter((part) => part !== ""), key);
      if (entity instanceof h5.Group) {
        if (way.length >= DEEPEST) throw damaged(path, "its groups are nested too deeply");
        walk(entity, [...way, key]);
      } else if (entity instanceof h5.Dataset) {
        const type = floatType(entity);
        const shape = entity.shape ?? [0];
        const bytes = shape.reduce((a, b) => a * b, 1) * entity.metadata.size;
        let data: KerasArray["data"] = null;
        if (values && (budget -= bytes) < 0) data = "claims more than such a file holds";
        else if (values) data = readValues(h5, entity, type, bytes, size);
        arrays.push({
          layer: way[0] ?? "",
          name: key.replace(/:0$/, ""),
          path: entity.path,
          dtype: dtypeOf(entity, type),
          shape,
          data,
        });
      }
    }
  };
  try {
    file = new h5.File(path, "r");
    if (file.file_id <= 0n) throw damaged(path, "HDF5 does not open it");
    const weights = findEntity(file, "model_weights") ?? file;
    if (!(weights instanceof h5.Group)) throw damaged(path, "model_weights is not a group");
    walk(weights, []);
    const numbered = nameNumbered(arrays, (way) => noted(weights, way));
    return {
      arrays: numbered.arrays,
      inbound: inboundLayers(file.attrs.model_config?.value),
      unnamed: numbered.unnamed,
    };
  } catch (cause) {
    if (isCellswapError(cause)) throw cause;
    throw new DataError("is damaged or truncated (HDF5 cannot read it); fetch the file again", {
      path,
      cause,
    });
  } finally {
    if (file !== undefined) closeQuietly(file);
  }
}

/** The layer's name that Keras 3 notes on the group of its arrays; undefined where there is none. */
function noted(root: Group, way: string): string | undefined {
  const group = root.get(way) as Group | null;
  const name: unknown = group !== null && "name" in group.attrs ? group.attrs.name.value : undefined;
  return typeof name === "string" ? name : undefined;
}

/** Arrays of Keras' layers in the order in which .weights.h5 numbers them. */
const ORDERS = [
  { names: ["kernel", "bias"], ranks: [4, 1] },
  { names: ["kernel", "bias"], ranks: [2, 1] },
  { names: ["gamma", "beta", "moving_mean", "moving_variance"], ranks: [1, 1, 1, 1] },
];

/**
 * Names the numbered arrays of a .weights.h5 (`layers/conv2d/vars/0`) by the layer's name, as `noted` at the group, and
 * by their number and shapes; arrays of other files stay as they are.
 */
function nameNumbered(
  arrays: readonly KerasArray[],
  noted: (way: string) => string | undefined,
): { arrays: KerasArray[]; unnamed: boolean } {
  const groups = new Map<string, KerasArray[]>();
  for (const array of arrays) {
    const way = /^(.*\/vars)\/\d+$/.exec(array.path)?.[1];
    if (way !== undefined) groups.set(way, [...(groups.get(way) ?? []), array]);
  }
  const named = new Map<KerasArray, KerasArray>();
  let unnamed = false;
  for (const [way, members] of groups) {
    const layer = noted(way);
    unnamed ||= layer === undefined;
    const order = ORDERS.find(
      ({ ranks }) =>
        ranks.length === members.length && members.every((m) => m.shape.length === ranks[Number(m.name)]),
    );
    for (const member of members)
      named.set(member, {
        ...member,
        layer: layer ?? way.split("/").at(-2) ?? "",
        name: order?.names[Number(member.name)] ?? `vars/${member.name}`,
      });
  }
  return { arrays: arrays.map((a) => named.get(a) ?? a), unnamed };
}

/** bfloat16, which HDF5 does not know, is written by h5py as opaque pairs of bytes. */
const OPAQUE = 5;
const BFLOAT16: NumberType = { kind: "bf", bytes: 2, little: true };

/** The type of an array of floats, null for any other. */
function floatType(dataset: Dataset): NumberType | null {
  if (dataset.metadata.type === OPAQUE && dataset.metadata.size === 2) return BFLOAT16;
  const type = hdf5Type(dataset);
  return type?.kind === "f" ? type : null;
}

function dtypeOf(dataset: Dataset, float: NumberType | null): string {
  const type = float ?? hdf5Type(dataset);
  if (type !== null) return typeName(type);
  return dataset.metadata.type === STRING ? "text" : "not numbers";
}

/** Type class of HDF5's texts. */
const STRING = 3;

function readValues(
  h5: typeof H5Wasm,
  dataset: Dataset,
  type: NumberType | null,
  bytes: number,
  fileSize: number,
): Float32Array | string {
  if (type === null) return `is of type ${dtypeOf(dataset, type)}; weights are floats`;
  const { chunks, virtual_sources } = dataset.metadata;
  if (bytes > (chunks === null ? fileSize : fileSize * TIGHTEST) || virtual_sources !== undefined)
    return "claims more values than the file can hold";
  try {
    const shape = (dataset.shape ?? [0]).map(BigInt);
    // Shared, so that it crosses to another thread without a copy.
    const out = new Float32Array(new SharedArrayBuffer((4 * bytes) / type.bytes));
    if (out.length > 0)
      readHdf5(h5.Module, dataset, { size: shape, start: shape.map(() => 0n), bytes, type }, out);
    return out;
  } catch {
    return "cannot be decoded";
  }
}

/** The layers that each layer reads from, out of Keras' `model_config` (JSON); null where there is none that is understood. */
export function inboundLayers(config: unknown): Map<string, string[]> | null {
  const text = config instanceof Uint8Array ? new TextDecoder().decode(config) : config;
  if (typeof text !== "string") return null;
  let parsed: { config?: { layers?: unknown } } | null;
  try {
    parsed = parseJson(text, "") as typeof parsed;
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
