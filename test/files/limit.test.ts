import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { built } from "../built.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-limit-"));
afterAll(() => rmSync(base, { recursive: true }));

/** A program of another user (no limit holds root) that sets its own limit to one process and then starts more. */
const PROGRAM = `
  import { spawnSync } from "node:child_process";
  const [dist, encoder, folder] = process.argv.slice(1);
  const { Pool } = await import(dist + "/files/pool.js");
  const { takeLock } = await import(dist + "/files/lock.js");
  const { readEncoder } = await import(dist + "/encode/encoder-file.js");
  const { ApartEncoder } = await import(dist + "/encode/onnx/apart.js");
  const shape = { channels: ["GFP", "RFP"], height: 64, width: 64, masks: "full" };
  const pool = { base: dist + "/evaluate/grid.js", module: "grid-worker", threads: 2, work: "test" };
  const { status, stderr } = spawnSync("prlimit", ["--pid", String(process.pid), "--nproc=1:1"], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  const starts = {
    thread: () => new Pool(pool).run({}),
    lock: async () => takeLock(folder),
    network: () => ApartEncoder.open(readEncoder(encoder), shape),
  };
  for (const [name, start] of Object.entries(starts))
    console.log(name, await start().then(() => "started", (e) => e.name + ": " + e.message));
  process.exit();`;

test("threads and processes that may not be started are told in one line, and a lock is given back", ({
  skip,
}) => {
  const args = [pathToFileURL(built()).href, resolve("encoders/deeploc.json"), base];
  const user = ["--reuid", "54321", "--regid", "54321", "--clear-groups"];
  if (process.getuid?.() === 0) spawnSync("chown", ["54321", base]);
  const { status, stdout, stderr } = spawnSync(
    "setpriv",
    [...user, process.execPath, "--input-type=module", "-e", PROGRAM, ...args],
    { encoding: "utf8" },
  );
  if (status === null || /setpriv|EACCES|ENOENT|permission/.test(stderr))
    skip("this takes root, setpriv and prlimit, and a build that all may read");
  const line =
    "LimitError: no more processes or threads can be started here (`ulimit -u`, --pids-limit of a container, or memory); raise that limit, or use fewer --workers";
  expect(stderr).toBe("");
  expect(stdout.trim().split("\n")).toEqual([`thread ${line}`, `lock ${line}`, `network ${line}`]);
  expect(existsSync(join(base, "run.lock"))).toBe(false);
});
