import { type Cluster, type ClusterCost, type ClusterStudy, simulateStudy, USUAL } from "./cluster.ts";
import type { ShardPlan } from "./plan.ts";

/** Nodes that shards may run on. */
export interface Nodes {
  readonly nodes: number;
  /** Of a node, and of those that a shard is given. */
  readonly cores: number;
  readonly shardCores: number;
}

/** Seconds that a shard takes before its first batch: of the process, per cell of the store and per composite of the plan. */
export const START = { once: 1.5, cell: 1.5e-5, composite: 1e-6 };

/** Seconds of the merge per composite and output: features are looked at as a whole, and tables are written. */
const MERGED = 1.5e-5;

/** Bytes of a row of features beside its numbers: cell, donor and check sum. */
const ROW_BYTES = 12;

const SEED = 1;

/** What is known of a study that was planned, whatever the number of its shards. */
export interface Workload {
  /** Of the store, and of the plan, which every shard draws. */
  readonly cells: number;
  readonly planned: number;
  /** Composites that are made. */
  readonly composites: number;
  /** Outputs of encoders, and bytes of the features of a composite. */
  readonly outputs: number;
  readonly rowBytes: number;
  /** Pieces of features, how many times some of them are done in a shard, and blocks of probes. */
  readonly pieces: number;
  readonly steps: number;
  readonly blocks: number;
  /** Seconds of one core: of all features and of all probes of pairs; by the clock: of what only the merge makes. */
  readonly seconds: { readonly features: number; readonly probes: number; readonly merge: number };
}

/** The workload of a plan of shards. */
export function workloadOf({ shards, seconds, steps, cost, cells, planned }: ShardPlan): Workload {
  const dimensions = Object.values(shards.dimensions);
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  return {
    cells,
    planned,
    composites: cost.composites,
    outputs: dimensions.length,
    rowBytes: sum(dimensions.map((d) => 4 * d + ROW_BYTES)),
    pieces: shards.pieces.length,
    steps: sum(steps),
    blocks: shards.blocks.length,
    seconds: {
      features: sum(seconds.features),
      probes: sum(seconds.probes),
      merge: cost.seconds.probes + cost.seconds.results,
    },
  };
}

/** A workload divided among shards of equal cost, as tasks of a cluster. */
export function shardsOf(
  { cells, planned, composites, outputs, rowBytes, pieces, steps, blocks, seconds }: Workload,
  shards: number,
): ClusterStudy {
  const start = START.once + START.cell * cells + START.composite * planned;
  const array = (all: number, bytes: number, parts: number, kept: number) => {
    // No more shards work than there are parts to make.
    const tasks = Math.min(shards, Math.max(1, parts));
    const own = {
      seconds: all / tasks,
      bytes: bytes / tasks,
      pieces: Math.max(1, Math.floor(kept / tasks)),
    };
    return { start, tasks: new Array(tasks).fill(own) };
  };
  return {
    arrays: [
      array(seconds.features, composites * rowBytes, pieces, steps),
      ...(blocks === 0 ? [] : [array(seconds.probes, 0, blocks, blocks)]),
    ],
    merge: {
      seconds: 0,
      serial: seconds.merge + planned * outputs * MERGED,
      bytes: planned * rowBytes,
      pieces: 1,
      start,
    },
  };
}

/**
 * What a workload takes on some nodes, for several numbers of shards, by a simulation whose cluster is the usual one.
 * @param studies how many such studies follow one another
 */
export function outlook(
  workload: Workload,
  { nodes, cores, shardCores }: Nodes,
  shards: readonly number[],
  studies = 1,
): ClusterCost[] {
  const cluster: Cluster = { ...USUAL, nodes, cores, taskCores: shardCores };
  return shards.map((n) => ({
    ...simulateStudy(shardsOf(workload, n), cluster, { seed: SEED, studies }),
    shards: n,
  }));
}
