import { linkSync, mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { sha256 } from "../../src/files/hash.ts";
import { checkSame, hashFile, hashGiven } from "../../src/files/state.ts";
import { StudyInputs } from "../../src/study/inputs.ts";

const scratch = mkdtempSync(join(tmpdir(), "cellswap-state-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test("a large file has the hash of its bytes, read in pieces", async () => {
  const path = join(scratch, "large");
  const bytes = Buffer.alloc(9 * 2 ** 20 + 17).map((__, i) => (i * 31) & 255);
  writeFileSync(path, bytes);
  let read = 0;
  const { sha256: found, settled } = await hashFile(path, { onBytes: (n) => (read += n) });
  expect(found).toBe(sha256(bytes));
  expect(read).toBe(bytes.length);
  expect(settled, "just written").toBe(false);
});

test("an input that is overwritten after it was hashed is noticed, whatever its size and times say", () => {
  const path = join(scratch, "plan.csv");
  writeFileSync(path, "one");
  const { atime, mtime } = statSync(path);
  const given = hashGiven(path);
  checkSame(given);
  linkSync(path, join(scratch, "backup"));
  checkSame(given);
  writeFileSync(path, "two");
  utimesSync(path, atime, mtime);
  expect(() => checkSame(given)).toThrow(
    `${path}: was changed while it was in use; run the same command again`,
  );
  writeFileSync(join(scratch, "other"), "one");
  renameSync(join(scratch, "other"), path);
  checkSame(given);
  rmSync(path);
  expect(() => checkSame(given)).toThrow(/was changed while it was in use/);
});

test("a study records the bytes of its plan and list of cells that it read", () => {
  const [plan, cellList] = ["p.csv", "l.txt"].map((name) => join(scratch, name));
  writeFileSync(plan, "plan");
  writeFileSync(cellList, "list");
  const inputs = new StudyInputs({ plan, cellList });
  inputs.check();
  expect(inputs.hashes()).toEqual({ plan: sha256("plan"), cellList: sha256("list") });
  writeFileSync(cellList, "tsil");
  expect(() => inputs.check()).toThrow(`${cellList}: was changed while it was in use`);
});
