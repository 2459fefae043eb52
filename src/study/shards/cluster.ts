import { Heap } from "../../core/heap.ts";
import { mulberry32, namedSeed, normal, type Random } from "../../core/rng.ts";
import { mean, quantile } from "../../core/statistics.ts";

/** A cluster, and how its machines behave; seconds by the clock. */
export interface Cluster {
  readonly nodes: number;
  /** Of a node, and of those that a task is given. */
  readonly cores: number;
  readonly taskCores: number;
  /** Speed of each node where some are known to be slow; 1 by default. */
  readonly speeds?: readonly number[];
  /** Mean wait until the first task of an array is begun; what the scheduler takes to begin an attempt where a core is free. */
  readonly queue: number;
  readonly dispatch: number;
  /** Standard deviation of the logarithm of speed: between nodes, and between attempts on one. */
  readonly spread: { readonly node: number; readonly attempt: number };
  /** Share of attempts that are slow, and how many times as long they take. */
  readonly stragglers: { readonly share: number; readonly times: number };
  /** Failures of a node in an hour, and seconds until it is noticed and until the node is back. */
  readonly failures: { readonly perHour: number; readonly noticed: number; readonly back: number };
  /** Preemptions of a task in an hour. */
  readonly preemptions: number;
  /** Seconds until a task that was stopped may be begun again, behind all that wait. */
  readonly requeue: number;
  /** Attempts of a task before a person is needed. */
  readonly attempts: number;
  /** Bytes a second that all nodes together write to the shared disk. */
  readonly disk: number;
}

/**
 * What stands for a cluster of which nothing is known but its nodes; guesses, as docs/cluster.md says, but for what Slurm does
 * by its defaults: SlurmdTimeout, and the life of a credential (cred_expire) with a second more before a job runs again.
 */
export const USUAL: Omit<Cluster, "nodes" | "cores" | "taskCores"> = {
  queue: 60,
  dispatch: 5,
  spread: { node: 0.1, attempt: 0.05 },
  stragglers: { share: 0.01, times: 3 },
  failures: { perHour: 1 / 2000, noticed: 300, back: 900 },
  preemptions: 0,
  requeue: 121,
  attempts: 3,
  disk: 5e8,
};

/** One task of an array. */
export interface ClusterTask {
  /** Seconds of one core, shared out among the task's cores. */
  readonly seconds: number;
  /** Seconds by the clock besides, which more cores do not shorten; 0 by default. */
  readonly serial?: number;
  /** Bytes that it writes. */
  readonly bytes: number;
  /** Parts that are kept when it is stopped: what is begun of another is lost. */
  readonly pieces: number;
}

/** An array of tasks, or a single one. */
export interface ClusterArray {
  readonly tasks: readonly ClusterTask[];
  /** Seconds of every attempt before its first batch, on one core. */
  readonly start: number;
}

/** What an array took. */
export interface ArrayRun {
  /** Seconds from its submission to the end of its last task. */
  readonly wall: number;
  /** Seconds that cores were given to tasks, failed attempts included. */
  readonly coreSeconds: number;
  /** Attempts beyond the first of every task. */
  readonly repeated: number;
  /** Tasks that used up their attempts. */
  readonly failed: number;
}

/** An attempt of a task on a node. */
interface Attempt {
  readonly task: number;
  readonly node: number;
  readonly began: number;
  /** Seconds of its node at full speed that its work takes, and bytes a second that it writes meanwhile. */
  work: number;
  rate: number;
  /** Full-speed time at which it began to work; null while it starts. */
  from: number | null;
  over: boolean;
}

type Event =
  | { readonly kind: "open" | "fail" | "back"; readonly node: number }
  | { readonly kind: "again"; readonly task: number }
  | { readonly kind: "ready" | "preempt"; readonly attempt: Attempt };

/**
 * Runs an array of tasks on a cluster, event by event. Nodes take tasks in order as cores become free. An attempt starts,
 * then works; all that work write to one disk, and where together they want more than it takes, all are slowed alike. A
 * task whose node fails, or that is preempted, loses what was begun of one piece and waits behind all others.
 */
export function runArray({ tasks, start }: ClusterArray, cluster: Cluster, random: Random): ArrayRun {
  const { nodes, cores, taskCores, failures, stragglers, spread, preemptions } = cluster;
  const exponential = (mean: number) => -Math.log(1 - random()) * mean;
  const speeds = Array.from(
    { length: nodes },
    (_, node) => (cluster.speeds?.[node] ?? 1) * Math.exp(spread.node * normal(random)),
  );
  const free = speeds.map(() => Math.max(1, Math.floor(cores / taskCores)));
  const up = speeds.map(() => false);
  const waiting = tasks.map((_, task) => task);
  let first = 0;
  const kept = tasks.map(() => 0);
  const tries = tasks.map(() => 0);
  const running = new Set<Attempt>();
  const events = new Heap<Event>();
  const ends = new Heap<Attempt>();
  let [now, fast, demand] = [0, 0, 0];
  let [left, coreSeconds, failed] = [tasks.length, 0, 0];
  const opened = exponential(cluster.queue);
  for (let node = 0; node < nodes; node++) {
    events.push(opened, { kind: "open", node });
    if (failures.perHour > 0)
      events.push(opened + exponential(3600 / failures.perHour), { kind: "fail", node });
  }
  const slowed = () => (demand > cluster.disk ? cluster.disk / demand : 1);
  const begin = (node: number) => {
    while (up[node] && free[node] > 0 && first < waiting.length) {
      const task = waiting[first++];
      const { seconds, serial = 0, bytes, pieces } = tasks[task];
      const slow = random() < stragglers.share ? stragglers.times : 1;
      const pace = (slow * Math.exp(spread.attempt * normal(random))) / speeds[node];
      const rest = 1 - Math.floor(kept[task] * pieces) / pieces;
      const work = rest * pace * (seconds / taskCores + serial);
      const began = now + cluster.dispatch;
      const attempt = {
        task,
        node,
        began,
        work,
        rate: work > 0 ? (rest * bytes) / work : 0,
        from: null,
        over: false,
      };
      free[node]--;
      tries[task]++;
      running.add(attempt);
      events.push(began + start * pace, { kind: "ready", attempt });
      if (preemptions > 0) events.push(began + exponential(3600 / preemptions), { kind: "preempt", attempt });
    }
  };
  /** Ends an attempt; what it has done of its work is kept by pieces. */
  const end = (attempt: Attempt) => {
    const { task, from, work, rate, began } = attempt;
    attempt.over = true;
    running.delete(attempt);
    coreSeconds += Math.max(0, now - began) * taskCores;
    if (from === null) return;
    demand -= rate;
    const { pieces } = tasks[task];
    const before = Math.floor(kept[task] * pieces) / pieces;
    // A little more, so that the last bit of a sum does not lose a whole piece.
    kept[task] = before + (1 - before) * (work > 0 ? Math.min(1, (fast - from) / work + 1e-12) : 1);
  };
  const stop = (attempt: Attempt, noticed: number) => {
    const { task, node } = attempt;
    end(attempt);
    free[node]++;
    if (tries[task] === cluster.attempts) failed++;
    events.push(now + noticed + cluster.requeue, { kind: "again", task });
  };
  const beginAll = () => {
    for (let node = 0; node < nodes; node++) begin(node);
  };
  while (left > 0) {
    const next = ends.size === 0 ? Number.POSITIVE_INFINITY : now + Math.max(0, ends.least - fast) / slowed();
    const at = Math.min(next, events.least);
    fast += (at - now) * slowed();
    now = at;
    if (next <= events.least) {
      const attempt = ends.pop();
      if (attempt.over) continue;
      end(attempt);
      left--;
      free[attempt.node]++;
      begin(attempt.node);
      continue;
    }
    const event = events.pop();
    if ("attempt" in event) {
      const { attempt } = event;
      if (attempt.over) continue;
      if (event.kind === "ready") {
        attempt.from = fast;
        demand += attempt.rate;
        ends.push(fast + attempt.work, attempt);
      } else {
        stop(attempt, 0);
        begin(attempt.node);
      }
    } else if (event.kind === "again") {
      waiting.push(event.task);
      beginAll();
    } else if (event.kind === "fail") {
      const { node } = event;
      up[node] = false;
      for (const attempt of [...running]) if (attempt.node === node) stop(attempt, failures.noticed);
      events.push(now + failures.back, { kind: "back", node });
    } else {
      const { node, kind } = event;
      up[node] = true;
      if (kind === "back") events.push(now + exponential(3600 / failures.perHour), { kind: "fail", node });
      begin(node);
    }
  }
  const repeated = tries.reduce((n, own) => n + own - 1, 0);
  return { wall: now, coreSeconds, repeated, failed };
}

/** A study on a cluster: arrays of shards one after the other, then the merge on one node. */
export interface ClusterStudy {
  readonly arrays: readonly ClusterArray[];
  readonly merge: ClusterTask & { readonly start: number };
}

/** Median of a number over simulations, and where nine tenths of them lie. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** What a study takes on a cluster. */
export interface ClusterCost {
  readonly shards: number;
  /** Hours from the first submission to the report. */
  readonly hours: Spread;
  readonly coreHours: Spread;
  /** Attempts beyond the first of every task, mean. */
  readonly repeated: number;
  /** Share of simulations in which a task used up its attempts, and a person had to start it again. */
  readonly byHand: number;
}

/** Simulations from which quantiles are taken. */
const RUNS = 200;

/**
 * Simulates a study on a cluster, again and again; the same seed gives the same numbers.
 * @param studies how many such studies follow one another; 1 by default
 */
export function simulateStudy(
  { arrays, merge }: ClusterStudy,
  cluster: Cluster,
  {
    seed,
    runs = RUNS,
    studies = 1,
  }: { readonly seed: number; readonly runs?: number; readonly studies?: number },
): ClusterCost {
  const found = Array.from({ length: runs }, (_, run) => {
    const random = mulberry32(namedSeed(seed, "cluster", run));
    const last = { tasks: [merge], start: merge.start };
    const all = Array.from({ length: studies }, () =>
      [...arrays, last].map((array) => runArray(array, cluster, random)),
    ).flat();
    const sum = (of: (own: ArrayRun) => number) => all.reduce((n, own) => n + of(own), 0);
    return {
      hours: sum(({ wall }) => wall) / 3600,
      coreHours: sum(({ coreSeconds }) => coreSeconds) / 3600,
      repeated: sum(({ repeated }) => repeated),
      failed: sum(({ failed }) => failed),
    };
  });
  const spread = (values: readonly number[]): Spread => ({
    median: quantile(values, 0.5),
    low: quantile(values, 0.05),
    high: quantile(values, 0.95),
  });
  return {
    shards: Math.max(0, ...arrays.map(({ tasks }) => tasks.length)),
    hours: spread(found.map(({ hours }) => hours)),
    coreHours: spread(found.map(({ coreHours }) => coreHours)),
    repeated: mean(found.map(({ repeated }) => repeated)),
    byHand: mean(found.map(({ failed }) => (failed > 0 ? 1 : 0))),
  };
}
