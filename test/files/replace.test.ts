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
import { commitStaged, fileOf, rollForward, stagedPath } from "../../src/files/replace.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-replace-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const OWN = ["a.npy", "b.npy", "old.csv", "array.zarr"];

/** A folder of an old a, b and array, and a file of the user's. */
function folder(name: string) {
  const path = join(base, name);
  mkdirSync(join(path, "array.zarr"), { recursive: true });
  for (const file of ["a.npy", "b.npy", "old.csv", "array.zarr/0"]) writeFileSync(join(path, file), "old");
  writeFileSync(join(path, "notes.txt"), "mine");
  writeFileSync(join(path, "head.json"), '{"of":"old"}');
  return { path, header: "head.json", owns: (file: string) => OWN.includes(file) };
}

function stage(path: string): void {
  writeFileSync(stagedPath(path, "a.npy"), "new");
  mkdirSync(stagedPath(path, "array.zarr"));
  writeFileSync(join(stagedPath(path, "array.zarr"), "1"), "new");
}

function contents(path: string): Record<string, string> {
  const names = readdirSync(path, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  return Object.fromEntries(
    names
      .map((e) => join(e.parentPath, e.name))
      .sort()
      .map((file) => [file.slice(path.length + 1), readFileSync(file, "utf8")]),
  );
}

const NEW = {
  "a.npy": "new",
  "array.zarr/1": "new",
  "b.npy": "old",
  "head.json": '{\n  "of": "new"\n}\n',
  "notes.txt": "mine",
};

test("files are replaced, removed and kept all at once", () => {
  const replaced = folder("whole");
  stage(replaced.path);
  commitStaged(replaced, { of: "new" }, ["a.npy", "array.zarr"], ["old.csv"]);
  expect(contents(replaced.path)).toEqual(NEW);
});

test("a commit that was cut off anywhere is read as the new folder, and ends by the next writer", () => {
  const names = ["a.npy", "array.zarr"];
  for (let step = 0; step <= 4; step++) {
    const replaced = folder(`step-${step}`);
    const { path } = replaced;
    stage(path);
    const staged = Object.fromEntries([
      ["old.csv", null],
      ...names.map((name) => [name, stagedPath("", name)] as const),
    ]);
    const header = { of: "new", staged };
    writeFileSync(join(path, "head.json"), JSON.stringify(header));
    if (step > 0) rmSync(join(path, "old.csv"));
    if (step > 1) rmSync(join(path, "array.zarr"), { recursive: true });
    expect(readFileSync(fileOf(path, header, "a.npy"), "utf8")).toBe("new");
    expect(readFileSync(fileOf(path, header, "b.npy"), "utf8")).toBe("old");
    expect(existsSync(join(fileOf(path, header, "array.zarr"), "1"))).toBe(true);
    if (step > 2) rollForward(replaced);
    if (step > 3) writeFileSync(join(path, "head.json"), JSON.stringify(header));
    expect(readFileSync(fileOf(path, header, "a.npy"), "utf8")).toBe("new");
    rollForward(replaced);
    expect(contents(path)).toEqual(NEW);
  }
});

test("what a dead process staged and did not commit is removed, what a running one stages is not", () => {
  const replaced = folder("left");
  stage(replaced.path);
  const dead = stagedPath(replaced.path, "b.npy").replace(/-\d+-(\d+)$/, "-999999999-$1");
  writeFileSync(dead, "half");
  writeFileSync(join(replaced.path, "my.new-thing"), "mine");
  rollForward(replaced);
  expect(existsSync(dead)).toBe(false);
  expect(existsSync(join(replaced.path, "my.new-thing"))).toBe(true);
  expect(existsSync(stagedPath(replaced.path, "a.npy"))).toBe(true);
});

test("a header that names files of others is refused and they stay", () => {
  for (const staged of [
    { "notes.txt": null },
    { "a.npy": "../x" },
    { "a.npy": "notes.txt" },
    { "../a": null },
    7,
  ]) {
    const replaced = folder(`hostile-${JSON.stringify(staged).replace(/\W+/g, "-")}`);
    writeFileSync(join(replaced.path, "head.json"), JSON.stringify({ staged }));
    const before = contents(replaced.path);
    expect(() => rollForward(replaced)).toThrow(`${join(replaced.path, "head.json")}: is damaged`);
    expect(contents(replaced.path)).toEqual(before);
  }
  expect(() => fileOf(base, { staged: { "a.npy": "/etc/passwd" } }, "a.npy")).toThrow("is damaged");
});
