import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { float32Header, type NapariRequest, napariScript } from "../../src/explore/napari.ts";
import { NpyWriter } from "../../src/files/npy.ts";

const PYTHON = "/opt/oracle/bin/python";
const folder = mkdtempSync(join(tmpdir(), "cellswap-napari-"));
afterAll(() => rmSync(folder, { recursive: true }));

const HOSTILE = 'x"""; import os; os.abort()\\\n\u2028 {curly} %s \'';
const request: NapariRequest = {
  title: HOSTILE,
  channels: ["GFP", HOSTILE],
  colors: ["green", "magenta"],
  count: 4,
  height: 3,
  width: 2,
  masks: true,
  cells: [
    { row: 3, id: "late", class: "actin" },
    { row: 1, id: HOSTILE.replaceAll("\n", ""), class: "ü" },
  ],
  composites: [
    { cell: 0, label: "different on nucleus" },
    { cell: 0, label: "masked" },
    { cell: 1, label: "original" },
  ],
  file: "chosen.npy",
};

describe.skipIf(!existsSync(PYTHON))("the script for napari, by Python", () => {
  const store = join(folder, "cells");
  mkdirSync(store);
  const crops = Float32Array.from({ length: 4 * 12 }, (_, i) => i);
  const writer = new NpyWriter(join(store, "crops.npy"), "float32", [2, 3, 2]);
  writer.append(crops);
  writer.close();
  const masks = new NpyWriter(join(store, "masks.npy"), "uint8", [3, 2]);
  masks.append(new Uint8Array(4 * 6));
  masks.close();
  const run = (name: string, of: NapariRequest) => {
    const script = join(folder, name);
    writeFileSync(script, napariScript(of));
    execFileSync(PYTHON, ["-m", "py_compile", script]);
    return execFileSync(PYTHON, [script, store, "--check"], { encoding: "utf8", stdio: "pipe" }).split("\n");
  };
  const sums = (rows: number[]) =>
    [0, 1].map((c) => {
      const values = rows.flatMap((row) => [...crops.subarray(row * 12 + c * 6, row * 12 + (c + 1) * 6)]);
      return `sum ${c} ${values.reduce((a, b) => a + b, 0)}`;
    });

  test("without composites it reads the crops of the cells", () => {
    const said = run("alone.py", request);
    expect(said.slice(0, 5)).toEqual(["originals 2 2 3 2", "masks 2 3 2", "composites", ...sums([3, 1])]);
    expect(said[5]).toBe("late (actin): original");
  });

  test("with composites beside it, frame by frame", () => {
    writeFileSync(
      join(folder, "chosen.npy"),
      Buffer.concat([float32Header([3, 2, 3, 2]), Buffer.from(new Float32Array(36).buffer)]),
    );
    const said = run("both.py", request);
    expect(said.slice(0, 5)).toEqual([
      "originals 3 2 3 2",
      "masks 3 3 2",
      "composites 3 2 3 2",
      ...sums([3, 3, 1]),
    ]);
    expect(said[6]).toBe("late (actin): masked");
  });

  test("another store is refused in one line", () => {
    expect(() => run("other.py", { ...request, count: 5 })).toThrow(/belongs to another study/);
  });

  test("cells without masks", () => {
    expect(run("bare.py", { ...request, masks: false })[1]).toBe("masks");
  });
});
