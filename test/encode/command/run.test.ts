import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { contents, run, start, times } from "../../study/command.ts";
import { drawCells, writeEncoder, writeStudy } from "../../study/drawn.ts";
import { gone } from "./gone.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-command-run-"));
const program = resolve(import.meta.dirname, "program.mjs");
const note = join(base, "program.pid");
const study = join(base, "study.json");

function describe(name: string, args: readonly string[], changes: object = {}): void {
  const description = {
    format: "cellswap-encoder",
    version: 1,
    name,
    command: [process.execPath, program, ...args],
    input: { channels: ["GFP", "RFP"], height: 32, width: 32 },
    outputs: [{ output: "y" }],
    batch: 16,
    ...changes,
  };
  writeFileSync(join(base, `${name}.json`), JSON.stringify(description));
}

/** What a study folder holds but for what programs printed, which depends on when they were ended. */
function made(out: string): Record<string, string> {
  return Object.fromEntries(Object.entries(contents(out)).filter(([name]) => !name.startsWith("logs/")));
}

const whole = join(base, "whole");
beforeAll(() => {
  process.env.CELLSWAP_TEST_NOTE = note;
  drawCells(join(base, "cells"), { classes: ["cytoplasm", "nucleus", "vacuole"], cellsPerClass: 16 });
  writeEncoder(base, { name: "tiny" });
  describe("net", ["notes", "--ms", "20"]);
  writeStudy(study, { encoders: ["tiny.json", "net.json"], learningCurve: false });
});
afterAll(() => {
  delete process.env.CELLSWAP_TEST_NOTE;
  rmSync(base, { recursive: true, force: true });
});

test("what is started is said before, and standard output holds the result alone", async () => {
  const { code, stdout, stderr } = await run(["run", study, "--out", whole, "--workers", "2", "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toBeTypeOf("object");
  const [first, second, third] = stderr.split("\n");
  expect(first).toBe(`encoder net starts a program: ${process.execPath} ${program} notes --ms 20`);
  expect(second).toBe(`  in ${base}`);
  expect(third).toMatch(/^ {2}files: .*program\.mjs \(SHA-256 [0-9a-f]{12}\.\.\.\)/);
  expect(readFileSync(join(whole, "logs/net.log"), "utf8")).toBe("ready\n");
  const record = JSON.parse(readFileSync(join(whole, "record.json"), "utf8"));
  expect(record.encoders.net).toMatchObject({
    command: [process.execPath, program, "notes", "--ms", "20"],
  });
  expect(await gone(Number(readFileSync(note, "utf8")))).toBe(true);
});

test("a second run writes nothing, its log neither", async () => {
  const before = times(whole);
  expect((await run(["run", study, "--out", whole])).code).toBe(0);
  expect(times(whole)).toEqual(before);
});

test("remedies start the program again for what they show it, and it is gone in the end", async () => {
  const path = writeStudy(join(base, "remedies-study.json"), {
    encoders: ["net.json"],
    learningCurve: false,
  });
  const args = [
    "remedy",
    path,
    "--out",
    join(base, "remedied"),
    "--remedies",
    "masked-2",
    "pool",
    "recompose-2",
  ];
  const { code, stdout, errors } = await run([...args, "--workers", "2", "--json"]);
  expect(code, errors.join("\n")).toBe(0);
  const [{ evidence, refused }] = JSON.parse(stdout).remedies;
  expect(evidence.map((e: { remedy: string }) => e.remedy)).toEqual(["none", "masked-2", "recompose-2"]);
  expect(refused.map((r: { remedy: string }) => r.remedy)).toEqual(["pool"]);
  expect(await gone(Number(readFileSync(note, "utf8")))).toBe(true);
});

test("other composites are encoded by the program too, and it is gone in the end", async () => {
  const path = writeStudy(join(base, "varied-study.json"), { encoders: ["net.json"], learningCurve: false });
  const args = ["sensitivity", path, "--out", join(base, "remedied"), "--variants", "keep", "erode-2"];
  const { code, stdout, errors } = await run([...args, "--workers", "2", "--json"]);
  expect(code, errors.join("\n")).toBe(0);
  const [{ variants, refused }] = JSON.parse(stdout).sensitivity;
  expect(variants.map((v: { variant: string }) => v.variant)).toEqual(["keep", "erode-2"]);
  expect(refused).toEqual([]);
  expect(await gone(Number(readFileSync(note, "utf8")))).toBe(true);
});

test("killed or stopped, a run leaves no program behind and goes on to the same bytes", async () => {
  const out = join(base, "broken");
  for (const signal of ["SIGKILL", "SIGINT", "SIGKILL"] as const) {
    rmSync(note, { force: true });
    const child = start(["run", study, "--out", out, "--workers", "1"]);
    const half = () => existsSync(join(out, "features/net")) && existsSync(note);
    while (!half()) await sleep(20);
    await sleep(150);
    child.kill(signal);
    const { code, errors } = await child.ended;
    if (signal === "SIGINT") {
      expect(code).toBe(75);
      expect(errors.at(-1)).toContain("stopped; run the same command again");
    }
    expect(await gone(Number(readFileSync(note, "utf8"))), signal).toBe(true);
  }
  describe("net", ["notes", "--ms", "20"], { processes: 2, seconds: { start: 60, batch: 60 } });
  expect((await run(["run", study, "--out", out, "--workers", "3"])).code).toBe(0);
  expect(made(out)).toEqual(made(whole));
});

test("a program that crashes half way leaves what it made, and the run goes on when it is mended", async () => {
  const out = join(base, "mended");
  describe("frail", ["flaky", "--after", "12"]);
  writeStudy(join(base, "frail-study.json"), { encoders: ["frail.json"], learningCurve: false });
  const failed = await run(["run", join(base, "frail-study.json"), "--out", out, "--workers", "1"]);
  expect(failed.code).toBe(1);
  expect(failed.errors.at(-1)).toContain(
    'ended with exit code 3 after 12 batches: "RuntimeError: CUDA out of memory"',
  );
  expect(readFileSync(join(out, "logs/frail.log"), "utf8")).toContain("RuntimeError: CUDA out of memory");
  writeFileSync(`${note}.mended`, "");
  const mended = await run(["run", join(base, "frail-study.json"), "--out", out, "--workers", "1"]);
  expect(mended.code).toBe(0);
});

test("features that are no numbers are told by cell and setting", async () => {
  describe("zero", ["nan", "--after", "6"]);
  writeStudy(join(base, "zero-study.json"), { encoders: ["zero.json"] });
  const { code, errors } = await run([
    "run",
    join(base, "zero-study.json"),
    "--out",
    join(base, "zero"),
    "--workers",
    "1",
  ]);
  expect(code).toBe(1);
  expect(errors.at(-1)).toMatch(/encoder zero gives NaN as feature 0 of cell \w+-\d+ in setting \w/);
});

test("what a description starts is shown without starting it, and tried without a study", async () => {
  rmSync(note, { force: true });
  describe("shown", ["notes"], { processes: 2 });
  const shown = await run(["encoder", "show", join(base, "shown.json")]);
  expect(shown.code).toBe(0);
  expect(shown.stdout).toContain(
    `encoder shown starts a program, 2 times: ${process.execPath} ${program} notes\n`,
  );
  expect(shown.stdout).toContain("it gets: 16 x 2 x 32 x 32 float32 (GFP, RFP)");
  expect(existsSync(note)).toBe(false);
  const tried = await run([
    "encoder",
    "try",
    join(base, "shown.json"),
    "--cells",
    join(base, "cells"),
    "--json",
  ]);
  expect(JSON.parse(tried.stdout)).toMatchObject({ cells: 48, outputs: [{ output: "y", features: 4 }] });
  expect(tried.stderr).toContain("\nready\n");
});
