import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { main } from "../../src/commands/main.ts";
import { processorMs } from "../processor.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-inputs-"));
const pipe = join(folder, "pipe");
const named = join(folder, "a folder.csv");
const link = join(folder, "link");
beforeAll(() => {
  execFileSync("mkfifo", [pipe]);
  mkdirSync(named);
  symlinkSync("/dev/zero", link);
  mkdirSync(join(folder, "images"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...argv: string[]): Promise<{ code: number; said: string[] }> {
  const said: string[] = [];
  const error = vi.spyOn(console, "error").mockImplementation((line) => void said.push(line));
  try {
    return { code: await main(argv), said };
  } finally {
    error.mockRestore();
  }
}

/** Every command with a file in the place of FILE, by what it reads there. */
const READERS: Readonly<Record<string, readonly string[]>> = {
  "a study file": ["run", "FILE", "--out", "OUT"],
  "a study file to export": ["export", "composites", "FILE", "--out", "OUT"],
  "a description of an encoder": ["encoder", "try", "FILE", "--cells", "cells"],
  "a list of crops": ["import", "folder", "images", "--manifest", "FILE", "--out", "OUT"],
  labels: ["import", "folder", "images", "--manifest", "FILE", "--labels", "FILE", "--out", "OUT"],
  "a list of fields": ["import", "fields", "images", "--manifest", "FILE", "--out", "OUT"],
  "a table of locations": ["import", "cellprofiler", "FILE", "--size", "16", "--out", "OUT"],
  "crops of DeepLoc": ["import", "deeploc", "FILE", "--out", "OUT"],
  "crops of scPortrait": ["import", "h5sc", "FILE", "--out", "OUT"],
  "crops of NumPy": ["import", "npy", "FILE", "--manifest", "FILE", "--out", "OUT"],
  "a network": ["encoder", "show", "FILE"],
};

for (const [what, argv] of Object.entries(READERS))
  test.each([pipe, "/dev/zero", link, named, join(folder, "none"), join(folder, `${"n".repeat(300)}.csv`)])(
    `%s in the place of ${what} is told in one line, at once`,
    async (file) => {
      const start = processorMs();
      const out = join(folder, "out");
      const { code, said } = await run(
        ...argv.map((word) =>
          word
            .replace(/^FILE$/, file)
            .replace(/^OUT$/, out)
            .replace(/^(images|cells)$/, join(folder, "$1")),
        ),
      );
      expect(code).toBe(1);
      expect(said).toHaveLength(1);
      expect(said[0]).toContain(file.slice(0, 100));
      expect(said[0]).not.toMatch(/\n|unexpected error/);
      expect(processorMs() - start).toBeLessThan(5000);
    },
  );

test("a name with hidden characters is shown without them, in errors and on the command line", async () => {
  const name = join(folder, `a${String.fromCharCode(27)}[31m${String.fromCharCode(0x202e)}\n.json`);
  writeFileSync(name, "{");
  const { code, said } = await run("run", name, "--out", join(folder, "out"));
  expect(code).toBe(1);
  expect(said).toEqual([expect.stringContaining("a\\x1b[31m\\u202e\\n.json: is not JSON")]);
  const written: string[] = [];
  const write = vi
    .spyOn(process.stderr, "write")
    .mockImplementation((text) => written.push(String(text)) > 0);
  await run("run", `--no-${String.fromCharCode(27)}[31m`);
  write.mockRestore();
  expect(written.join("")).toContain("\\x1b[31m");
  expect(written.join("")).not.toContain(String.fromCharCode(27));
});
