import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { DataError } from "../../src/errors.ts";
import { isSealed, openSealed, SealedWriter, sealJson } from "../../src/files/sealed.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-sealed-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

test("what is written piece by piece is the text that is sealed at once", () => {
  const path = join(base, "large.json");
  // More than is written at once, cut where pieces do not end.
  const value = { key: "k", value: ["A".repeat(3_000_001), "B".repeat(4_500_007), null] };
  const text = JSON.stringify(value).slice(0, -1);
  const writer = new SealedWriter(path);
  for (let at = 0; at < text.length; at += 1_700_003) writer.write(text.slice(at, at + 1_700_003));
  expect(readdirSync(base)).not.toContain("large.json");
  writer.finish();
  expect(readFileSync(path, "utf8") === sealJson(value)).toBe(true);
  expect([isSealed(path), openSealed(readFileSync(path)) !== null]).toEqual([true, true]);
  writer.discard();
  expect(readdirSync(base)).toEqual(["large.json"]);
});

test("a file with one other bit, or a byte less, or that is not there, is not sealed", () => {
  const path = join(base, "small.json");
  const text = sealJson({ key: "k", value: [1, 2] });
  writeFileSync(path, text);
  expect(isSealed(path)).toBe(true);
  for (const other of [text.replace("[1", "[0"), text.slice(0, -1), text.slice(1), "", "{}\n"]) {
    writeFileSync(path, other);
    expect([isSealed(path), openSealed(Buffer.from(other))]).toEqual([false, null]);
  }
  expect(isSealed(join(base, "none.json"))).toBe(false);
});

test("what is discarded leaves nothing", () => {
  const folder = join(base, "discarded");
  const writer = new SealedWriter(join(folder, "some.json"));
  writer.write("{");
  expect(readdirSync(folder).length).toBe(1);
  writer.discard();
  expect(readdirSync(folder)).toEqual([]);
});

test.skipIf(!existsSync("/proc/self"))("a text that cannot be begun is told in one line", () => {
  expect(() => new SealedWriter("/proc/self/none.json")).toThrow(DataError);
});
