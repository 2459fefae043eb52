import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { InUseError } from "../../src/errors.ts";
import { takeLock } from "../../src/files/lock.ts";
import { built } from "../built.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-lock-"));
const file = join(base, "run.lock");
afterAll(() => rmSync(base, { recursive: true, force: true }));
beforeEach(() => rmSync(file, { force: true }));

const MINUTE = 60_000;
const unshared = ["--pid", "--kill-child", "--mount-proc"];
const canUnshare = spawnSync("unshare", [...unshared, "true"]).status === 0;

/** A process that takes the lock, says so and holds it; in a process namespace of its own, as a container has one. */
function holder(more: readonly string[] = unshared) {
  const lock = join(built(), "files/lock.js");
  const code = `import(${JSON.stringify(lock)}).then(({ takeLock }) => {
    takeLock(${JSON.stringify(base)});
    console.log("held");
    setInterval(() => {}, 1000);
  }, () => {}).catch((error) => { console.log(error.name + ": " + error.message); });`;
  const node = [process.execPath, "--input-type=module", "-e", code];
  const [command, ...args] = more.length === 0 ? node : ["unshare", ...more, ...node];
  const child = spawn(command, args, { cwd: resolve(import.meta.dirname, "../..") });
  const said = new Promise<string>((done) => child.stdout.once("data", (text) => done(String(text).trim())));
  return { said, end: () => new Promise((done) => child.once("exit", done).kill("SIGKILL")) };
}

/** Sets how long ago the lock was renewed. */
function renewed(msAgo: number): void {
  const at = (Date.now() - msAgo) / 1000;
  utimesSync(file, at, at);
}

const foreign = { host: "elsewhere", namespace: "boot pid:[1]", process: 17, started: "5" };

test("the lock names host, process and start, and is gone when it is given back", () => {
  const lock = takeLock(base);
  const held = JSON.parse(readFileSync(file, "utf8"));
  expect(held).toMatchObject({
    process: process.pid,
    host: expect.stringMatching(/./),
    started: expect.any(String),
  });
  expect(() => takeLock(base)).toThrow(InUseError);
  expect(() => takeLock(base)).toThrow(
    `${base}: is in use by another run (process ${process.pid}); wait for it or stop it`,
  );
  lock.release();
  expect(existsSync(file)).toBe(false);
  takeLock(base).release();
});

test.each([0, 1, 4])("a lock of another host that was renewed %i minutes ago counts as held", (minutes) => {
  writeFileSync(file, JSON.stringify(foreign));
  renewed(minutes * MINUTE);
  expect(() => takeLock(base)).toThrow(/in use by another run \(process 17 on elsewhere\); wait for it/);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(foreign);
});

test("a lock of another host that nobody has renewed for minutes is taken over", () => {
  for (const left of [JSON.stringify(foreign), "999 1", ""]) {
    writeFileSync(file, left);
    renewed(6 * MINUTE);
    const lock = takeLock(base);
    expect(JSON.parse(readFileSync(file, "utf8")).process).toBe(process.pid);
    lock.release();
  }
});

test("a lock is renewed while the process is busy, and one that was taken over is noticed", async () => {
  const lock = takeLock(base);
  renewed(4 * MINUTE);
  const old = statSync(file).mtimeMs;
  const until = Date.now() + 25_000;
  // Nothing else runs in this thread meanwhile: it stands still, at no cost to other tests.
  const still = new Int32Array(new SharedArrayBuffer(4));
  while (statSync(file).mtimeMs === old && Date.now() < until) Atomics.wait(still, 0, 0, 20);
  expect(statSync(file).mtimeMs).toBeGreaterThan(old + 3 * MINUTE);
  rmSync(file);
  writeFileSync(file, JSON.stringify(foreign));
  await new Promise<void>((done) => lock.lost.addEventListener("abort", () => done(), { once: true }));
  lock.release();
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(foreign);
});

test.skipIf(!canUnshare)("two containers never both hold a folder", async () => {
  const first = holder();
  expect(await first.said).toBe("held");
  // Its number means nothing here, and ours nothing there.
  expect(() => takeLock(base)).toThrow(InUseError);
  const second = holder();
  expect(await second.said).toMatch(
    /^InUseError: .*is in use by another run \(process \d+ on .+\); wait for it/,
  );
  await Promise.all([first.end(), second.end()]);
  // Killed: from elsewhere that shows only by its silence.
  expect(() => takeLock(base)).toThrow(InUseError);
  renewed(6 * MINUTE);
  takeLock(base).release();
});

test("a process of this host that was killed leaves a lock that gives way at once", async () => {
  const first = holder([]);
  expect(await first.said).toBe("held");
  expect(() => takeLock(base)).toThrow(/in use by another run \(process \d+\); wait for it or stop it/);
  await first.end();
  takeLock(base).release();
});
