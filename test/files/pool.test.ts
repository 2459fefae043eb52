import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import * as errors from "../../src/errors.ts";
import { recordError, reviveError } from "../../src/files/error-record.ts";
import { Pool } from "../../src/files/pool.ts";
import type { Asked } from "./pool-thread.ts";

const { CellswapError, DataError, InterruptedError } = errors;
const make = (threads: number, init: object = { factor: 1 }) =>
  new Pool<Asked, number>({ base: import.meta.url, module: "pool-thread", init, threads, work: "test" });
const two = make(2);
afterAll(() => two.dispose());

const squares = (count: number): Asked[] => Array.from({ length: count }, (_, i) => ({ square: i }));
async function all(pool: Pool<Asked, number>, tasks: Asked[]): Promise<number[]> {
  const results: number[] = [];
  await pool.each(tasks, (result, task) => {
    results[task] = result;
  });
  return results;
}

test("one thread and two give the same results, each at its task's position", async () => {
  await using one = make(1);
  const expected = Array.from({ length: 200 }, (_, i) => i * i);
  expect(await all(one, squares(200))).toEqual(expected);
  expect(await all(two, squares(200))).toEqual(expected);
});

test("one thread does tasks in their order, and gets what the pool starts with", async () => {
  await using one = make(1, { factor: 10 });
  const order: number[] = [];
  await one.each(squares(5), (result) => order.push(result));
  expect(order).toEqual([0, 10, 40, 90, 160]);
  expect(await one.run({ square: 6 })).toBe(360);
});

test("results come as they are finished; threads without a task go on with the next call's", async () => {
  const order: string[] = [];
  const slow = two.each([{ square: 1, ms: 400 }], () => order.push("slow"));
  await two.each(squares(3), (result) => order.push(`fast ${result}`));
  await slow;
  expect(order).toEqual(["fast 0", "fast 1", "fast 4", "slow"]);
  expect(await all(two, [])).toEqual([]);
});

test("a strategy of the caller says which thread does what", async () => {
  const left = [
    [4, 2],
    [1, 3, 0],
  ];
  const dealt: [number, number][] = [];
  const take = (thread: number) => {
    const task = left[thread].shift() ?? -1;
    if (task >= 0) dealt.push([thread, task]);
    return task;
  };
  const results: number[] = [];
  await two.each(squares(5), (result, task) => results.push(result - task ** 2), { take });
  expect(results).toEqual([0, 0, 0, 0, 0]);
  expect(dealt.filter(([thread]) => thread === 0).map(([, task]) => task)).toEqual([4, 2]);
  expect(dealt.filter(([thread]) => thread === 1).map(([, task]) => task)).toEqual([1, 3, 0]);
});

describe("errors cross threads as they were thrown", () => {
  const kinds = Object.values(errors).filter(
    (e): e is typeof CellswapError => e === CellswapError || Object.getPrototypeOf(e) === CellswapError,
  );
  test("all classes of errors.ts are tried", () => expect(kinds).toHaveLength(8));
  for (const Kind of kinds)
    for (const path of [undefined, "cells: mine/crops.npy"])
      test(`${Kind.name}, path ${path}`, async () => {
        const task: Asked = { fail: Kind.name, ...(path === undefined ? {} : { path }) };
        const error = (await two.run(task).catch((e) => e)) as errors.CellswapError;
        expect(error.constructor).toBe(Kind);
        expect(error).toBeInstanceOf(CellswapError);
        expect(error.name).toBe(Kind.name);
        expect(error.path).toBe(path);
        expect(error.message).toBe(
          new Kind(`is a ${Kind.name}: mend it`, path === undefined ? {} : { path }).message,
        );
        expect(error.stack).toMatch(/pool-thread/);
      });
  test("others are plain errors with name and stack; what is no error becomes one", async () => {
    const error = (await two.run({ fail: "RangeError" }).catch((e) => e)) as Error;
    expect([error.constructor, error.name, error.message]).toEqual([Error, "RangeError", "out of range"]);
    expect(error.stack).toMatch(/RangeError: out of range\n.*pool-thread/);
    await expect(two.run({ fail: "text" })).rejects.toThrow(/^no error at all$/);
    for (const name of ["isCellswapError", "toString", "constructor"])
      expect(reviveError(recordError(Object.assign(new Error("x"), { name }))).constructor).toBe(Error);
  });
});

test("a thread that cannot start says so in answer to every task", async () => {
  await using pool = make(2, { factor: 1, broken: "my.cells" });
  for (let k = 0; k < 2; k++)
    await expect(pool.run({ square: 1 })).rejects.toThrow(
      new DataError("cannot be opened; mend it", { path: "my.cells" }),
    );
});

test("a task that fails ends its call and no other; those under way are waited for", async () => {
  const finished: number[] = [];
  const other = all(two, squares(20));
  const failing: Asked[] = [{ square: 2, ms: 300 }, { fail: "StudyError" }, ...squares(50)];
  await expect(two.each(failing, (result) => finished.push(result))).rejects.toThrow(errors.StudyError);
  expect(finished).toEqual([4]);
  expect(await other).toHaveLength(20);
  const thrown = new Error("the caller's own");
  await expect(
    two.each(squares(9), () => {
      throw thrown;
    }),
  ).rejects.toBe(thrown);
});

test("a signal stops with the caller's message and waits for the tasks under way", async () => {
  const controller = new AbortController();
  const finished: number[] = [];
  const { signal } = controller;
  const tasks: Asked[] = [{ square: 1 }, { square: 2, ms: 300 }, { square: 3, ms: 300 }, ...squares(50)];
  const work = two.each(tasks, (result) => finished.push(result) === 1 && controller.abort(), {
    signal,
    stopped: "stopped by hand",
  });
  await expect(work).rejects.toThrow(new InterruptedError("stopped by hand"));
  expect(finished.sort()).toEqual([1, 4, 9]);
  await expect(two.each(squares(2), () => finished.push(-1), { signal })).rejects.toThrow(errors.STOPPED);
  expect(finished).toHaveLength(3);
  expect(await two.run({ square: 5 })).toBe(25);
});

test("a thread that ends or throws outside of its task fails every call, at once and from then on", async () => {
  for (const [end, message] of [
    ["exit", "a thread of the test ended too early"],
    ["throw", "a thread of the test failed: outside of any task"],
  ] as const) {
    await using pool = make(2);
    const calls = [all(pool, [{ square: 1, ms: 1e6 }]), pool.run({ end }), all(pool, squares(3))];
    for (const { status, ...rest } of await Promise.allSettled(calls.slice(0, 2)))
      expect([status, (rest as { reason: Error }).reason.message]).toEqual(["rejected", message]);
    await calls[2].catch(() => {});
    await expect(pool.run({ square: 1 })).rejects.toThrow(message);
  }
});

test("dispose gives up what is under way, and takes no more", async () => {
  const pool = make(1);
  const [work] = await Promise.allSettled([all(pool, [{ square: 1, ms: 1e6 }]), pool.dispose()]);
  expect(work).toMatchObject({ status: "rejected", reason: new InterruptedError("the test was stopped") });
  await expect(pool.run({ square: 1 })).rejects.toThrow(InterruptedError);
});

test("want of memory is told with its remedy, and a process ends when its pools are disposed of", async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", "--max-old-space-size=150", join(import.meta.dirname, "pool-process.ts")],
    { timeout: 60_000 },
  );
  expect(stdout).toBe(
    "CellswapError: a thread of the test ran out of memory; give threads more (NODE_OPTIONS=--max-old-space-size=8192, in MiB) or use fewer\n9\n",
  );
});

test("a strategy that waits for results is asked again when one has been taken up", async () => {
  const tasks: Asked[] = squares(9).map((task, i) => (i % 4 === 0 ? { ...task, ms: 150 } : task));
  const results = new Map<number, number>();
  let [next, added] = [0, 0];
  // At most three that are not added up; while the first of them is slow, the other thread gets none.
  const take = () => (next < tasks.length && next - added < 3 ? next++ : -1);
  const done = (result: number, task: number) => {
    results.set(task, result);
    while (results.has(added)) added++;
  };
  await two.each(tasks, done, { take });
  expect([...results.values()].sort((a, b) => a - b)).toEqual(squares(9).map((_, i) => i * i));
});

test("a task that cannot be had ends its call and no other", async () => {
  let next = 0;
  const take = () => {
    if (next === 2) throw new DataError("cannot be read; fetch it again", { path: "a.npy" });
    return next++;
  };
  const other = two.each([{ square: 3, ms: 50 }], () => {});
  await expect(two.each(squares(4), () => {}, { take })).rejects.toThrow("a.npy: cannot be read");
  next = 2;
  await expect(two.each(squares(4), () => {}, { take })).rejects.toThrow("a.npy: cannot be read");
  await other;
  expect(await two.run({ square: 2 })).toBe(4);
});
