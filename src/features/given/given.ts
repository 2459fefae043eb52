import { join } from "node:path";
import type { StoreHeader } from "../../cells/store.ts";
import { DataError, InterruptedError, STOPPED } from "../../errors.ts";
import { checkSame, type GivenFile, hashGiven } from "../../files/state.ts";
import { planHash } from "../../swap/plan-file.ts";
import { settingOf } from "../../swap/runs.ts";
import { piecesOf } from "../../swap/segments.ts";
import type { Cells, SwapPlan } from "../../types.ts";
import { FeatureSet, findShelves } from "../features.ts";
import { shortHash } from "../key.ts";
import { OpenParts } from "../open-parts.ts";
import { FillingPart, type PartDamage, removeUnwanted } from "../part.ts";
import { checkFile, type FeatureFile } from "./file.ts";

/** Raised whenever the same file of features gives other features. */
const GIVEN_VERSION = 1;

/** Features that were made elsewhere, in the place of an encoder. */
export interface GivenFeatures {
  readonly kind: "given";
  /** Name in results. */
  readonly name: string;
  /** The file of features. */
  readonly path: string;
  /** SHA-256 of the file. */
  readonly hash: string;
  /** The file as it was when it was hashed. */
  readonly file?: GivenFile;
  /** Folder of the exported composites that they are checked against. */
  readonly composites?: string;
}

/** What the features of a study are to be of, and where they go. */
export interface TakeOver {
  readonly header: Pick<StoreHeader, "hashes">;
  readonly plan: SwapPlan;
  readonly cells: Pick<Cells, "id">;
  /** Folder of the features of all encoders. */
  readonly folder: string;
  /** Whether other studies use the folder as well. */
  readonly shared?: boolean;
}

export interface TakeOverOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with parts that are not as they were made; they are made again. */
  readonly onDamage?: ((damage: PartDamage) => void) | undefined;
  /** Called with the rows that are read, where any have to be. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Looks at a file of features and hashes it. @throws DataError where it is not there or of no known format */
export function readGiven(entry: {
  name: string;
  features: string;
  composites?: string | undefined;
}): GivenFeatures {
  const { name, features: path, composites } = entry;
  checkFile(path);
  const file = hashGiven(path);
  return {
    kind: "given",
    name,
    path,
    hash: file.sha256,
    file,
    ...(composites === undefined ? {} : { composites }),
  };
}

/**
 * Takes features that were made elsewhere into the folder of a study's features, as if an encoder had made them: in
 * parts by setting and background that are known by a hash of file and plan, so that nothing is read twice. Reads
 * bounded pieces.
 * @param order row of the plan of every row of the file; null: in the order of the plan
 * @throws DataError for values that are not finite, naming the row; InterruptedError after `signal`
 */
export async function takeFeatures(
  { name, hash, file: hashed }: Pick<GivenFeatures, "name" | "hash" | "file">,
  file: FeatureFile,
  order: Int32Array | null,
  { header, plan, cells, folder, shared = false }: TakeOver,
  { signal, onProgress, onDamage }: TakeOverOptions = {},
): Promise<FeatureSet> {
  const { dimension, rows, batch } = file;
  const place = join(folder, name);
  const pieces = piecesOf(plan);
  const key = givenKey(hash, header, plan);
  const checked = new Set<string>();
  const find = () => findShelves(place, { plan, pieces, keyOf: () => key, dimension }, { checked, onDamage });
  const shelves = find();
  removeUnwanted(place, shared ? null : new Set(shelves.flatMap((s) => s.missing?.base ?? [])));
  if (shelves.some((s) => s.missing !== null)) {
    const parts = new OpenParts(pieces);
    const buffer = new Float32Array(Math.min(batch, rows) * dimension);
    try {
      for (let from = 0; from < rows; from += batch) {
        onProgress?.(from, rows);
        await new Promise(setImmediate);
        if (signal?.aborted) throw new InterruptedError(STOPPED);
        const to = Math.min(rows, from + batch);
        const features = buffer.subarray(0, (to - from) * dimension);
        await file.read(from, to, features);
        const of = order?.subarray(from, to) ?? Int32Array.from({ length: to - from }, (_, i) => from + i);
        checkFinite(file, features, from, of, plan, cells);
        // Nothing is kept under the hash of another file.
        if (hashed !== undefined) checkSame(hashed);
        parts.write({ dimension, shelves }, of, features);
      }
    } finally {
      parts.close();
    }
    for (const { missing } of shelves)
      if (missing !== null) {
        new FillingPart(missing.base, missing.count, dimension).finish(missing.rows());
        checked.add(missing.base);
      }
    onProgress?.(rows, rows);
  }
  return new FeatureSet(name, dimension, pieces, find());
}

/** Key of features that were made elsewhere: of the file `hash`, for a plan of a store's crops. */
export function givenKey(hash: string, header: TakeOver["header"], plan: SwapPlan): string {
  return shortHash({
    version: GIVEN_VERSION,
    file: hash,
    crops: header.hashes["crops.npy"],
    plan: planHash(plan),
  });
}

function checkFinite(
  { path, dimension }: FeatureFile,
  features: Float32Array,
  from: number,
  of: Int32Array,
  plan: SwapPlan,
  cells: Pick<Cells, "id">,
): void {
  const wrong = features.findIndex((v) => !Number.isFinite(v));
  if (wrong < 0) return;
  const row = Math.floor(wrong / dimension);
  const at = of[row];
  throw new DataError(
    `row ${from + row} (from 0) has ${features[wrong]} as feature ${wrong % dimension}: cell ${cells.id[plan.cell[at]]} in ${settingOf(plan, at)}; features must be finite float32, look at the network's preprocessing (a division by zero, half precision?)`,
    { path },
  );
}
