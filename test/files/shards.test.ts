import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { exactJson, parseExact } from "../../src/files/exact-json.ts";
import { sha256 } from "../../src/files/hash.ts";
import { HashedReader, HashedWriter } from "../../src/files/hashed-stream.ts";
import { commitShard, finishedShards, missingShards, ranges, shardName } from "../../src/files/shards.ts";

const scratch = mkdtempSync(join(tmpdir(), "cellswap-shards-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test("names of shards sort by their numbers, and other names are none", () => {
  const folder = join(scratch, "names");
  mkdirSync(folder);
  for (const name of [
    "0002-of-0016",
    "12345-of-20000",
    "0000-of-0016",
    "16-of-16",
    "0016-of-0016",
    "notes",
    "00003-of-0016",
  ])
    mkdirSync(join(folder, name));
  expect(finishedShards(folder).map(shardName)).toEqual(["0000-of-0016", "0002-of-0016", "12345-of-20000"]);
  expect(finishedShards(join(scratch, "nowhere"))).toEqual([]);
  expect(ranges(missingShards(finishedShards(folder), 16))).toBe("1,3-15");
});

test("numbers are told as job arrays take them", () => {
  expect(ranges([])).toBe("");
  expect(ranges([0, 1, 2, 5, 7, 8])).toBe("0-2,5,7-8");
});

test("of two attempts the second goes where the first will do, and else takes its place", () => {
  const place = join(scratch, "attempts");
  const [path, attempt] = [join(place, "0000-of-0001"), join(place, "attempt")];
  const attemptOf = (text: string) => {
    mkdirSync(attempt, { recursive: true });
    writeFileSync(join(attempt, "a"), text);
  };
  const text = () => readFileSync(join(path, "a"), "utf8");
  attemptOf("one");
  commitShard(attempt, path, () => false);
  attemptOf("two");
  commitShard(attempt, path, () => true);
  expect(text()).toBe("one");
  expect(existsSync(attempt)).toBe(false);
  attemptOf("three");
  commitShard(attempt, path, () => false);
  expect(text()).toBe("three");
  expect(readdirSync(place)).toEqual(["0000-of-0001"]);
});

test("a file is written and read in pieces of any length, and damage is told", () => {
  const path = join(scratch, "stream");
  const pieces = [3, 1 << 20, 0, (1 << 21) + 5, 17].map((n, k) => Buffer.alloc(n, k + 65));
  const writer = new HashedWriter(path);
  for (const piece of pieces) writer.write(piece);
  writer.write(Buffer.from("one\n\ntwo\n"));
  const hash = writer.finish();
  expect(hash).toBe(sha256(readFileSync(path)));
  const reader = new HashedReader(path, hash, "make it again");
  for (const piece of pieces) expect(Buffer.compare(reader.read(piece.length), piece)).toBe(0);
  expect([
    reader.line()?.toString(),
    reader.line()?.toString(),
    reader.line()?.toString(),
    reader.line(),
  ]).toEqual(["one", "", "two", null]);
  reader.finish();
  reader.close();
  const other = new HashedReader(path, sha256("else"), "make it again");
  expect(() => other.read(1 << 23)).toThrow(`${path}: is damaged (it is too short); make it again`);
  expect(() => other.finish()).toThrow(`${path}: is damaged (its SHA-256 is another); make it again`);
  other.close();
});

test("numbers that JSON does not know come back as they were", () => {
  const value = {
    a: [Number.NaN, -0, 0, Number.POSITIVE_INFINITY, -1.5e-300, null, "NaN"],
    b: { c: Number.NEGATIVE_INFINITY },
  };
  expect(parseExact(exactJson(value))).toEqual(value);
  expect(Object.is((parseExact(exactJson([-0])) as number[])[0], -0)).toBe(true);
});
