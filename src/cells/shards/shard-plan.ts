import { createHash } from "node:crypto";
import { deal } from "../../core/deal.ts";
import { exactJson } from "../../files/exact-json.ts";
import { canonicalJson } from "../../files/hash.ts";
import type { Shard } from "../../files/shards.ts";
import { version } from "../../version.ts";
import { STORE_VERSION } from "../header.ts";
import type { CellSource } from "../importer.ts";

/** One shard of a source, before its cells are looked for. */
export interface ShardPlan {
  /** Name of the importer, and what the user gave. */
  readonly source: string;
  readonly path: string;
  /** Hash of all that says which cells the whole source has, the same in each of its shards. */
  readonly listing: string;
  /** Files and folders that the cells of this shard are read from; the same may come several times. */
  readonly inputs: Iterable<string>;
  /** Looks for the cells of this shard. */
  open(): Promise<ShardCells>;
  /** Frees what the plan holds open, where it is not opened. */
  close?(): void;
}

/** The cells of a shard: those of a source from number `from` up to before `to`; all where neither is given. */
export interface ShardCells {
  readonly cells: CellSource;
  readonly from?: number;
  readonly to?: number;
}

/**
 * A shard of a source whose cells are known: they stay in their order, and cells of one field that follow each other stay
 * together; numbers of cells are as equal as that allows.
 */
export function shardOf(source: CellSource, shard: Shard): ShardPlan {
  const { channels, masks, count, notes, leftOut } = source;
  const hash = createHash("sha256");
  const left =
    leftOut === undefined ? null : [...leftOut.columns].map(([name, column]) => [name, [...column]]);
  hash.update(exactJson([channels, masks, count, notes, left]));
  /** First cell of each run of one field. */
  const runs: number[] = [];
  let field: unknown;
  for (let cell = 0; cell < count; cell++) {
    const record = source.record(cell);
    hash.update(exactJson(record));
    if (cell === 0 || record.Metadata_Field !== field) runs.push(cell);
    field = record.Metadata_Field;
  }
  const bounds = deal(
    runs.map((first, run) => (runs[run + 1] ?? count) - first),
    shard.count,
  );
  const [from, to] = [bounds[shard.index], bounds[shard.index + 1]].map((run) => runs[run] ?? count);
  return {
    source: source.source,
    path: source.path,
    listing: hash.digest("hex"),
    inputs: inputsOf(source, from, to),
    open: async () => ({ cells: source, from, to }),
    close: () => source.close?.(),
  };
}

function* inputsOf(source: CellSource, from: number, to: number): Generator<string> {
  for (let cell = from; cell < to; cell++) yield* source.inputs?.(cell) ?? [];
}

/** What tells the shards of one import from those of another. */
export function shardKey(plan: ShardPlan, about: Readonly<Record<string, unknown>>): string {
  const hash = createHash("sha256");
  return hash.update(canonicalJson([version, STORE_VERSION, plan.source, plan.listing, about])).digest("hex");
}
