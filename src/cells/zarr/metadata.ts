import { z } from "zod";
import { DataError } from "../../errors.ts";
import type { NpyType } from "../../files/npy.ts";
import type { ShardLayout } from "./shard.ts";

/** Types of arrays that cell stores have. */
export const ARRAY_TYPES = ["uint8", "uint16", "float16", "float32"] as const satisfies readonly NpyType[];
export type ArrayType = (typeof ARRAY_TYPES)[number];

const BYTES: Readonly<Record<ArrayType, number>> = { uint8: 1, uint16: 2, float16: 2, float32: 4 };

/** An array of a cell store: cells along its first axis, in shards of some cells and chunks of few. */
export interface ShardedShape {
  readonly type: ArrayType;
  readonly shape: readonly number[];
  /** Cells of a shard. */
  readonly shardRows: number;
  /** Cells of a chunk. */
  readonly chunkRows: number;
  readonly rowBytes: number;
  readonly layout: ShardLayout;
}

/** Bytes of values of a shard, about: one object of an object store. */
const SHARD_BYTES = 1 << 26;
/** Bytes of a shard's values that are read at most, and of `zarr.json`. */
const MOST = 1 << 30;

/** How an array of this type and shape is laid out; a chunk is one cell. */
export function shardedShape(type: ArrayType, shape: readonly number[]): ShardedShape {
  const rowBytes = BYTES[type] * shape.slice(1).reduce((a, b) => a * b, 1);
  const shardRows = Math.max(1, Math.min(shape[0], Math.floor(SHARD_BYTES / rowBytes)));
  return {
    ...{ type, shape, rowBytes, shardRows, chunkRows: 1 },
    layout: {
      codecs: { compressor: "gzip", summed: true },
      chunks: shardRows,
      chunkBytes: rowBytes,
      indexAt: "end",
      indexSummed: true,
    },
  };
}

const LITTLE = { name: "bytes", configuration: { endian: "little" } };
const CRC = { name: "crc32c" };
const AXES = ["cell", "channel", "y", "x"];

/** Text of `zarr.json` of an array that {@link shardedShape} lays out. */
export function metadataText({ type, shape, shardRows, chunkRows }: ShardedShape): string {
  const [, ...row] = shape;
  const json = {
    zarr_format: 3,
    node_type: "array",
    shape,
    data_type: type,
    chunk_grid: { name: "regular", configuration: { chunk_shape: [shardRows, ...row] } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: 0,
    codecs: [
      {
        name: "sharding_indexed",
        configuration: {
          chunk_shape: [chunkRows, ...row],
          codecs: [LITTLE, { name: "gzip", configuration: { level: 1 } }, CRC],
          index_codecs: [LITTLE, CRC],
          index_location: "end",
        },
      },
    ],
    attributes: {},
    dimension_names: [AXES[0], ...AXES.slice(AXES.length - row.length)],
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

const length = z
  .int()
  .min(0)
  .max(2 ** 31);
const Codec = z.object({ name: z.string(), configuration: z.record(z.string(), z.unknown()).optional() });
const Metadata = z.object({
  zarr_format: z.literal(3),
  node_type: z.literal("array"),
  shape: z.array(length).min(2).max(4),
  data_type: z.enum(ARRAY_TYPES),
  chunk_grid: z.object({
    name: z.literal("regular"),
    configuration: z.object({ chunk_shape: z.array(length.min(1)) }),
  }),
  chunk_key_encoding: z.object({
    name: z.literal("default"),
    configuration: z.object({ separator: z.literal("/").optional() }).optional(),
  }),
  fill_value: z.literal(0),
  codecs: z.tuple([
    z.object({
      name: z.literal("sharding_indexed"),
      configuration: z.object({
        chunk_shape: z.array(length.min(1)),
        codecs: z.array(Codec).min(1).max(3),
        index_codecs: z.array(Codec).min(1).max(2),
        index_location: z.enum(["start", "end"]).optional(),
      }),
    }),
  ]),
});

/** What `zarr.json` says. @throws DataError where it is no array of cells in shards */
export function readMetadata(json: unknown, path: string): ShardedShape {
  const fail = (what: string): never => {
    throw new DataError(`${what}; write it with \`cellswap copy --store zarr\``, { path });
  };
  const read = Metadata.safeParse(json);
  if (!read.success) {
    const [{ path: at, message }] = read.error.issues;
    return fail(`is not an array of cells in shards (${at.join(".") || "all of it"}: ${message})`);
  }
  const { shape, data_type: type, chunk_grid, codecs } = read.data;
  const { chunk_shape: inner, codecs: chain, index_codecs, index_location = "end" } = codecs[0].configuration;
  const outer = chunk_grid.configuration.chunk_shape;
  const rowBytes = BYTES[type] * shape.slice(1).reduce((a, b) => a * b, 1);
  const [shardRows, chunkRows] = [outer[0], inner[0]];
  const wholeCells = (chunk: readonly number[]) => chunk.slice(1).join() === shape.slice(1).join();
  if (!wholeCells(outer) || !wholeCells(inner) || shardRows % chunkRows !== 0)
    return fail("has shards or chunks that do not hold whole cells");
  if (!(rowBytes > 0 && shardRows * rowBytes <= MOST))
    return fail(`has cells of ${rowBytes} bytes, ${shardRows} to a shard`);
  const compressor = packerOf(chain, BYTES[type]);
  if (compressor === undefined)
    return fail("has chunks that are packed otherwise than by gzip, zstd or not at all");
  const summed = (list: readonly { name: string }[]) => list.at(-1)?.name === CRC.name;
  if (!isLittle(index_codecs[0], true) || (index_codecs.length === 2 && !summed(index_codecs)))
    return fail("has an index that is packed");
  const layout: ShardLayout = {
    codecs: { compressor, summed: summed(chain) },
    chunks: shardRows / chunkRows,
    chunkBytes: chunkRows * rowBytes,
    indexAt: index_location,
    indexSummed: summed(index_codecs),
  };
  return { type, shape, shardRows, chunkRows, rowBytes, layout };
}

/** What unpacks chunks; undefined where it is none that is known. */
function packerOf(list: readonly z.infer<typeof Codec>[], bytes: number): "gzip" | "zstd" | null | undefined {
  if (!isLittle(list[0], bytes > 1)) return undefined;
  const names = list.slice(1).map(({ name }) => name);
  if (names.at(-1) === CRC.name) names.pop();
  const [name = null] = names;
  return names.length < 2 && (name === null || name === "gzip" || name === "zstd") ? name : undefined;
}

/** Whether numbers are stored with their low byte first; of single bytes nothing need be said. */
function isLittle({ name, configuration }: z.infer<typeof Codec>, said: boolean): boolean {
  const endian = configuration?.endian;
  return name === "bytes" && (endian === "little" || (!said && endian === undefined));
}
