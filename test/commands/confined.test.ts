import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { built } from "../built.ts";
import { drawCells, writeStudy } from "../study/drawn.ts";

/** A user that no machine knows. */
const NOBODY = 54_321;
const base = mkdtempSync(join(tmpdir(), "cellswap-confined-"));
const work = join(base, "work");
const cells = join(base, "cells");
const study = join(base, "study.json");
let cli: string;
let possible = false;

/** Runs the command as a user without a name or a home, who may write to the working folder alone. */
function confined(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    "setpriv",
    ["--reuid", String(NOBODY), "--regid", String(NOBODY), "--clear-groups", process.execPath, cli, ...args],
    {
      cwd: work,
      encoding: "utf8",
      env: { PATH: process.env.PATH, HOME: "/nonexistent", TMPDIR: "/nonexistent" },
    },
  );
  return { status, stdout, stderr };
}

beforeAll(() => {
  cli = join(built(), "cli.js");
  mkdirSync(work);
  chmodSync(base, 0o755);
  if (process.getuid?.() === 0) chownSync(work, NOBODY, NOBODY);
  drawCells(cells, { size: 64, fields: 6 });
  writeStudy(study, { encoders: ["deeploc"], settings: ["original", "different"], backgrounds: ["vacuole"] });
  possible = existsSync("/usr/bin/setpriv") && process.getuid?.() === 0 && confined("--version").status === 0;
});
afterAll(() => rmSync(base, { recursive: true }));

test("a user without a name, a home or a folder for temporary files writes where it may, and there alone", ({
  skip,
}) => {
  if (!possible) skip("this takes root and setpriv, and a build that all may read");
  const { status, stderr } = confined("run", study, "--out", "out", "--progress", "none");
  expect(stderr).not.toContain("cellswap:");
  expect(status).toBe(0);
  expect(existsSync(join(work, "out/report.html"))).toBe(true);
  const refused = confined("run", study, "--out", join(base, "out"), "--progress", "none");
  expect(refused.stderr).toMatch(
    /^cellswap: .*\/out: no permission to write there; choose another folder.*\n$/m,
  );
  expect(refused.status).toBe(1);
});
