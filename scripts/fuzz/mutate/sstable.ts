import type { Random } from "../../../src/core/rng.ts";
import { readTable } from "../../../src/encode/published/sstable.ts";
import { crc32c } from "../../../src/files/crc32c.ts";
import type { Mutator } from "../reader.ts";
import { draw, otherNumber, pick } from "./draw.ts";
import { PROTOBUF } from "./protobuf.ts";
import { varintOf } from "./thrift.ts";

type Entry = { key: Buffer; value: Buffer };

const masked = (bytes: Uint8Array) => {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
};

/** A block with its kind and right checksum. */
function block(content: Buffer, kind = 0): Buffer {
  const whole = Buffer.concat([content, Buffer.from([kind])]);
  const crc = Buffer.alloc(4);
  crc.writeUInt32LE(masked(whole));
  return Buffer.concat([whole, crc]);
}

function blockContent(entries: readonly Entry[]): Buffer {
  const parts = entries.flatMap(({ key, value }) => [
    varintOf(0n),
    varintOf(BigInt(key.length)),
    varintOf(BigInt(value.length)),
    key,
    value,
  ]);
  const restarts = Buffer.alloc(8);
  restarts.writeUInt32LE(1, 4);
  return Buffer.concat([...parts, restarts]);
}

const handle = (at: bigint, size: bigint) => Buffer.concat([varintOf(at), varintOf(size)]);

/** A sorted string table of these entries, all in one block. */
function tableOf(
  entries: readonly Entry[],
  random: Random,
  broken: "handle" | "block" | "kind" | null,
): Buffer {
  let content = blockContent(entries);
  if (broken === "block") {
    content = Buffer.from(content);
    for (let i = 1 + draw(random, 4); i > 0; i--) content[draw(random, content.length)] = draw(random, 256);
  }
  const data = block(content, broken === "kind" ? draw(random, 3) : 0);
  const size = BigInt(data.length - 5);
  const last = entries.at(-1)?.key ?? Buffer.alloc(0);
  const place =
    broken === "handle" ? handle(otherNumber(random, 0n), otherNumber(random, size)) : handle(0n, size);
  const index = block(blockContent([{ key: last, value: place }]));
  const meta = block(blockContent([]));
  const footer = Buffer.alloc(48);
  Buffer.concat([
    handle(BigInt(data.length), BigInt(meta.length - 5)),
    handle(BigInt(data.length + meta.length), BigInt(index.length - 5)),
  ]).copy(footer);
  Buffer.from([0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]).copy(footer, 40);
  return Buffer.concat([data, meta, index, footer]);
}

const onTable = (
  name: string,
  change: (entries: Entry[], random: Random) => "handle" | "block" | "kind" | null | false,
): Mutator => ({
  name,
  apply: (bytes, random) => {
    let entries: Entry[];
    try {
      entries = [...readTable(bytes, "seed")].map(([key, value]) => ({
        key: Buffer.from(key, "latin1"),
        value: Buffer.from(value),
      }));
    } catch {
      return null;
    }
    if (entries.length === 0) return null;
    const broken = change(entries, random);
    return broken === false ? null : tableOf(entries, random, broken);
  },
});

/** Changes of a checkpoint's index behind its checksums. */
export const SSTABLE: readonly Mutator[] = [
  onTable("sstable value", (entries, random) => {
    const entry = pick(random, entries);
    const changed = pick(random, PROTOBUF).apply(entry.value, random, []);
    if (changed === null) return false;
    entry.value = changed;
    return null;
  }),
  onTable("sstable header", (entries, random) => {
    const changed = pick(random, PROTOBUF).apply(entries[0].value, random, []);
    if (changed === null) return false;
    entries[0].value = changed;
    return null;
  }),
  onTable("sstable key", (entries, random) => {
    pick(random, entries).key = Buffer.from(
      pick(random, ["", "\u0000", "a/b\u001b[0m", "k".repeat(5000), "conv1/kernel"]),
    );
    if (random() < 0.7) entries.sort((a, b) => Buffer.compare(a.key, b.key));
    return null;
  }),
  onTable("sstable entries", (entries, random) => {
    if (random() < 0.5) entries.splice(draw(random, entries.length), 1);
    else entries.push(...new Array<Entry>(random() < 0.1 ? 5000 : 1).fill(pick(random, entries)));
    return null;
  }),
  onTable("sstable block", () => "block"),
  onTable("sstable handle", () => "handle"),
  onTable("sstable kind", () => "kind"),
];
