import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { zarrFields } from "../../../src/cells/fields/zarr.ts";
import { openFieldImage } from "../../../src/cells/readers/field-image.ts";
import { DataError } from "../../../src/errors.ts";
import { crc32c } from "../../../src/files/crc32c.ts";

const scratch = mkdtempSync(join(tmpdir(), "cellswap-zarr-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Made {
  shape?: readonly number[];
  chunk?: readonly number[];
  /** Codecs behind `bytes`, or all of them. */
  packed?: readonly object[];
  codecs?: readonly object[];
  type?: string;
  fill?: unknown;
  /** Content of files by their path in the array. */
  files?: Readonly<Record<string, Uint8Array | null>>;
  dataset?: string;
  metadata?: object;
}

let made = 0;
const bytes = { name: "bytes", configuration: { endian: "little" } };

/** Writes an OME-Zarr 0.5 image of 4 x 4 values in chunks of 2 x 2 and gives its path. */
function write({ packed = [], codecs = [bytes, ...packed], files = {}, ...given }: Made = {}): string {
  const { shape = [4, 4], chunk = [2, 2], type = "uint8", fill = 0, dataset = "0", metadata = {} } = given;
  const path = join(scratch, `${made++}.zarr`);
  const put = (name: string, content: unknown) => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    if (content === null) mkdirSync(join(path, name));
    else writeFileSync(join(path, name), content instanceof Uint8Array ? content : JSON.stringify(content));
  };
  const axes = ["y", "x"].map((name) => ({ name, type: "space" }));
  const ome = { version: "0.5", multiscales: [{ axes, datasets: [{ path: dataset }] }] };
  put("zarr.json", { zarr_format: 3, node_type: "group", attributes: { ome } });
  put("0/zarr.json", {
    ...{ zarr_format: 3, node_type: "array", shape, data_type: type, fill_value: fill, codecs },
    chunk_grid: { name: "regular", configuration: { chunk_shape: chunk } },
    chunk_key_encoding: { name: "default" },
    attributes: {},
    ...metadata,
  });
  for (const [name, content] of Object.entries(files)) put(`0/${name}`, content);
  return path;
}

async function plane(path: string): Promise<number[]> {
  const image = await openFieldImage(path);
  try {
    return [...(await image.read(0, 0, 0))];
  } finally {
    image.close();
  }
}

const one = (...values: number[]) => Uint8Array.from(values);
const withChecksum = (content: Uint8Array) => {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32c(content));
  return Buffer.concat([content, sum]);
};
const checked = [{ name: "crc32c" }];
const gzip = [{ name: "gzip", configuration: { level: 1 } }];
const blosc = [
  {
    name: "blosc",
    configuration: { cname: "lz4", clevel: 5, shuffle: "noshuffle", typesize: 1, blocksize: 0 },
  },
];
const lz4 = [{ name: "numcodecs.lz4", configuration: { acceleration: 1 } }];
const zstd = [{ name: "zstd", configuration: { level: 0, checksum: true } }];

test("chunks that are not there hold the fill value, as writers leave them out", async () => {
  const path = write({ fill: 7, files: { "c/0/1": one(1, 2, 3, 4) } });
  // biome-ignore format: a matrix
  expect(await plane(path)).toEqual([
    7, 7, 1, 2,
    7, 7, 3, 4,
    7, 7, 7, 7,
    7, 7, 7, 7,
  ]);
  expect(await plane(write())).toEqual(Array(16).fill(0));
  expect(await plane(write({ packed: checked, files: { "c/1/1": withChecksum(one(1, 2, 3, 4)) } }))).toEqual([
    ...Array(10).fill(0),
    ...[1, 2, 0, 0, 3, 4],
  ]);
  expect(await plane(write({ packed: gzip, files: { "c/0/0": gzipSync(one(1, 2, 3, 4)) } }))).toEqual([
    ...[1, 2, 0, 0, 3, 4],
    ...Array(10).fill(0),
  ]);
});

test.each([
  ["uint8", {}],
  ["uint8", [0]],
  ["uint8", "7"],
  ["uint8", 256],
  ["uint8", 0.5],
  ["int16", "NaN"],
  ["uint16", -1],
  ["float32", "0x7fc00000"],
  ["float32", { toString: 1 }],
])("a fill value that is no %s is refused (%j)", async (type, fill) => {
  await expect(openFieldImage(write({ type, fill }))).rejects.toThrow(
    `has the fill value ${JSON.stringify(fill)}, which is no ${type}`,
  );
});

test.each([
  ["bool", true],
  ["float32", "NaN"],
  ["float64", 0.5],
  ["int16", -3],
  ["uint8", null],
])("a fill value of %s is taken (%j)", async (type, fill) => {
  const image = await openFieldImage(write({ type, fill }));
  image.close();
});

test("shapes and chunks that are no lists of lengths are refused", async () => {
  for (const wrong of ["4 x 4", 4, null, [4, "4"], [4, [4]], [4, -4]])
    for (const key of ["shape", "chunk"])
      await expect(plane(write({ [key]: wrong })), `${key} ${wrong}`).rejects.toThrow(DataError);
});

const flipped = () => {
  const content = withChecksum(one(1, 2, 3, 4));
  content[1] ^= 1;
  return content;
};
/** The head of a Blosc chunk that says so many bytes and that it is as long as it is. */
const bloscHead = (says: number) => {
  const head = Buffer.from([2, 1, 0x33, 1, ...Array(12).fill(0), 1, 2, 3, 4]);
  head.writeUInt32LE(says, 4);
  head.writeUInt32LE(says, 8);
  head.writeUInt32LE(head.length, 12);
  return head;
};
const zstdHead = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0]);
const bomb = gzipSync(new Uint8Array(1 << 26));

test.each<[string, Made, RegExp]>([
  ["a chunk that is cut off", { files: { "c/0/0": one(1, 2, 3) } }, /chunk 0\/0 \(it has 3 of 4 values\)/],
  ["a chunk that is too long", { files: { "c/0/0": one(1, 2, 3, 4, 5) } }, /\(it has 5 of 4 values\)/],
  ["an empty chunk", { files: { "c/0/0": one() } }, /chunk 0\/0 \(it has 0 of 4 values\)/],
  ["a wrong checksum", { packed: checked, files: { "c/0/0": flipped() } }, /\(its checksum is wrong\)/],
  [
    "a chunk shorter than a checksum",
    { packed: checked, files: { "c/0/0": one(1, 2) } },
    /\(it has 2 bytes\)/,
  ],
  [
    "a gzip stream that is cut",
    { packed: gzip, files: { "c/0/0": gzipSync(one(1, 2, 3, 4)).subarray(0, 20) } },
    /chunk 0\/0 \(unexpected end of file\)/,
  ],
  ["a gzip bomb", { packed: gzip, files: { "c/0/0": bomb } }, /\(it unpacks to more than 65544 bytes\)/],
  [
    "a Blosc bomb",
    { packed: blosc, files: { "c/0/0": bloscHead(2 ** 31 - 17) } },
    /\(it says that it unpacks to 2147483631 bytes, at most 65544 are expected\)/,
  ],
  [
    "a Blosc chunk that is cut",
    { packed: blosc, files: { "c/0/0": bloscHead(4).subarray(0, 18) } },
    /\(it says that it has 20 bytes, there are 18\)/,
  ],
  [
    "an LZ4 bomb",
    { packed: lz4, files: { "c/0/0": one(255, 255, 255, 127, 1, 2) } },
    /unpacks to 2147483647 bytes/,
  ],
  ["a Zstandard bomb", { packed: zstd, files: { "c/0/0": zstdHead } }, /unpacks to \d+ bytes, at most 65544/],
  ["a chunk that is a folder", { files: { "c/0/0": null } }, /0\/c\/0\/0: is a folder/],
  ["a data set above the folder", { dataset: "../0" }, /names "..\/0", which is not in this folder/],
  ["a data set elsewhere", { dataset: "/etc" }, /names "\/etc", which is not in this folder/],
  [
    "chunks above the folder",
    {
      metadata: { chunk_key_encoding: { name: "default", configuration: { separator: "/..%2f..%2f..%2f" } } },
    },
    /is no readable Zarr array \(its chunks are named by .* instead of \. or \/\)/,
  ],
  [
    "a plane of 2 GiB without a chunk",
    { shape: [16384, 16384], chunk: [1024, 1024], type: "float64" },
    /and chunks of 0 bytes/,
  ],
  [
    "a plane of 2 GiB with one chunk",
    { shape: [16384, 16384], chunk: [1024, 1024], type: "float64", packed: gzip, files: { "c/0/0": bomb } },
    /has planes of 16384 x 16384, and chunks of \d+ bytes for one; check that its chunks were copied/,
  ],
  [
    "a chunk of 2 GiB",
    {
      shape: [4, 4],
      chunk: [16384, 16384],
      type: "float64",
      packed: gzip,
      files: { "c/0/0": gzipSync(one(1)) },
    },
    /\(its 21 bytes say that they are 2147483648\)/,
  ],
  [
    "chunks of one pixel",
    { shape: [4096, 4096], chunk: [1, 1] },
    /has planes in 16777216 chunks of 1 x 1, at most 262144/,
  ],
  ["sides beyond all images", { shape: [1e15, 1e15] }, /1000000000000000 x 1000000000000000/],
  ["negative sides", { shape: [-4, 4] }, /its shape and chunks are {"shape":\[-4,4\],"chunks":\[2,2\]}/],
  ["sides that are text", { metadata: { shape: "44" } }, /; (write|copy)/],
  ["no shape", { metadata: { shape: null } }, /; (write|copy)/],
  ["no codecs", { metadata: { codecs: null } }, /; (write|copy)/],
  ["an unknown codec", { packed: [{ name: "secret" }], files: { "c/0/0": one(1) } }, /secret/],
])("%s is refused in one line", async (_, given, message) => {
  const outcome = await plane(write(given)).catch((error: Error) => {
    expect(error).toMatchObject({ name: "DataError" });
    return error.message;
  });
  expect(outcome).toMatch(message);
  expect(outcome).toMatch(/^\S+\.zarr\S*: [ -~]+; \w[ -~]+$/);
});

/** A shard of four chunks of one row each, whose index comes last. */
function shard(offsets: readonly (readonly [number, number])[], mend = true): Buffer {
  const index = Buffer.alloc(16 * offsets.length);
  for (const [i, [offset, length]] of offsets.entries()) {
    index.writeBigUInt64LE(offset < 0 ? 2n ** 64n - 1n : BigInt(offset), 16 * i);
    index.writeBigUInt64LE(length < 0 ? 2n ** 64n - 1n : BigInt(length), 16 * i + 8);
  }
  const sum = withChecksum(index);
  if (!mend) sum[3] ^= 1;
  return Buffer.concat([Buffer.from(Array.from({ length: 16 }, (_, i) => i)), sum]);
}
const sharding = (index: Buffer): Made => ({
  chunk: [4, 4],
  codecs: [
    {
      name: "sharding_indexed",
      configuration: {
        chunk_shape: [1, 4],
        codecs: [bytes],
        index_codecs: [bytes, ...checked],
        index_location: "end",
      },
    },
  ],
  files: { "c/0/0": index },
});
const rows = [0, 4, 8, 12].map((at) => [at, 4] as const);

test("shards are read, and refused where their index leads astray", async () => {
  expect(await plane(write(sharding(shard(rows))))).toEqual(Array.from({ length: 16 }, (_, i) => i));
  const missing = await plane(write(sharding(shard([rows[0], [-1, -1], rows[2], rows[3]]))));
  expect(missing.slice(4, 8)).toEqual([0, 0, 0, 0]);
  const refused = (index: Buffer) => expect(plane(write(sharding(index)))).rejects;
  await refused(shard(rows, false)).toThrow(/chunk 0\/0 \(its checksum is wrong\)/);
  await refused(shard([[1000, 4], ...rows.slice(1)])).toThrow("c/0/0: is damaged (4 bytes at 1000 of 84)");
  await refused(shard([[0, 2 ** 40], ...rows.slice(1)])).toThrow(
    "is damaged (1099511627776 bytes at 0 of 84)",
  );
  await refused(shard([[0, 3], ...rows.slice(1)])).toThrow("(it has 3 of 4 values)");
  await refused(shard(rows).subarray(20)).toThrow("is damaged (68 bytes at -4 of 64)");
});

test.each([
  ["nested lists", "[".repeat(100_000)],
  ["a prototype", '{"zarr_format": 3, "node_type": "group", "attributes": {"__proto__": {}}}'],
  ["no JSON", "{"],
  ["no object", "3"],
  ["a plate of no wells", '{"zarr_format":3,"node_type":"group","attributes":{"ome":{"plate":{"wells":7}}}}'],
  [
    "a plate of wells without paths",
    '{"zarr_format":3,"node_type":"group","attributes":{"ome":{"plate":{"wells":[null]}}}}',
  ],
  [
    "a plate of wells elsewhere",
    '{"zarr_format":3,"node_type":"group","attributes":{"ome":{"plate":{"wells":[{"path":"../../A/1"}]}}}}',
  ],
  ["a plate that is nothing", '{"zarr_format":3,"node_type":"group","attributes":{"ome":{"plate":null}}}'],
])("metadata of %s are refused in one line", async (_, json) => {
  const path = write();
  writeFileSync(join(path, "zarr.json"), json);
  await expect(zarrFields(path)).rejects.toThrow(/^\S+\.zarr\S*: [ -~]+; \w[ -~]+$/);
});
