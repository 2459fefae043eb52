import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  truncateSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { main } from "../../src/commands/main.ts";
import { contents } from "./command.ts";
import { type Drawing, drawCells, writeEncoder, writeOperator } from "./drawn.ts";

/** `case.json` of a case folder: what its files cannot say. */
interface Case {
  /** Cells to draw; null: the folder has its own, or none. */
  readonly draw?: (Drawing & { readonly unlabeled?: boolean }) | null;
  /** One-operator networks by file name. */
  readonly models?: Readonly<Record<string, Parameters<typeof writeOperator>[1]>>;
  /** Files to cut off after so many bytes; -1: to remove. */
  readonly truncate?: Readonly<Record<string, number>>;
  readonly out?: string;
  /** Further words of the command line. */
  readonly args?: readonly string[];
  /** Files in the study folder afterwards (`*`: a part of a name); by default it is not there. */
  readonly leaves?: readonly string[];
}

const cases = resolve(import.meta.dirname, "../cases/run");
const base = realpathSync(mkdtempSync(join(tmpdir(), "cellswap-cases-")));
afterAll(() => rmSync(base, { recursive: true, force: true }));

let said: string[] = [];
beforeEach(() => {
  said = [];
  vi.spyOn(console, "error").mockImplementation((text: string) => void said.push(...text.split("\n")));
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterEach(() => void vi.restoreAllMocks());

/** The expected line; `(*)` stands for words of Node or ONNX Runtime, which change with their versions. */
function pattern(line: string): RegExp {
  const escaped = line.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("\\(\\*\\)", "\\(.+\\)")}$`);
}

test.each(readdirSync(cases))("%s", async (name) => {
  const from = join(cases, name);
  const read = (file: string) => readFileSync(join(from, file), "utf8");
  const {
    draw = {},
    models = {},
    truncate = {},
    out = "out",
    args = [],
    leaves,
  } = existsSync(join(from, "case.json")) ? (JSON.parse(read("case.json")) as Case) : {};
  const dir = join(base, name);
  writeEncoder(dir, { name: "tiny" });
  if (draw !== null)
    drawCells(join(dir, "cells"), {
      cellsPerClass: 6,
      ...draw,
      ...(draw.unlabeled === true ? { localization: () => null } : {}),
    });
  cpSync(from, dir, { recursive: true });
  for (const [file, model] of Object.entries(models)) writeOperator(join(dir, file), model);
  for (const [file, bytes] of Object.entries(truncate))
    if (bytes < 0) rmSync(join(dir, file));
    else truncateSync(join(dir, file), bytes);
  const target = resolve(dir, out);
  const before = contents(dir);
  const code = await main(["run", join(dir, "study.json"), "--out", target, "--workers", "1", ...args]);
  expect(code).toBe(1);
  expect(said.map((line) => line.replaceAll(dir, "{dir}"))).toEqual([
    expect.stringMatching(pattern(`cellswap: ${read("expected.txt").trimEnd()}`)),
  ]);
  const after = contents(dir);
  expect(after, "inputs are untouched").toMatchObject(before);
  const left = Object.keys(after).filter((file) => !(file in before) || file.startsWith("out/"));
  expect(left.sort()).toEqual(
    (leaves ?? []).map((file) =>
      expect.stringMatching(new RegExp(`^out/${file.replace(/[.]/g, "\\.").replace("*", "[^/]+")}$`)),
    ),
  );
});
