import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import {
  duration,
  endLine,
  jsonLine,
  type Moment,
  remaining,
  textLine,
} from "../../src/commands/progress-line.ts";
import { ProgressState } from "../../src/commands/progress-state.ts";
import { built } from "../built.ts";
import { run } from "../study/command.ts";

const folder = mkdtempSync(join(tmpdir(), "progress-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const moment = (more: Partial<Moment> = {}): Moment => ({
  ...{ stage: "encode", unit: "composites", done: 1234, total: 45780, seconds: 3.5, rate: 350, still: 0.2 },
  note: "",
  ...more,
});

test("a line says how far a stage is, how fast it goes and what is left", () => {
  expect(textLine(moment(), 79)).toBe("encode: 1,234 of 45,780 composites, 350 composites/s, 2 min 7 s left");
  expect(textLine(moment({ total: 0 }), 79)).toBe("encode: 4 s");
  expect(textLine(moment({ rate: null, still: 12 }), 79)).toBe(
    "encode: 1,234 of 45,780 composites, 4 s so far, 12 s on this one",
  );
  expect(textLine(moment({ done: 2.5, total: 6, unit: "remedies", rate: 0.1, note: "deeploc" }), 79)).toBe(
    "encode: 2 of 6 remedies, 50 % of the next, 35 s left, deeploc",
  );
  expect(endLine(moment({ seconds: 7322 }), 79)).toBe("encode: done in 2.0 h");
});

test("where a line is narrow, the least needed goes first, and what is left last", () => {
  const wide = moment({ note: "some/very/long/name" });
  expect(textLine(wide, 200)).toMatch(/name$/);
  expect(textLine(wide, 79)).toBe("encode: 1,234 of 45,780 composites, 350 composites/s, 2 min 7 s left");
  expect(textLine(wide, 60)).toBe("encode: 1,234 of 45,780 composites, 2 min 7 s left");
  expect(textLine(wide, 40)).toBe("encode: 1,234 of 45,780 composites, 2...");
});

test("no line is longer than it may be, or shows what is hidden", () => {
  const any = fc.record({
    stage: fc.string(),
    unit: fc.string(),
    note: fc.string({ unit: "binary" }),
    done: fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e6, noNaN: true })),
    total: fc.nat(),
    seconds: fc.double({ min: 0, max: 1e7, noNaN: true }),
    rate: fc.option(fc.double({ min: 0, max: 1e7, noNaN: true })),
    still: fc.double({ min: 0, max: 1e5, noNaN: true }),
  });
  fc.assert(
    fc.property(any, fc.integer({ min: 20, max: 200 }), (of, width) => {
      for (const line of [textLine(of, width), endLine(of, width)]) {
        expect(line.length).toBeLessThanOrEqual(width);
        expect(line).not.toMatch(/\p{Cc}/u);
      }
      expect(jsonLine(of)).not.toContain("\n");
    }),
  );
});

test("what is left follows from what was done since the stage began, less the time since", () => {
  const state = new ProgressState();
  state.begin(1, 1000);
  const at = (now: number) => state.moment({ stage: "encode", unit: "rows", note: "" }, now);
  expect([at(1500).rate, remaining(at(1500))]).toEqual([null, null]);
  // What an earlier run left says nothing of the speed.
  state.update(500, 1000, 1500);
  expect(remaining(at(2500))).toBeNull();
  state.update(600, 1000, 2500);
  expect(at(2500)).toMatchObject({ done: 600, total: 1000, rate: 100, still: 0, seconds: 1.5 });
  expect(remaining(at(2500))).toBe(4);
  expect(at(3500)).toMatchObject({ rate: 100, still: 1 });
  expect(remaining(at(3500))).toBe(3);
  expect(remaining(at(9500))).toBe(0);
});

test("times are said in the unit that people would use", () => {
  expect([0, 59.4, 59.6, 3569, 3600, 360_000, 1e7].map(duration)).toEqual([
    "0 s",
    "59 s",
    "1 min 0 s",
    "59 min 29 s",
    "1.0 h",
    "100 h",
    "2,778 h",
  ]);
});

/** Objects of standard error, one on each line. */
const objects = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("--progress json says every stage from its beginning to its end, and --log keeps it with times", async () => {
  const out = join(folder, "cells");
  const log = join(folder, "run.log");
  const args = ["simulate", "--cells", "8", "--fields", "2", "--out", out, "--log", log];
  const first = await run([...args, "--progress", "json"]);
  expect(first.code, first.stderr).toBe(0);
  const said = objects(first.stderr);
  for (const each of said)
    expect(Object.keys(each)).toEqual(["stage", "done", "total", "unit", "seconds", "remaining"]);
  expect(said[0]).toMatchObject({ stage: "simulate", done: 0, unit: "cells" });
  expect(said.at(-1)).toMatchObject({ stage: "simulate", remaining: 0 });
  expect(said.at(-1)!.done).toBe(said.at(-1)!.total);
  const lines = readFileSync(log, "utf8").trim().split("\n");
  for (const line of lines) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ /);
  expect(lines[0]).toContain("cellswap simulate --cells 8");
  expect(lines.slice(1).map((line) => line.slice(21))).toEqual([
    expect.stringMatching(/^simulate: done in /),
    "done",
  ]);
});

test("what goes wrong is an object too, and is kept behind what the log has", async () => {
  const log = join(folder, "errors.log");
  writeFileSync(log, "mine\n");
  const { code, stderr } = await run(["run", join(folder, "none.json"), "--progress", "json", "--log", log]);
  expect(code).toBe(1);
  const message = expect.stringMatching(/^cellswap: .*none\.json: /);
  expect(objects(stderr)).toEqual([{ severity: "error", message }]);
  const lines = readFileSync(log, "utf8").trim().split("\n");
  expect(lines[0]).toBe("mine");
  expect(lines.at(-1)).toMatch(/Z cellswap: .*none\.json: /);
});

test("a log that cannot be written ends the command before it begins", async () => {
  mkdirSync(join(folder, "taken"));
  for (const [log, why] of [
    [join(folder, "taken"), "is no regular file; give --log another name"],
    [join(folder, "none", "run.log"), "no such folder"],
  ]) {
    const { code, stderr } = await run(["verify", join(folder, "nothing"), "--log", log]);
    expect([code, stderr.trim().split("\n")]).toEqual([1, [expect.stringContaining(`${log}: `)]]);
    expect(stderr).toContain(why);
  }
});

test("progress is shown while the working thread does nothing else for seconds", async () => {
  const file = join(folder, "busy.mjs");
  const module = (name: string) => JSON.stringify(join(built(), "commands", `${name}.js`));
  writeFileSync(
    file,
    `import { monitored } from ${module("progress")};
await monitored({ progress: "json" }, async (monitor) => {
  const bar = monitor.stage("work", "steps");
  for (const pause of [500, 3500]) {
    bar.update(pause === 500 ? 0 : 1, 2);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
  }
  bar.update(2, 2);
});`,
  );
  const child = spawn(process.execPath, [file]);
  let said = "";
  child.stderr.on("data", (text) => (said += text));
  expect(await new Promise((done) => child.on("close", done))).toBe(0);
  const middle = objects(said).filter(({ done }) => done === 1);
  expect(middle.length).toBeGreaterThanOrEqual(2);
  expect(middle.at(-1)).toMatchObject({ stage: "work", total: 2, unit: "steps" });
});
