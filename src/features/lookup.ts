import { join, relative } from "node:path";
import { piecesOf } from "../swap/segments.ts";
import type { SwapPlan } from "../types.ts";
import { type ExtractRequest, requestedShelves } from "./extract.ts";
import { FeatureSet, findShelves, type Shelf } from "./features.ts";
import { madeSoFar } from "./part.ts";

/** What an extraction would make. */
export interface Lookup {
  /** One per output of every encoder; can be read where nothing lacks, and knows its keys in any case. */
  readonly sets: readonly FeatureSet[];
  /** Composites that are lacking. */
  readonly composites: number;
  /** Crops that each encoder would be given. */
  readonly encodings: readonly number[];
  /** Bytes that would be written. */
  readonly bytes: number;
}

/** Bytes of a row beside its features: cell, donor and check sum. */
const ROW_BYTES = 12;

/** Finds out what `extract` would make of a request, and changes nothing. What is there is not read, but counts as whole. */
export function lookUp(
  request: Pick<
    ExtractRequest,
    "store" | "plan" | "scales" | "composite" | "derived" | "error" | "encoders" | "folder"
  >,
): Lookup {
  const { plan, encoders } = request;
  const pieces = piecesOf(plan);
  const shelves = requestedShelves(request, pieces, { look: true });
  const encodings = encoders.map(() => 0);
  let composites = 0;
  let bytes = 0;
  // A piece at a time, in memory that is used again: marks of all rows of a plan would take more than the rest.
  const most = pieces.reduce((n, { start, end }) => Math.max(n, end - start), 0);
  const marks = { any: new Uint8Array(most), own: new Uint8Array(most) };
  pieces.forEach((piece, p) => {
    const any = marks.any.subarray(0, piece.end - piece.start).fill(0);
    shelves.forEach((outputs, e) => {
      if (outputs.every((list) => list[p].missing === null)) return;
      const lacks = marks.own.subarray(0, any.length).fill(0);
      outputs.forEach((list, o) => {
        const dimension = encoders[e].dimensions[o];
        bytes += markLacking(list[p], dimension, lacks) * (4 * dimension + ROW_BYTES);
      });
      lacks.forEach((lack, at) => {
        encodings[e] += lack;
        any[at] |= lack;
      });
    });
    composites += any.reduce((n, lack) => n + lack, 0);
  });
  const sets = encoders.flatMap(({ names, dimensions }, e) =>
    names.map((name, o) => new FeatureSet(name, dimensions[o], pieces, shelves[e][o])),
  );
  return { sets, composites, encodings, bytes };
}

/**
 * How the names of parts (`ENCODER/SEGMENT.KEY-...`) begin in which an extraction may find what its folder lacks; those
 * of other cells, masks or encoders begin otherwise.
 */
export function lackingParts(request: Parameters<typeof lookUp>[0]): string[] {
  const shelves = requestedShelves(request, piecesOf(request.plan), { look: true });
  const begins = shelves.flat(2).flatMap(({ missing }) => {
    if (missing === null) return [];
    const name = relative(request.folder, missing.base).replaceAll("\\", "/");
    return name.slice(0, name.lastIndexOf("-") + 1);
  });
  return [...new Set(begins)];
}

/** Features of a plan that were made elsewhere, known by `key`; as {@link lookUp}. */
export function lookUpGiven(
  { name, dimension, key }: { readonly name: string; readonly dimension: number; readonly key: string },
  plan: SwapPlan,
  folder: string,
): { readonly set: FeatureSet; readonly bytes: number } {
  const pieces = piecesOf(plan);
  const wanted = { plan, pieces, keyOf: () => key, dimension };
  const shelves = findShelves(join(folder, name), wanted, { look: true });
  const rows = shelves.reduce((n, { missing }) => n + (missing?.count ?? 0), 0);
  return {
    set: new FeatureSet(name, dimension, pieces, shelves),
    bytes: rows * (4 * dimension + ROW_BYTES),
  };
}

/** Marks rows of a piece that are not made, and counts them. */
function markLacking({ missing, part, row }: Shelf, dimension: number, lacks: Uint8Array): number {
  if (missing === null) return 0;
  const made = madeSoFar(missing.base, missing.count, dimension);
  let count = 0;
  for (let at = 0; at < lacks.length; at++) {
    if (part !== null && part[at] >= 0) continue;
    if (made?.[row?.[at] ?? at] === 1) continue;
    lacks[at] = 1;
    count++;
  }
  return count;
}
