import { groupRows } from "../core/group.ts";
import { InterruptedError } from "../errors.ts";
import { Pool } from "../files/pool.ts";
import { type Chunk, type ChunkContext, type ChunkResult, ChunkSegmenter } from "./chunk.ts";
import { sampledCrops } from "./field.ts";

/** Most cells of a chunk: small enough that threads end together and Ctrl-C is heard. */
const CHUNK_CELLS = 64;

/**
 * Cuts the cells of a store (crops of height x width px) into chunks, field by field in the order of their first cell.
 * @param wanted rows of the store that are segmented, in the order of their places; by default all. The scales of fields
 * are those of all of their cells in any case.
 */
export function makeChunks(
  fields: readonly string[],
  height: number,
  width: number,
  wanted?: Int32Array,
): Chunk[] {
  const chunks: Chunk[] = [];
  const places = wanted === undefined ? null : new Map(Array.from(wanted, (row, place) => [row, place]));
  let field = 0;
  for (const all of groupRows(fields, (field) => field).values()) {
    const rows = places === null ? all : all.filter((row) => places.has(row));
    const used = sampledCrops(all.length, height, width);
    const sample = Int32Array.from({ length: used }, (_, k) => all[Math.floor((k * all.length) / used)]);
    for (let at = 0; at < rows.length; at += CHUNK_CELLS) {
      const own = Int32Array.from(rows.slice(at, at + CHUNK_CELLS));
      chunks.push({ field, sample, rows: own, places: own.map((row) => places?.get(row) ?? row) });
    }
    field++;
  }
  return chunks;
}

/**
 * Segments all chunks on `workers` threads (1: in this one) and hands each result to `take`, in any order.
 * @throws InterruptedError once `signal` is aborted.
 */
export async function runChunks(
  context: ChunkContext,
  chunks: readonly Chunk[],
  workers: number,
  signal: AbortSignal,
  take: (result: ChunkResult) => void,
): Promise<void> {
  const count = Math.min(workers, chunks.length);
  if (count <= 1) await runHere(context, chunks, signal, take);
  else await runThreads(context, chunks, count, signal, take);
}

const stopped = "stopped; the masks of the store are as they were";

async function runHere(
  context: ChunkContext,
  chunks: readonly Chunk[],
  signal: AbortSignal,
  take: (result: ChunkResult) => void,
): Promise<void> {
  const segmenter = new ChunkSegmenter(context);
  try {
    for (const chunk of chunks) {
      take(segmenter.run(chunk));
      await new Promise((done) => setImmediate(done));
      if (signal.aborted) throw new InterruptedError(stopped);
    }
  } finally {
    segmenter.close();
  }
}

async function runThreads(
  context: ChunkContext,
  chunks: readonly Chunk[],
  workers: number,
  signal: AbortSignal,
  take: (result: ChunkResult) => void,
): Promise<void> {
  const pool = new Pool<Chunk, ChunkResult>({
    base: import.meta.url,
    module: "chunk-worker",
    init: context,
    threads: workers,
    work: "segmentation",
  });
  try {
    await pool.each(chunks, take, { signal, stopped });
  } finally {
    await pool.dispose();
  }
}
