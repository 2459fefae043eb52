import { existsSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { DataError } from "../../errors.ts";
import { crc32c, unmaskCrc } from "../../files/crc32c.ts";
import { decodeNumbers, type NumberType } from "../../files/numbers.ts";
import { damaged, protoFields } from "../../files/protobuf.ts";
import { wrongSource } from "./kind.ts";
import { readLimited, readSlice } from "./read.ts";
import { readTable } from "./sstable.ts";

/** One variable of a TensorFlow checkpoint. */
export interface BundleVariable {
  readonly name: string;
  /** TensorFlow's name of the type (`float32`), or `type 42` for one without a name here. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Number of the shard that holds the values. */
  readonly shard: number;
  /** Bytes from the start of the shard. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** Masked CRC-32C of the values. */
  readonly crc: number;
  /** Its values are stored apart, in slices: they have no place of their own. */
  readonly sliced: boolean;
}

/** A TensorFlow checkpoint (V2, "tensor bundle"): one index and its shards. */
export interface Bundle {
  /** Path up to `.index`, which names the checkpoint. */
  readonly prefix: string;
  readonly shards: number;
  /** In the order of the index (by name). */
  readonly variables: readonly BundleVariable[];
}

const TYPES: Readonly<Record<number, readonly [name: string, bytes: number]>> = {
  1: ["float32", 4],
  2: ["float64", 8],
  3: ["int32", 4],
  4: ["uint8", 1],
  5: ["int16", 2],
  6: ["int8", 1],
  7: ["string", 0],
  9: ["int64", 8],
  10: ["bool", 1],
  14: ["bfloat16", 2],
  17: ["uint16", 2],
  19: ["float16", 2],
  20: ["resource", 0],
  22: ["uint32", 4],
  23: ["uint64", 8],
};
const LARGEST_INDEX = 1 << 26;
// biome-ignore lint/suspicious/noControlCharactersInRegex: what no name of a variable holds
const CONTROL = /[\x00-\x1f]/;

/** The checkpoint's prefix for any of its files, the prefix itself, or the folder of a SavedModel. */
export function bundlePrefix(path: string): string {
  const inside = join(path, "variables", "variables");
  if (existsSync(join(path, "saved_model.pb")) && existsSync(`${inside}.index`)) return inside;
  return path.replace(/\.(index|meta|data-\d{5}-of-\d{5})$/, "");
}

/** Path of shard `shard` of a checkpoint. */
export function shardPath(bundle: Pick<Bundle, "prefix" | "shards">, shard: number): string {
  const five = (n: number) => String(n).padStart(5, "0");
  return `${bundle.prefix}.data-${five(shard)}-of-${five(bundle.shards)}`;
}

/**
 * Reads the index of a checkpoint, given its prefix or any of its files; shards are not opened.
 * @throws DataError where the index is missing, damaged, too large, or belongs to a format that is not read.
 */
export function openBundle(path: string): Bundle {
  const prefix = bundlePrefix(path);
  const index = `${prefix}.index`;
  if (!existsSync(index)) {
    if (existsSync(prefix))
      throw wrongSource(prefix, {
        not: "no TensorFlow checkpoint (no .index beside it)",
        give: "a checkpoint's prefix or its .index file",
      });
    throw new DataError(
      `is missing; give the checkpoint's prefix, whose files are ${basename(prefix)}.index and ${basename(prefix)}.data-?????-of-?????`,
      { path: index },
    );
  }
  const bytes = readLimited(index, LARGEST_INDEX, "a checkpoint index");
  const table = readTable(bytes, index);
  const header = table.get("");
  if (header === undefined) throw damaged(index, "it has no header");
  let shards = 1;
  for (const { field, value } of protoFields(header, index)) {
    if (field === 1) shards = value;
    if (field === 2 && value !== 0)
      throw new DataError(
        "was written on a big-endian machine, which is not read; save it again on another",
        {
          path: index,
        },
      );
  }
  if (!(shards >= 1 && shards <= 99_999)) throw damaged(index, `${shards} shards`);
  const variables: BundleVariable[] = [];
  // Keys that hold control characters are those of single slices.
  for (const [name, value] of table)
    if (name !== "" && !CONTROL.test(name)) variables.push(variable(name, value, shards, index));
  return { prefix, shards, variables };
}

function variable(name: string, message: Uint8Array, shards: number, path: string): BundleVariable {
  let [type, shard, offset, size, crc] = [0, 0, 0, 0, 0];
  let sliced = false;
  const shape: number[] = [];
  for (const { field, value, bytes } of protoFields(message, path)) {
    if (field === 1) type = value;
    else if (field === 2)
      for (const dim of protoFields(bytes, path))
        if (dim.field === 2) {
          const length = protoFields(dim.bytes, path).find((f) => f.field === 1)?.value ?? 0;
          if (!(length >= 0) || shape.push(length) > 16)
            throw damaged(path, `${name} has an impossible shape`);
        }
    if (field === 3) shard = value;
    else if (field === 4) offset = value;
    else if (field === 5) size = value;
    else if (field === 6) crc = value;
    else if (field === 7) sliced = true;
  }
  if (!(type >= 0)) throw damaged(path, `${name} has an impossible type`);
  const [dtype, width] = TYPES[type] ?? [`type ${type}`, 0];
  const values = shape.reduce((a, b) => a * b, 1);
  if (!(offset >= 0 && size >= 0 && shard < shards)) throw damaged(path, `${name} has an impossible place`);
  if (!sliced && width > 0 && values * width !== size)
    throw damaged(path, `${name} is ${dtype} of ${shape.join(" x ") || "one value"} but has ${size} bytes`);
  return { name, dtype, shape, shard, offset, size, crc, sliced };
}

/** Types of weights, as TensorFlow and as numpy name them; all are read as float32. */
const FLOATS: Readonly<Record<string, NumberType>> = {
  float16: { kind: "f", bytes: 2, little: true },
  bfloat16: { kind: "bf", bytes: 2, little: true },
  float32: { kind: "f", bytes: 4, little: true },
  float64: { kind: "f", bytes: 8, little: true },
};

/**
 * Reads one variable of floats (row-major, as float32) and checks its CRC-32C.
 * @throws DataError where it is of another type or sliced, its shard is missing or truncated, or the checksum is wrong.
 */
export function readVariable(bundle: Bundle, wanted: BundleVariable): Float32Array {
  const path = shardPath(bundle, wanted.shard);
  const type = FLOATS[wanted.dtype];
  if (type === undefined)
    throw new DataError(`${wanted.name} is ${wanted.dtype}; weights are floats`, { path });
  if (wanted.sliced)
    throw new DataError(
      `${wanted.name} is stored in slices, which is not read; save it again from one device`,
      { path: `${bundle.prefix}.index` },
    );
  if (!existsSync(path))
    throw new DataError(
      `is missing (${wanted.name} and other variables are in it); put all ${bundle.shards} data files beside the .index`,
      { path },
    );
  const length = statSync(path).size;
  if (wanted.offset + wanted.size > length)
    throw new DataError(
      `is truncated: ${wanted.name} ends at byte ${wanted.offset + wanted.size} of ${length}; fetch the file again`,
      { path },
    );
  const bytes = readSlice(path, wanted.offset, wanted.size);
  if (crc32c(bytes) !== unmaskCrc(wanted.crc)) throw damaged(path, `wrong checksum of ${wanted.name}`);
  const out = new Float32Array(bytes.length / type.bytes);
  decodeNumbers(bytes, type, out);
  return out;
}
