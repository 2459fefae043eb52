import fc from "fast-check";
import { expect, test } from "vitest";
import { mulberry32 } from "../../../src/core/rng.ts";
import {
  type Cluster,
  type ClusterTask,
  runArray,
  simulateStudy,
  USUAL,
} from "../../../src/study/shards/cluster.ts";

/** A cluster on which nothing is left to chance. */
const certain: Cluster = {
  nodes: 2,
  cores: 8,
  taskCores: 4,
  queue: 0,
  dispatch: 0,
  spread: { node: 0, attempt: 0 },
  stragglers: { share: 0, times: 1 },
  failures: { perHour: 0, noticed: 0, back: 0 },
  preemptions: 0,
  requeue: 0,
  attempts: 3,
  disk: Number.POSITIVE_INFINITY,
};

const task = (seconds: number, more: Partial<ClusterTask> = {}): ClusterTask => ({
  seconds,
  bytes: 0,
  pieces: 10,
  ...more,
});

/** The same tasks dealt by hand: the next one to the place that is free first. */
function dealt(seconds: readonly number[], places: number): number {
  const free = new Array<number>(places).fill(0);
  for (const own of seconds) {
    const first = free.indexOf(Math.min(...free));
    free[first] += own;
  }
  return Math.max(...free);
}

test("without chance an array takes what its tasks take, dealt to the places that are free first", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 40 }), (seconds) => {
      const array = { tasks: seconds.map((s) => task(4 * s)), start: 3 };
      const { wall, coreSeconds, repeated, failed } = runArray(array, certain, mulberry32(1));
      const whole = seconds.map((s) => s + 3);
      expect(wall).toBeCloseTo(dealt(whole, 4), 6);
      expect(coreSeconds).toBeCloseTo(4 * whole.reduce((a, b) => a + b, 0), 6);
      expect([repeated, failed]).toEqual([0, 0]);
    }),
  );
});

test("a disk that all write to sets the pace where it is slower than they are", () => {
  // 16 tasks in 4 places: 4 x 10 s of work, and 16 GB in all.
  const tasks = new Array(16).fill(task(40, { bytes: 1e9 }));
  const run = (disk: number) => runArray({ tasks, start: 0 }, { ...certain, disk }, mulberry32(1)).wall;
  expect(run(1e9)).toBeCloseTo(40, 6);
  expect(run(4e8)).toBeCloseTo(40, 6);
  expect(run(2e8)).toBeCloseTo(80, 6);
  expect(run(1e8)).toBeCloseTo(160, 6);
});

test("what is preempted keeps its whole pieces and loses the one that was begun", () => {
  const mean = (pieces: number) => {
    const runs = Array.from({ length: 300 }, (_, seed) => {
      const array = { tasks: [task(3600, { pieces })], start: 0 };
      return runArray(array, { ...certain, taskCores: 1, preemptions: 4, attempts: 1000 }, mulberry32(seed))
        .wall;
    });
    return runs.reduce((a, b) => a + b, 0) / runs.length;
  };
  // An hour of work is lost from the start at a rate of 4 an hour: (e^4 - 1) / 4 hours until it succeeds.
  expect(mean(1) / 3600 / ((Math.exp(4) - 1) / 4)).toBeGreaterThan(0.85);
  expect(mean(1) / 3600 / ((Math.exp(4) - 1) / 4)).toBeLessThan(1.15);
  // A hundredth of an hour each: e^0.04 - 1 of 0.04.
  expect(mean(100) / 3600).toBeGreaterThan(1);
  expect(mean(100) / 3600).toBeLessThan(1.05);
});

test("a node that fails gives its tasks to the others, and comes back", () => {
  const array = { tasks: new Array(40).fill(task(1200)), start: 10 };
  const failing = { ...certain, failures: { perHour: 2, noticed: 0, back: 600 } };
  const calm = runArray(array, certain, mulberry32(1));
  const runs = Array.from({ length: 50 }, (_, seed) => runArray(array, failing, mulberry32(seed)));
  for (const { wall, coreSeconds, repeated } of runs) {
    expect(repeated === 0 ? 0 : wall).toBeGreaterThanOrEqual(repeated === 0 ? 0 : calm.wall - 1e-6);
    expect(coreSeconds).toBeGreaterThanOrEqual(calm.coreSeconds - 1e-6);
  }
  expect(runs.filter(({ repeated }) => repeated > 0).length).toBeGreaterThan(40);
  // A cluster of one node waits until it is back.
  const alone = runArray(array, { ...failing, nodes: 1 }, mulberry32(3));
  expect(alone.repeated).toBeGreaterThan(0);
  expect(alone.wall).toBeGreaterThan(runArray(array, { ...certain, nodes: 1 }, mulberry32(3)).wall);
});

test("tasks that use up their attempts are told", () => {
  const array = { tasks: [task(3600, { pieces: 1 })], start: 0 };
  const { failed, repeated } = runArray(array, { ...certain, preemptions: 10, attempts: 2 }, mulberry32(2));
  expect(repeated).toBeGreaterThan(1);
  expect(failed).toBe(1);
});

test("one seed gives one answer; more failures and stragglers take longer", () => {
  const study = {
    arrays: [{ tasks: new Array(64).fill(task(2000)), start: 5 }],
    merge: { ...task(100), start: 5 },
  };
  const cluster = { ...USUAL, nodes: 4, cores: 16, taskCores: 4 };
  const usual = simulateStudy(study, cluster, { seed: 1, runs: 60 });
  expect(simulateStudy(study, cluster, { seed: 1, runs: 60 })).toEqual(usual);
  expect(usual.shards).toBe(64);
  expect(usual.hours.low).toBeLessThan(usual.hours.high);
  const worse = {
    ...cluster,
    stragglers: { share: 0.1, times: 5 },
    failures: { perHour: 1, noticed: 300, back: 900 },
  };
  expect(simulateStudy(study, worse, { seed: 1, runs: 60 }).hours.median).toBeGreaterThan(usual.hours.median);
  expect(usual.coreHours.median).toBeGreaterThan((64 * 2000) / 3600);
});

test("studies that follow one another average out what one of them meets", () => {
  const study = {
    arrays: [{ tasks: new Array(8).fill(task(3600)), start: 5 }],
    merge: { ...task(100), start: 5 },
  };
  const cluster = { ...USUAL, nodes: 2, cores: 16, taskCores: 4, stragglers: { share: 0.05, times: 5 } };
  const [one, ten] = [1, 10].map((studies) => simulateStudy(study, cluster, { seed: 1, runs: 100, studies }));
  const width = ({ hours }: typeof one) => (hours.high - hours.low) / hours.median;
  expect(ten.hours.median / one.hours.median).toBeGreaterThan(10);
  expect(width(ten)).toBeLessThan(0.7 * width(one));
});

test("what more cores do not shorten takes its time by the clock", () => {
  const array = (own: Partial<ClusterTask>) => ({ tasks: [task(0, own)], start: 0 });
  const wall = (own: Partial<ClusterTask>) => runArray(array(own), certain, mulberry32(1)).wall;
  expect(wall({ serial: 800 })).toBeCloseTo(800, 6);
  expect(wall({ seconds: 800 })).toBeCloseTo(800 / certain.taskCores, 6);
});

test("a task that is stopped waits, and then stands behind all that have not begun", () => {
  // One place, one task that is stopped in its first attempt only: no draw stops those of a second.
  const tasks = [task(100, { pieces: 1 }), task(1, { pieces: 1 }), task(1, { pieces: 1 })];
  const cluster = { ...certain, nodes: 1, cores: 1, taskCores: 1, requeue: 40, preemptions: 36 };
  const runs = Array.from({ length: 200 }, (_, seed) =>
    runArray({ tasks, start: 0 }, cluster, mulberry32(seed)),
  );
  const once = runs.filter(({ repeated }) => repeated === 1);
  expect(once.length).toBeGreaterThan(20);
  // It is stopped after at most 100 s, the others take 2 s, and 40 s after it was stopped it begins anew.
  for (const { wall, coreSeconds } of once) {
    expect(wall).toBeGreaterThanOrEqual(100 + 40);
    expect(wall).toBeCloseTo(coreSeconds - 2 + 40, 6);
  }
  expect(runs.every(({ repeated, wall }) => repeated > 0 || Math.abs(wall - 102) < 1e-6)).toBe(true);
});

test("a node that fails is noticed after a while, and its task waits so long", () => {
  const cluster = { ...certain, taskCores: 8, failures: { perHour: 4, noticed: 500, back: 10 } };
  const run = (noticed: number, seed: number) =>
    runArray(
      { tasks: [task(800, { pieces: 1 })], start: 0 },
      { ...cluster, failures: { ...cluster.failures, noticed } },
      mulberry32(seed),
    );
  let repeated = 0;
  for (let seed = 0; seed < 400; seed++) {
    const [late, soon] = [run(500, seed), run(0, seed)];
    if (soon.repeated !== 1 || late.repeated !== 1) continue;
    repeated++;
    expect(late.wall - soon.wall).toBeCloseTo(500, 6);
  }
  expect(repeated).toBeGreaterThan(2);
});

test("a node of half the speed takes twice as long for a task, and gets fewer of them", () => {
  const tasks = new Array(30).fill(task(8));
  const cluster = { ...certain, cores: 4, speeds: [1, 0.5] };
  // In 40 s one makes 20 tasks of 2 s, the other 10 of 4 s.
  expect(runArray({ tasks, start: 0 }, cluster, mulberry32(1)).wall).toBeCloseTo(40, 6);
});
