import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { main } from "../../src/commands/main.ts";
import { contents, run } from "./command.ts";
import { drawCells, writeEncoder, writeStudy } from "./drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-line-"));
const study = join(base, "study.json");
let expected: Record<string, string>;

beforeAll(async () => {
  drawCells(join(base, "cells"));
  writeEncoder(base, { name: "tiny", filters: 64 });
  writeStudy(study, { settings: ["original", "same", "masked"] });
  const whole = join(base, "whole");
  expect(await run(["run", study, "--out", whole])).toMatchObject({ code: 0 });
  expected = contents(whole);
});
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

describe("a wrong command line ends with exit code 2 and says why", () => {
  test.each([
    [["nonsense"], /unknown command 'nonsense'/],
    [["--nonsense"], /unknown option '--nonsense'/],
    [["run"], /give either a study file or --features with a folder/],
    [["run", "a.json", "b.json"], /too many arguments/],
    [["run", "a.json", "--nonsense"], /unknown option '--nonsense'/],
    [["run", "a.json", "--out"], /argument missing/],
    [
      ["run", "a.json", "--workers", "0"],
      /'--workers <n>' argument '0' is invalid. Give a whole number from 1 to 256/,
    ],
    [["run", "a.json", "--workers", "1.5"], /argument '1.5' is invalid. Give a whole number/],
    [["run", "a.json", "--workers", "many"], /argument 'many' is invalid. Give a whole number/],
    [["run", "a.json", "--workers", "100000"], /argument '100000' is invalid. Give a whole number/],
  ])("%j", async (args, line) => {
    const { code, stdout, errors } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(errors[0]).toMatch(line);
  });
});

test("without a command the help is shown, with every command in it", async () => {
  const { code, stdout, stderr } = await run([]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  for (const name of ["import", "segment", "run", "table"])
    expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
});

test("every command's help has an example, and so has every command below it", async () => {
  const below = (help: string) =>
    [...(help.split("Commands:")[1] ?? "").matchAll(/^ {2}([a-z-]+) /gm)]
      .map((m) => m[1])
      .filter((n) => n !== "help");
  // In this process, as starting one takes most of the time.
  const help = async (...words: string[]) => {
    let shown = "";
    const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => (shown += text) !== "");
    const code = await main([...words, "--help"]).finally(() => write.mockRestore());
    return { code, shown };
  };
  const waiting = below((await help()).shown).map((name) => [name]);
  expect(waiting.length).toBeGreaterThan(4);
  for (const words of waiting) {
    const { code, shown } = await help(...words);
    expect(code, words.join(" ")).toBe(0);
    expect(shown, words.join(" ")).toMatch(/Examples?:\n +cellswap /);
    if (words.length === 1) waiting.push(...below(shown).map((name) => [...words, name]));
  }
});

test("--json prints JSON alone", async () => {
  const { code, stdout, stderr } = await run(["run", study, "--out", join(base, "whole"), "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout)).toHaveProperty("out", join(base, "whole"));
});

test("a limit on file size is one line, and the run goes on without it", async () => {
  const out = join(base, "limited");
  // 120 composites of 64 features are 30 KiB.
  const { code, errors } = await run(["run", study, "--out", out, "--workers", "1"], "ulimit -f 16;");
  expect({ code, errors }).toEqual({
    code: 1,
    errors: [
      expect.stringMatching(/^cellswap: .*: the file would be larger than the system allows \(`ulimit -f`\)/),
    ],
  });
  expect(await run(["run", study, "--out", out])).toMatchObject({ code: 0 });
  expect(contents(out)).toEqual(expected);
});

/** A file system of a few KiB, where that may be made. */
function mount(folder: string, kib: number): boolean {
  mkdirSync(folder);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kib}k`, "tmpfs", folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const disk = join(base, "disk");
const mounted = mount(disk, 80);
afterAll(() => {
  if (mounted) execFileSync("umount", [disk]);
});

test.skipIf(!mounted)("a full disk is one line, and the run goes on when there is space", async () => {
  const out = join(disk, "out");
  writeFileSync(join(disk, "ballast"), new Uint8Array(36 << 10));
  const { code, errors } = await run(["run", study, "--out", out, "--workers", "1"]);
  expect({ code, errors }).toEqual({
    code: 1,
    errors: [
      expect.stringMatching(
        /^cellswap: .*: the disk is full; free some space and run the same command again$/,
      ),
    ],
  });
  rmSync(join(disk, "ballast"));
  execFileSync("mount", ["-o", "remount,size=4096k", disk]);
  expect(await run(["run", study, "--out", out])).toMatchObject({ code: 0 });
  // Where cells and encoders lie from another disk is no result.
  const { "view/sources.json": there, ...results } = contents(out);
  const { "view/sources.json": here, ...wanted } = expected;
  expect([there, here]).not.toContain(undefined);
  expect(results).toEqual(wanted);
});
