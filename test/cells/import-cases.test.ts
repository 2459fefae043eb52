import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { main } from "../../src/commands/main.ts";
import { sha256File } from "../../src/files/hash.ts";

/** One command line of a case.json: `{case}` is the case's folder, `{out}` a path for the store. */
interface Run {
  readonly argv: readonly string[];
  readonly exit: number;
  /** The whole of standard error, without `cellswap: `. */
  readonly error?: string;
  /** What the summary must hold (with exit 0). */
  readonly summary?: Record<string, unknown>;
}

const cases = resolve(import.meta.dirname, "../cases/import");
const layouts = resolve(import.meta.dirname, "../fixtures/cells/layouts");
const scratch = mkdtempSync(join(tmpdir(), "cellswap-import-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const runs = readdirSync(cases).flatMap((name) => {
  const list = JSON.parse(readFileSync(join(cases, name, "case.json"), "utf8")) as Run[];
  return list.map((run, i): [string, Run, string] => [`${name} ${i + 1}`, run, name]);
});

test("every case folder is run", () => {
  expect(new Set(runs.map(([, , name]) => name))).toEqual(new Set(readdirSync(cases)));
});

test.each(runs)("%s", async (_, run, name) => {
  const input = join(cases, name, "input");
  const place = mkdtempSync(join(scratch, "case-"));
  const out = join(place, "new", "cells");
  const first = await command(run.argv, input, out);
  expect(first.exit, first.error).toBe(run.exit);
  if (run.exit === 0) {
    expect(JSON.parse(first.output)).toMatchObject(run.summary ?? {});
    return;
  }
  expect(first.error).toBe(run.error);
  expect(first.output).toBe("");
  expect(readdirSync(place), "nothing is left").toEqual([]);

  const old = join(place, "old");
  await command(["import", "pci", join(layouts, "pci"), "--out", "{out}"], input, old);
  const before = fingerprint(old);
  expect((await command(run.argv, input, old)).exit).toBe(run.exit);
  expect(fingerprint(old), "the store that stood there is kept").toEqual(before);
  expect(readdirSync(place)).toEqual(["old"]);
});

test("a folder that is no store is never replaced", () => {
  expect(readFileSync(join(cases, "out-folder/input/taken/notes.txt"), "utf8")).toBe("mine\n");
});

async function command(argv: readonly string[], input: string, out: string) {
  const errors: string[] = [];
  const outputs: string[] = [];
  const spies = [
    vi.spyOn(console, "error").mockImplementation((line) => void errors.push(String(line))),
    vi.spyOn(console, "log").mockImplementation((line) => void outputs.push(String(line))),
    vi.spyOn(process.stderr, "write").mockReturnValue(true),
  ];
  try {
    const exit = await main(argv.map((a) => a.replaceAll("{case}", input).replaceAll("{out}", out)));
    const error = errors.join("\n").replace(/^cellswap: /, "");
    return {
      exit,
      output: outputs.join("\n").replaceAll(input, "{case}"),
      error: error.replaceAll(input, "{case}").replaceAll(out, "{out}"),
    };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

function fingerprint(path: string): string[] {
  return readdirSync(path)
    .sort()
    .map((f) => `${f} ${sha256File(join(path, f))}`);
}
