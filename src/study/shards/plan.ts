import { relative } from "node:path";
import { deal } from "../../core/deal.ts";
import { requestedShelves } from "../../features/extract.ts";
import type { FeatureSet } from "../../features/features.ts";
import { takeFeatures } from "../../features/given/given.ts";
import { pieceOrder } from "../../features/pieces.ts";
import { planHash } from "../../swap/plan-file.ts";
import { piecesOf } from "../../swap/segments.ts";
import { type BeginOptions, beginStudy } from "../begin.ts";
import { blockWork } from "../blocks.ts";
import { costOf, type StudyCost } from "../cost/cost.ts";
import { partsOfStudy, withFeatures } from "../feature-folder.ts";
import { nameIn } from "../open-folder.ts";
import { lookUpOutputs } from "../outputs.ts";
import { type PreparedStudy, prepareStudy } from "../prepare.ts";
import type { Study } from "../schema.ts";
import { type Shards, writeShards } from "./file.ts";
import { probeJobs } from "./jobs.ts";

/** What a study was divided into, and what it takes as a whole. */
export interface ShardPlan {
  readonly shards: Shards;
  readonly cost: StudyCost;
  /** Seconds of a processor that each shard takes, by estimate. */
  readonly seconds: { readonly features: readonly number[]; readonly probes: readonly number[] };
  /** How many times, in each shard, pieces are done: those of one background and number are made together. */
  readonly steps: readonly number[];
  /** Cells of the store, and composites of the plan, made already or not. */
  readonly cells: number;
  readonly planned: number;
}

/**
 * Prepares a study as a run does and divides what its folder lacks among shards, by estimated cost: pieces of the plan
 * whose features are made, then blocks of probes that are fitted. Features made elsewhere are taken over now. Pieces do
 * not hang on the number of shards, so a study may be planned again, with another, at any time.
 * @throws CellswapError as a run of the study; InUseError where one has the folder
 */
export async function planShards(
  given: Study,
  { shards, ...options }: BeginOptions & { readonly shards: number },
): Promise<ShardPlan> {
  const prepared = await prepareStudy(given, options);
  try {
    options.onProgress?.("cost", 0, 0);
    const cost = await costOf(prepared, options);
    const folder = beginStudy(prepared, options);
    try {
      const { layout } = folder;
      const wanted = () => partsOfStudy(prepared, layout);
      const own = { ...prepared.study, signal: options.signal, wanted };
      const planned = await withFeatures(own, layout, async (features, shared) => {
        await takeGiven(prepared, features, shared, options);
        return divide(prepared, cost, { layout, features, shards, onDamage: options.onDamage });
      });
      writeShards(layout.path, planned.shards);
      return { ...planned, cost, cells: prepared.store.count, planned: prepared.plan.count };
    } finally {
      folder.close();
    }
  } finally {
    await prepared.close();
  }
}

async function takeGiven(
  { store, plan, files }: PreparedStudy,
  folder: string,
  shared: boolean,
  { signal, onProgress }: BeginOptions,
): Promise<void> {
  for (const { given, file, order } of files) {
    const place = { header: store.header, plan, cells: store.cells, folder, shared };
    const set: FeatureSet = await takeFeatures(given, file, order, place, {
      signal,
      onProgress: (done, total) => onProgress?.("features", done, total),
    });
    set.close();
  }
}

function divide(
  prepared: PreparedStudy,
  cost: StudyCost,
  {
    layout,
    features,
    shards,
    onDamage,
  }: {
    layout: Parameters<typeof probeJobs>[0]["layout"];
    features: string;
    shards: number;
    onDamage: BeginOptions["onDamage"];
  },
): Pick<ShardPlan, "shards" | "seconds" | "steps"> {
  const { store, plan, scales, study, targets, trials } = prepared;
  const { composite } = study;
  const pieces = piecesOf(plan);
  const shelves = requestedShelves(
    { store, plan, scales, composite, encoders: targets, folder: features },
    pieces,
    // A part of which lists or sums are damaged is there by its names, so that shards would not make it again.
    { trusted: true, onDamage: ({ path, what }) => onDamage?.(path, `${what}; its shard makes it again`) },
  );
  const seconds = targets.map(
    ({ encoder }) => trials.find(({ name }) => name === encoder.description.name)?.seconds ?? 0,
  );
  const encoding = cost.encodings.reduce((sum, { encoder, crops }) => {
    const target = targets.findIndex((t) => t.encoder.description.name === encoder);
    return sum + crops * (seconds[target] ?? 0);
  }, 0);
  const composed = Math.max(0, cost.seconds.encode * cost.threads - encoding) / Math.max(1, cost.composites);
  const lacking = pieceOrder(pieces).flatMap((piece) => {
    const parts: string[] = [];
    let rows = 0;
    let own = 0;
    const shares: number[] = [];
    shelves.forEach((outputs, e) => {
      const most = Math.max(...outputs.map((list) => list[piece].missing?.count ?? 0));
      rows = Math.max(rows, most);
      own += most * seconds[e];
      shares.push(most);
      for (const {
        [piece]: { missing },
      } of outputs)
        if (missing !== null) parts.push(nameIn(features, missing.base));
    });
    const lacks = shares.map((n) => n / rows).join();
    return rows === 0 ? [] : [{ piece, parts, rows, lacks, seconds: own + rows * composed }];
  });
  const { outputs } = lookUpOutputs(prepared, features);
  const perFit = (cost.seconds.pairs * cost.threads) / Math.max(1, cost.fits);
  const jobs = probeJobs({ ...prepared, layout, outputs }).flatMap(({ set, block, evaluation, file }) => {
    const { key, fits } = blockWork(evaluation, set, block);
    return fits === 0 ? [] : [{ file, key, fits, seconds: fits * perFit }];
  });
  const [pieceCosts, jobCosts] = [lacking, jobs].map((list) => list.map((own) => own.seconds));
  // Seconds are measured, and differ from plan to plan: they are only asked where rows do not say as much.
  const alike = new Set(lacking.map(({ lacks }) => lacks)).size === 1;
  const pieceShards = shardOfEach(alike ? lacking.map(({ rows }) => rows) : pieceCosts, shards);
  const jobShards = shardOfEach(
    jobs.map(({ fits }) => fits),
    shards,
  );
  const planned: Shards = {
    shards,
    plan: planHash(plan),
    features: relative(layout.path, features).replaceAll("\\", "/"),
    ...(study.remoteFeatures === undefined ? {} : { remote: study.remoteFeatures }),
    dimensions: Object.fromEntries(outputs.map(({ set }) => [set.name, set.dimension])),
    pieces: lacking.map(({ piece, parts }, i) => ({ shard: pieceShards[i], piece, parts })),
    blocks: jobs.map(({ file, key }, i) => ({ shard: jobShards[i], file, key })),
  };
  return {
    shards: planned,
    seconds: {
      features: costsOf(pieceCosts, pieceShards, shards),
      probes: costsOf(jobCosts, jobShards, shards),
    },
    steps: stepsOf(
      lacking.map(({ piece }) => `${pieces[piece].background} ${pieces[piece].number}`),
      pieceShards,
      shards,
    ),
  };
}

/** The shard of each of some things that stand in a row, by their costs. */
function shardOfEach(costs: readonly number[], shards: number): number[] {
  const bounds = deal(costs, shards);
  let shard = 0;
  return costs.map((_, i) => {
    while (shard < shards - 1 && i >= bounds[shard + 1]) shard++;
    return shard;
  });
}

/** How many groups of pieces every shard has. */
function stepsOf(groups: readonly string[], of: readonly number[], shards: number): number[] {
  const own = Array.from({ length: shards }, () => new Set<string>());
  groups.forEach((group, i) => {
    own[of[i]].add(group);
  });
  return own.map(({ size }) => size);
}

/** Sums of the costs of every shard. */
function costsOf(costs: readonly number[], of: readonly number[], shards: number): number[] {
  const sums = new Array<number>(shards).fill(0);
  of.forEach((shard, i) => {
    sums[shard] += costs[i];
  });
  return sums;
}
