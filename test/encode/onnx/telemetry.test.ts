import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { built } from "../../built.ts";
import { drawCells, writeEncoder } from "../../study/drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-telemetry-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

test("ONNX Runtime in threads leaves nothing in the temporary folder", () => {
  drawCells(join(base, "cells"), { cellsPerClass: 4 });
  writeEncoder(base, { name: "tiny" });
  const temporary = join(base, "tmp");
  mkdirSync(temporary);
  const cli = join(built(), "cli.js");
  const args = ["features", "cells", "--encoder", "tiny.json", "--out", "features.parquet", "--workers", "2"];
  const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
  const { status, stderr } = spawnSync(process.execPath, [cli, ...args], {
    cwd: base,
    env: { ...env, TMPDIR: temporary },
    encoding: "utf8",
  });
  expect([status, stderr.includes("error")]).toEqual([0, false]);
  expect(readdirSync(temporary)).toEqual([]);
});
