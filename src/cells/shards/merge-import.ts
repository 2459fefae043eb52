import { dirname } from "node:path";
import { DataError, InterruptedError, InUseError } from "../../errors.ts";
import { syncFolder } from "../../files/atomic.ts";
import { sha256 } from "../../files/hash.ts";
import { removeShard } from "../../files/shards.ts";
import { turn } from "../../files/turn.ts";
import { checkDiameter } from "../../masks/diameter.ts";
import { type CropType, convertCrop, widerType } from "../crop-type.ts";
import { Draw } from "../fields/sample.ts";
import { Gathered } from "../gathered.ts";
import { checkReplaceable } from "../replace.ts";
import type { ImportSummary } from "../summary.ts";
import { UnfinishedStore } from "../unfinished.ts";
import { CellStoreWriter } from "../writer.ts";
import { BlockRows } from "./block-rows.ts";
import { type Found, joinTwo, type PartFound, sayFound } from "./found.ts";
import { importShards } from "./part-header.ts";
import { cellsOfPart, factsOfPart, linesOfPart } from "./part-reader.ts";
import { checkSources, type Part, readParts, tidyShards } from "./parts.ts";
import { readRest } from "./rest.ts";

export interface MergeOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after every cell. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Cells between two turns of the event loop. */
const TURN = 64;

/**
 * Joins the shards of an import into the store at `out`, which then has the bytes of an import on one machine, and removes
 * them. Crops go from file to file; in memory are the metadata and what was measured of the masks. A merge that is stopped
 * or killed goes on with the cells that it has written.
 * @throws DataError where a shard is missing, damaged or of another source or other choices, an id comes twice or no mask
 * is usable; InUseError where another import writes there; InterruptedError on `signal`
 */
export async function mergeImport(out: string, options: MergeOptions = {}): Promise<ImportSummary> {
  const parts = readParts(out);
  const { signal } = options;
  checkReplaceable(out);
  const step = stepper(signal, out);
  await checkSources(parts, step);
  const taken = await takenOf(parts, step);
  const count = taken?.reduce((n, one) => n + one, 0) ?? parts.reduce((n, { header }) => n + header.cells, 0);
  const rest = readRest(parts[0]);
  const found = await joinAll(parts, count);
  if (count === 0) throw found?.nothing() ?? new DataError("holds no cells", { path: parts[0].header.path });
  const first = parts.find(({ header }) => header.cells > 0)!.header;
  const { channels, masks, source, path, diameter } = first;
  const shape = { height: first.height!, width: first.width! };
  if (diameter !== null) checkDiameter(diameter, shape.height, shape.width);
  const masked = masks !== "none";
  const type = await typeOf(parts, taken, step);
  const key = sha256(`merge\n${parts.map(({ header }) => JSON.stringify(header)).join("\n")}`);
  const unfinished = new UnfinishedStore(out, key, count, channels.length, masked);
  let writer: CellStoreWriter | undefined;
  try {
    unfinished.begin(shape, type);
    const values = channels.length * shape.height * shape.width;
    const rows = new BlockRows(unfinished, values, shape.height * shape.width, masked);
    writer = new CellStoreWriter(
      out,
      { channels, ...shape },
      masks === "auto" ? "full" : masks,
      source,
      rows,
    );
    const store = writer;
    const gathered = new Gathered(
      { path, source, channels, masks, labels: rest.labels, file: (cell) => fileOf(parts, taken, cell) },
      {
        read: (cell) => rows.readCrop(cell),
        id: (cell) => store.said("Metadata_Cell", cell) ?? "",
        label: (cell) => store.said("Metadata_Localization", cell) ?? "",
      },
    );
    let at = 0;
    let done = 0;
    for (const part of parts)
      for (const { told, facts, crop, mask } of cellsOfPart(part)) {
        await step();
        if (unfinished.lost)
          throw new InUseError("was taken over by another import, as this one had not answered for minutes", {
            path: out,
          });
        if (taken !== null && taken[at++] === 0) continue;
        const [, record] = told;
        gathered.check(record);
        gathered.add(record, facts, shape);
        const wide = convertCrop(crop, facts.type, type);
        store.append(wide, mask, record, type);
        gathered.compare(wide);
        options.onProgress?.(++done, count);
      }
    const all = gathered.finish(shape, diameter ?? undefined, found?.notes ?? rest.notes);
    const leftOut = found?.leftOut ?? rest.leftOut;
    if (leftOut !== null && leftOut.rows > 0) writer.writeLeftOut(leftOut);
    writer.finish(all.quality, all.masks, all.diameter);
    // Who finds no shards looks for nothing else that this may have left.
    const shards = importShards(out);
    syncFolder(dirname(dirname(shards)));
    // All at once, so that none is missed when this is cut off.
    removeShard(shards);
    tidyShards(out);
    return { out, ...all.summary };
  } catch (error) {
    if (error instanceof InterruptedError || error instanceof InUseError) unfinished.keep();
    else unfinished.abandon();
    throw error;
  }
}

/** Lets the event loop turn now and then. @returns what is to be called after every small piece of work */
function stepper(signal: AbortSignal | undefined, out: string): () => Promise<void> | void {
  let steps = 0;
  return () => {
    if (steps++ % TURN !== 0) return;
    if (signal?.aborted === true)
      throw new InterruptedError(
        "stopped; what is written of the store is kept beside it, run the same command again to go on",
        { path: out },
      );
    return turn();
  };
}

type Step = ReturnType<typeof stepper>;

/** 1 for every cell, of all shards, that is drawn of all; null where none are drawn. */
async function takenOf(parts: readonly Part[], step: Step): Promise<Uint8Array | null> {
  const { perClass } = parts[0].header;
  if (perClass === null) return null;
  const draw = new Draw<number>(perClass);
  let cell = 0;
  for (const [number, part] of parts.entries())
    for (const [, , name = "", key = 0, turn = 0] of linesOfPart(part)) {
      await step();
      // Earlier shards have the earlier turns.
      draw.offer({ item: cell++, name, key, turn: number * 2 ** 32 + turn });
    }
  const taken = new Uint8Array(cell);
  for (const { item } of draw.take()) taken[item] = 1;
  return taken;
}

/** The smallest type that holds all crops that are taken. */
async function typeOf(parts: readonly Part[], taken: Uint8Array | null, step: Step): Promise<CropType> {
  let type: CropType | undefined;
  let cell = 0;
  for (const part of parts)
    for (const facts of factsOfPart(part)) {
      await step();
      if (taken?.[cell++] === 0) continue;
      type = type === undefined ? facts.type : widerType(type, facts.type);
    }
  return type!;
}

async function joinAll(parts: readonly Part[], cut: number): Promise<Found | null> {
  let all: PartFound | undefined;
  for (const part of parts) {
    const { found } = readRest(part);
    if (found === undefined) return null;
    all = all === undefined ? found : joinTwo(all, found);
    await turn();
  }
  return sayFound(all!, cut);
}

/** File that a cell of those that are taken was read from, for messages. */
function fileOf(parts: readonly Part[], taken: Uint8Array | null, cell: number): string {
  let at = 0;
  let left = cell;
  for (const part of parts)
    for (const [file] of linesOfPart(part)) if (taken?.[at++] !== 0 && left-- === 0) return file;
  throw new RangeError(`cell ${cell} of those of ${parts.length} shards`);
}
