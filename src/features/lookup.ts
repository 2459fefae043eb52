import { join } from "node:path";
import { segmentsOf } from "../swap/segments.ts";
import type { SwapPlan } from "../types.ts";
import type { ExtractRequest } from "./extract.ts";
import { FeatureSet, findShelf, type Shelf } from "./features.ts";
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
  const segments = segmentsOf(plan);
  const any = new Uint8Array(plan.count);
  const sets: FeatureSet[] = [];
  let bytes = 0;
  const encodings = encoders.map(({ encoder, names, dimensions }) => {
    const lacks = new Uint8Array(plan.count);
    names.forEach((name, o) => {
      const shelves = segments.map((segment) =>
        findShelf(
          join(folder, name),
          plan,
          segment,
          featureKey(inputs, encoder, o, segment.setting),
          dimensions[o],
          {
            look: true,
          },
        ),
      );
      segments.forEach((segment, s) => {
        bytes += lackingRows(shelves[s], segment, dimensions[o], lacks) * (4 * dimensions[o] + ROW_BYTES);
      });
      sets.push(new FeatureSet(name, dimensions[o], segments, shelves));
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
  const segments = segmentsOf(plan);
  const shelves = segments.map((segment) =>
    findShelf(join(folder, name), plan, segment, key, dimension, { look: true }),
  );
  const rows = shelves.reduce((n, { missing }) => n + (missing === null ? 0 : missing.rows.length / 2), 0);
  return {
    set: new FeatureSet(name, dimension, segments, shelves),
    bytes: rows * (4 * dimension + ROW_BYTES),
  };
}

/** Marks rows of a segment that are not made, and counts them. */
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
