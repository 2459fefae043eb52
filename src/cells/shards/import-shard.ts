import { createHash } from "node:crypto";
import { existsSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { InterruptedError } from "../../errors.ts";
import { makeFolder, partName, removeLeftParts, writeError } from "../../files/atomic.ts";
import { exactJson } from "../../files/exact-json.ts";
import { HashedWriter } from "../../files/hashed-stream.ts";
import { sealJson } from "../../files/sealed.ts";
import { commitShard, removeShard, type Shard } from "../../files/shards.ts";
import { fileState } from "../../files/state.ts";
import { turn } from "../../files/turn.ts";
import { checkDiameter } from "../../masks/diameter.ts";
import { CellIds } from "../cell-ids.ts";
import { bytesOfCrop } from "../crop-type.ts";
import { factsOf } from "../facts.ts";
import { localizationOf } from "../gathered.ts";
import { checkDistinct, checkSize } from "../importer.ts";
import type { Labels } from "../metadata/labels.ts";
import { OrderedReading } from "../ordered-reading.ts";
import { checkReplaceable } from "../replace.ts";
import type { RimShape } from "../surroundings.ts";
import type { CellRecord } from "../writer.ts";
import { packFacts } from "./facts-rows.ts";
import {
  PART_FILES,
  PART_HEADER,
  PART_VERSION,
  type PartFile,
  type PartHeader,
  partHeaderOf,
  partPath,
} from "./part-header.ts";
import { tidyShards } from "./parts.ts";
import { packRest } from "./rest.ts";
import { type ShardPlan, shardKey } from "./shard-plan.ts";
import { stampLines } from "./stamps.ts";

export interface ImportShardOptions {
  readonly labels?: Labels | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after every cell. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Typical diameter of a cell, px; from the masks of all shards where not given. */
  readonly diameter?: number | undefined;
  /** Choices that the cells depend on, plain data; the same for all shards. */
  readonly choices?: Readonly<Record<string, unknown>>;
}

/** What was made of a shard. */
export interface ShardSummary extends Shard {
  readonly out: string;
  readonly path: string;
  readonly cells: number;
  /** Whether it was there already. */
  readonly done: boolean;
}

/**
 * Imports one shard of a source beside the store at `out`: `OUT.shards/import/0003-of-0016`, which `mergeImport` joins
 * with the others. It is written under a name of this attempt and renamed when it is whole; attempts at the same shard
 * end in the same bytes. A shard that is there, of the same source and choices, is not made again; of an attempt that ends
 * after the merge, which had the shard of another, nothing is left.
 * @throws DataError as `importCells`; InterruptedError on `signal`: the same call starts the shard again
 */
export async function importShard(
  plan: ShardPlan,
  out: string,
  shard: Shard,
  options: ImportShardOptions = {},
): Promise<ShardSummary> {
  const path = partPath(out, shard);
  const attempt = partName(path);
  const { labels, choices = {}, diameter } = options;
  const header = join(out, "cells.json");
  const before = fileState(header);
  const isMerged = () => fileState(header) !== before;
  let opened = false;
  let cells = 0;
  const onProgress = (done: number, total: number) => {
    cells = done;
    options.onProgress?.(done, total);
  };
  try {
    checkReplaceable(out);
    const inputs = [...stampLines(plan.inputs)];
    const stamps = createHash("sha256").update(inputs.join("")).digest("hex");
    const key = shardKey(plan, { choices, diameter, labels: labels === undefined ? null : [...labels] });
    const same = (there: PartHeader | null) =>
      there?.key === key && there.hashes["inputs.txt"] === stamps && there.count === shard.count;
    const there = partHeaderOf(path);
    if (same(there)) return { ...shard, out, path, cells: there!.cells, done: true };
    for (const folder of [dirname(path), dirname(dirname(path))]) removeLeftParts(folder);
    opened = true;
    cells = await writePart(plan, attempt, { ...options, onProgress, shard, key, inputs, path, out });
    commitShard(attempt, path, (other) => same(partHeaderOf(other)));
    if (!isMerged()) return { ...shard, out, path, cells, done: false };
    removeShard(path);
    tidyShards(out);
    return { ...shard, out, path, cells, done: true };
  } catch (error) {
    // The merge removed it with the shards.
    if (!existsSync(attempt) && isMerged()) return { ...shard, out, path, cells, done: true };
    if (existsSync(attempt)) rmSync(attempt, { recursive: true, force: true });
    throw error;
  } finally {
    // What was opened is closed by then.
    if (!opened) plan.close?.();
  }
}

async function writePart(
  plan: ShardPlan,
  folder: string,
  options: ImportShardOptions & {
    readonly shard: Shard;
    readonly key: string;
    readonly inputs: readonly string[];
    readonly path: string;
    readonly out: string;
  },
): Promise<number> {
  const { labels, signal, shard, diameter } = options;
  const { cells: source, from = 0, to = source.count } = await plan.open();
  // Only now, as a folder in which nothing is written for minutes counts as left behind.
  try {
    makeFolder(folder);
  } catch (cause) {
    source.close?.();
    throw writeError(options.out, cause);
  }
  const renewal = setInterval(() => renew(folder), RENEWAL);
  const reading = new OrderedReading(source, { from, to });
  const files = Object.fromEntries(
    PART_FILES.map((name) => [name, new HashedWriter(join(folder, name))]),
  ) as Record<PartFile, HashedWriter>;
  const { channels, masks } = source;
  let shape: RimShape | undefined;
  const ids = new CellIds({ path: plan.path, labels, file: (cell) => source.file(cell) });
  try {
    checkDistinct(channels, plan.path);
    for (let cell = from; cell < to; cell++) {
      await turn();
      if (signal?.aborted)
        throw new InterruptedError(
          `stopped after ${cell - from} of ${to - from} cells; the same command makes this shard again`,
          { path: options.path },
        );
      const pixels = await reading.next();
      const path = source.file(cell);
      if (shape === undefined) {
        shape = { channels, height: pixels.height, width: pixels.width };
        if (diameter !== undefined) checkDiameter(diameter, shape.height, shape.width);
      }
      checkSize(pixels, shape, path, source.file(from));
      const record: CellRecord = { Metadata_Localization: null, ...source.record(cell) };
      ids.add(cell, record);
      const facts = factsOf(pixels, shape, (c) => source.file(cell, c));
      const whole = { ...record, Metadata_Localization: localizationOf(record, labels) };
      const place = source.part?.perClass === undefined ? undefined : source.part.drawn(cell);
      const drawn = place === undefined ? [] : [place.name, place.key, place.turn];
      files["cells.jsonl"].write(Buffer.from(`${exactJson([path, whole, ...drawn])}\n`));
      files["facts.bin"].write(packFacts(facts, channels.length));
      files["crops.bin"].write(bytesOfCrop(pixels.crop));
      if (pixels.mask !== null) files["masks.bin"].write(pixels.mask);
      reading.release();
      options.onProgress?.(cell - from + 1, to - from);
    }
    files["rest.json"].write(Buffer.from(packRest(source, labels)));
    for (const line of options.inputs) files["inputs.txt"].write(Buffer.from(line));
    const hashes = Object.fromEntries(PART_FILES.map((name) => [name, files[name].finish()]));
    const header: PartHeader = {
      format: "cellswap-import-shard",
      version: PART_VERSION,
      index: shard.index,
      count: shard.count,
      key: options.key,
      listing: plan.listing,
      choices: options.choices ?? {},
      source: plan.source,
      path: plan.path,
      cells: to - from,
      height: shape?.height ?? null,
      width: shape?.width ?? null,
      channels,
      masks,
      diameter: diameter ?? null,
      perClass: source.part?.perClass ?? null,
      hashes: hashes as Record<PartFile, string>,
    };
    writeFileSync(join(folder, PART_HEADER), sealJson({ ...header }, 2));
    return to - from;
  } catch (error) {
    await reading.stop();
    for (const file of Object.values(files)) file.close();
    throw error;
  } finally {
    clearInterval(renewal);
    source.close?.();
  }
}

/** How often an attempt shows that its process lives, milliseconds. */
const RENEWAL = 60_000;

function renew(folder: string): void {
  const now = new Date();
  try {
    utimesSync(folder, now, now);
  } catch {
    // What is lost is told where it is written.
  }
}
