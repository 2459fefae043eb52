import { join } from "node:path";
import type { Setting } from "../settings.ts";
import { piecesOf } from "../swap/segments.ts";
import type { SwapPlan } from "../types.ts";
import type { ExtractRequest } from "./extract.ts";
import { FeatureSet, findShelves, type Shelf } from "./features.ts";
import { featureInputs } from "./inputs.ts";
import { featureKey } from "./key.ts";
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
  const { plan, encoders, folder } = request;
  const inputs = featureInputs(request);
  const pieces = piecesOf(plan);
  const any = new Uint8Array(plan.count);
  const sets: FeatureSet[] = [];
  let bytes = 0;
  const encodings = encoders.map(({ encoder, names, dimensions }) => {
    const lacks = new Uint8Array(plan.count);
    names.forEach((name, o) => {
      const keyOf = (setting: Setting) => featureKey(inputs, encoder, o, setting);
      const wanted = { plan, pieces, keyOf, dimension: dimensions[o] };
      const shelves = findShelves(join(folder, name), wanted, { look: true });
      pieces.forEach((piece, p) => {
        bytes += lackingRows(shelves[p], piece, dimensions[o], lacks) * (4 * dimensions[o] + ROW_BYTES);
      });
      sets.push(new FeatureSet(name, dimensions[o], pieces, shelves));
    });
    lacks.forEach((lack, row) => {
      any[row] |= lack;
    });
    return sum(lacks);
  });
  return { sets, composites: sum(any), encodings, bytes };
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
  const rows = shelves.reduce((n, { missing }) => n + (missing === null ? 0 : missing.rows.length / 2), 0);
  return {
    set: new FeatureSet(name, dimension, pieces, shelves),
    bytes: rows * (4 * dimension + ROW_BYTES),
  };
}

/** Marks rows of a piece that are not made, and counts them. */
function lackingRows(
  { missing, part, row }: Shelf,
  { start, end }: { readonly start: number; readonly end: number },
  dimension: number,
  lacks: Uint8Array,
): number {
  if (missing === null) return 0;
  const made = madeSoFar(missing.base, missing.rows.length / 2, dimension);
  let count = 0;
  for (let at = 0; at < end - start; at++) {
    if (part !== null && part[at] >= 0) continue;
    if (made?.[row?.[at] ?? at] === 1) continue;
    lacks[start + at] = 1;
    count++;
  }
  return count;
}

const sum = (values: Uint8Array) => values.reduce((n, value) => n + value, 0);
