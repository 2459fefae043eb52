import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DataError } from "../../src/errors.ts";
import { checkInput, isMissing, openInput, readError, readInput } from "../../src/files/input.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cellswap-input-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What every way to read `path` says; they say the same. */
function refusal(path: string): string {
  const said = [checkInput, openInput, readInput].map((read) => {
    try {
      read(path);
    } catch (error) {
      expect(error).toBeInstanceOf(DataError);
      return (error as DataError).message;
    }
    return "read";
  });
  expect(new Set(said).size).toBe(1);
  return said[0];
}

test("reads a whole regular file, also by a link", () => {
  const path = join(folder, "a.csv");
  writeFileSync(path, "a,b\n");
  symlinkSync(path, join(folder, "link"));
  expect(readInput(join(folder, "link")).toString()).toBe("a,b\n");
  expect(checkInput(path)).toBe(4);
});

test("refuses what is no regular file before it is opened", () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  mkdirSync(join(folder, "x.csv"));
  expect(refusal(pipe)).toBe(
    `${pipe}: is a pipe, not a file; write what comes out of it into a file and give that`,
  );
  expect(refusal(join(folder, "x.csv"))).toMatch(/x\.csv: is a folder; give the path of a file$/);
  expect(refusal("/dev/zero")).toBe("/dev/zero: is a device, not a file; give the path of a file");
});

test("a file of the system that has no size is read as empty, never without end", () => {
  expect(readInput("/proc/self/pagemap").length).toBe(0);
});

test("says why a file cannot be read", () => {
  const file = join(folder, "a");
  writeFileSync(file, "");
  symlinkSync("round", join(folder, "round"));
  expect(refusal(join(folder, "none"))).toMatch(/there is no such file; check the path$/);
  expect(refusal(join(file, "b"))).toMatch(/a part of this path is a file/);
  expect(refusal(join(folder, "round"))).toMatch(/leads back to itself/);
  expect(refusal(join(folder, "n".repeat(300)))).toMatch(/this name is too long/);
  expect(refusal(`${file}\0`)).toMatch(/holds a NUL character/);
  if (process.getuid?.() !== 0) {
    chmodSync(file, 0);
    expect(refusal(file)).toMatch(/no permission to read it/);
  }
});

test("an error of the system is told by its cause, an unknown one by its code", () => {
  const of = (code: string) => readError("a.csv", Object.assign(new Error("x"), { code })).message;
  expect(of("EACCES")).toMatch(/^a\.csv: no permission to read it/);
  expect(of("EMFILE")).toMatch(/too many files are open at once \(EMFILE\)/);
  expect(of("EIO")).toMatch(/the disk failed while reading/);
  expect(of("EWHAT")).toBe("a.csv: cannot be read (EWHAT); check the file and its disk");
  const bug = new TypeError("a bug");
  expect(readError("a.csv", bug)).toBe(bug);
});

test("a missing file is told from one that cannot be read", () => {
  const caught = (path: string) => {
    try {
      readInput(path);
    } catch (error) {
      return error;
    }
  };
  expect(isMissing(caught(join(folder, "none")))).toBe(true);
  expect(isMissing(caught(folder))).toBe(false);
});

test("a file over the limit is refused with both sizes, unread", () => {
  const path = join(folder, "a");
  writeFileSync(path, "12345");
  expect(() => readInput(path, { bytes: 4, what: "a study file" })).toThrow(
    `${path}: has 5 bytes; a study file of at most 4 bytes is read. Check that it is the file you mean`,
  );
});
