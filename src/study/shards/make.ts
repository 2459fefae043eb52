import { resolve } from "node:path";
import { CellStore } from "../../cells/store.ts";
import type { CommandFile } from "../../encode/command/file.ts";
import { RunningPrograms } from "../../encode/command/programs.ts";
import type { Device } from "../../encode/device.ts";
import { InterruptedError, StudyError } from "../../errors.ts";
import { type ExtractRequest, requestedShelves } from "../../features/extract.ts";
import { isComplete } from "../../features/part.ts";
import { cellsOf, extractPieces } from "../../features/pieces.ts";
import { planHash } from "../../swap/plan-file.ts";
import { piecesOf } from "../../swap/segments.ts";
import { chooseCells, drawPlan } from "../choose.ts";
import { drawStudyCells, hasDrawnCells } from "../draw/drawn-store.ts";
import { outputNames } from "../encoders.ts";
import { StudyLayout } from "../layout.ts";
import { nameIn } from "../open-folder.ts";
import { lookUpOutputs } from "../outputs.ts";
import { measuresScales, scalesOf } from "../scales.ts";
import type { Study } from "../schema.ts";
import { readShards, type Shards, type Stage } from "./file.ts";
import { changed, fitBlocks } from "./fit.ts";
import { awaitFeatures } from "./merge.ts";
import { remoteBlocks } from "./remote-blocks.ts";
import { remoteFeatures, type ShardStatus, shardStatus } from "./status.ts";

export interface ShardOptions {
  /** Study folder in which the shards are planned. */
  readonly out: string;
  readonly stage: Stage;
  readonly shard: number;
  readonly workers?: number;
  readonly device?: Device;
  readonly signal?: AbortSignal;
  readonly onProgram?: (encoder: CommandFile) => void;
  /** Seconds that features of others are waited for before probes are fitted; 0 by default. */
  readonly wait?: number;
  /** Called while they are waited for. */
  readonly onWait?: (status: ShardStatus) => void;
  /** Called with the bytes of cells that came from an object store, and all. */
  readonly onFetch?: (done: number, total: number) => void;
  /** Composites or blocks that are done, and all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What a shard made: composites, or blocks of probes. */
export interface ShardMade {
  readonly shard: number;
  readonly shards: number;
  readonly stage: Stage;
  /** Composites or blocks; 0 where all was there. */
  readonly made: number;
}

/**
 * Makes what lacks of one shard of a study, beside others on any machines that see its folder, the same shard included.
 * Nothing is locked: every file is written under a name of this process and gets its own when it is whole.
 * @throws StudyError where no shards are planned, or the study changed since; InterruptedError after `signal`
 */
export async function makeShard(given: Study, options: ShardOptions): Promise<ShardMade> {
  const { out, stage, shard } = options;
  const shards = readShards(out);
  if (shard >= shards.shards)
    throw new StudyError(
      `has ${shards.shards} shards, numbered 0 to ${shards.shards - 1}, and ${shard} is none of them`,
      { path: out },
    );
  const folder = given.features ?? new StudyLayout(out).features;
  if (resolve(out, shards.features) !== resolve(folder) || shards.remote !== given.remoteFeatures)
    throw changed("where features are kept was changed", out);
  const done = (made: number) => ({ shard, shards: shards.shards, stage, made });
  const remote = stage === "features" ? remoteFeatures(out, shards, options.signal) : null;
  const parts = shards.pieces.filter((p) => p.shard === shard).flatMap((p) => p.parts);
  // What an earlier attempt made on another machine, and what one on this machine could not send.
  await remote?.fetch(parts);
  await remote?.send(parts);
  const ownBlocks = shards.blocks.filter((b) => b.shard === shard);
  const blocks = stage === "probes" ? remoteBlocks(out, shards, options.signal) : null;
  await blocks?.fetch(ownBlocks);
  await blocks?.send(ownBlocks);
  const { missing } = shardStatus(out, shards).stages.find((s) => s.stage === stage)!;
  if (!missing.includes(shard)) return done(0);
  if (stage === "probes") await awaitFeatures(out, options, shards);
  try {
    return done(await make(given, shards, options));
  } catch (error) {
    // Of a shard that is stopped as well; what cannot be sent is sent by the next attempt on this machine.
    if (stage === "probes" && error instanceof InterruptedError)
      await remoteBlocks(out, shards)
        ?.send(ownBlocks)
        .catch(() => {});
    throw error;
  }
}

async function make(given: Study, shards: Shards, options: ShardOptions): Promise<number> {
  const { out, shard, stage, device = "cpu", signal } = options;
  const drawing = { signal, onCheck: options.onFetch };
  if (!(await hasDrawnCells(given, drawing))) throw changed("cells were drawn", out);
  const { study: drawn } = await drawStudyCells(given, drawing);
  const fetching = { signal, onProgress: options.onFetch };
  let store = await CellStore.open(drawn.cells, drawn.allow, { ...fetching, some: true });
  const programs = new RunningPrograms();
  try {
    const chosen = chooseCells(drawn, store, device);
    const { study, encoders, selection } = chosen;
    const all = new Uint8Array(store.count).fill(1);
    const { plan, groups, index } = await drawPlan(chosen, store, {
      planned: shards.plan,
      onMasks: async () => void (await store.hold({ masks: all }, fetching)),
    });
    if (planHash(plan) !== shards.plan) throw changed("study or its cells were changed", out);
    if (measuresScales(study, store, out)) store = await store.hold({ crops: all, masks: all }, fetching);
    const { scales } = scalesOf(study, store, plan, { out });
    const layout = new StudyLayout(out);
    const features = resolve(out, shards.features);
    const dimension = (name: string) => {
      const own = shards.dimensions[name];
      if (own === undefined) throw changed(`${name} was added`, out);
      return own;
    };
    const targets = encoders.flatMap((encoder) =>
      encoder.kind === "given"
        ? []
        : [{ encoder, names: outputNames(encoder), dimensions: outputNames(encoder).map(dimension) }],
    );
    if (stage === "features") {
      const own = shards.pieces.filter((p) => p.shard === shard);
      const request = {
        store,
        plan,
        scales,
        composite: study.composite,
        encoders: targets,
        folder: features,
        shared: true,
        logs: layout.logs,
      };
      checkPlanned(request, own, out);
      const lacking = own.filter(({ parts }) => !parts.every((part) => isComplete(resolve(features, part))));
      const cells = cellsOf(
        plan,
        lacking.map(({ piece }) => piece),
        store.count,
      );
      store = await store.hold({ crops: cells, masks: cells }, fetching);
      const { onProgress, workers, onProgram } = options;
      for (const { encoder } of targets) if (encoder.kind === "command") onProgram?.(encoder);
      const remote = remoteFeatures(out, shards);
      let made: number;
      try {
        made = await extractPieces(
          { ...request, store },
          own.map(({ piece }) => piece),
          {
            programs,
            onPart: (base) => remote?.sendSoon(nameIn(features, base)),
            ...(workers === undefined ? {} : { workers }),
            ...(signal === undefined ? {} : { signal }),
            ...(onProgress === undefined ? {} : { onProgress }),
          },
        );
      } catch (error) {
        // Of a shard that is stopped as well.
        await remote?.sent().catch(() => {});
        throw error;
      }
      await remote?.sent();
      store.checkUnchanged();
      if (shardStatus(out, shards).stages[0].missing.includes(shard))
        throw changed("an encoder, the cells or how composites are made were changed", out);
      return made;
    }
    const files = encoders.flatMap((encoder) =>
      encoder.kind === "given" ? [{ given: encoder, file: { dimension: dimension(encoder.name) } }] : [],
    );
    const { outputs } = lookUpOutputs({ study, store, plan, scales, encoders, targets, files }, features);
    const blocks = remoteBlocks(out, shards, signal);
    return await fitBlocks({ study, selection, groups, index, layout, outputs }, shards, {
      ...options,
      onBlock: (block) => blocks?.sendOne(block),
    });
  } finally {
    await programs.end();
    store.close();
  }
}

/** @throws StudyError where a shard would make other parts than were planned, before it makes any */
function checkPlanned(request: ExtractRequest, own: Shards["pieces"], out: string): void {
  const shelves = requestedShelves(request, piecesOf(request.plan), { look: true }).flat();
  for (const { piece, parts } of own) {
    const planned = new Set(parts);
    for (const { [piece]: shelf } of shelves) {
      const base = shelf?.missing?.base;
      if (shelf === undefined || (base !== undefined && !planned.has(nameIn(request.folder, base))))
        throw changed(
          "an encoder, --device, how composites are made or what the folder of the features holds was changed",
          out,
        );
    }
  }
}
