import { join } from "node:path";
import { z } from "zod";
import { mean, standardDeviation } from "../core/statistics.ts";
import {
  type FeatureFile,
  type FeatureFolder,
  readFeaturePickle,
} from "../encode/published/feature-folder.ts";
import { DataError, InterruptedError, STOPPED } from "../errors.ts";
import { countedFolds } from "../evaluate/crossvalidate.ts";
import { PairGrid } from "../evaluate/grid.ts";
import { stratifiedPairs } from "../evaluate/split.ts";
import { sha256 } from "../files/hash.ts";
import { checkSame, hashGiven } from "../files/state.ts";
import { LOCALIZATIONS } from "../names.ts";
import { SETTINGS } from "../settings.ts";
import type { PairScore } from "../types.ts";
import { keep, readKept } from "./kept.ts";
import { writePublishedResults } from "./published-csv.ts";

export interface AuthorFeatureOptions {
  /** Folder for the authors' result tables and what is kept to go on from. */
  readonly out: string;
  /** Name of the encoder in the results. */
  readonly encoder: string;
  /** Cells of each class that are used: the first ones of its file (the study's 1,000). */
  readonly cells: number;
  readonly folds: number;
  /** Threads; one per usable core by default. */
  readonly workers?: number;
  readonly signal?: AbortSignal;
  /** Called with the blocks (one setting with one background) that are done. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Evaluates features that were made elsewhere (the authors' pickles): the pairwise probes of every setting and
 * background, as `results_base.csv`, `results_mask.csv`, `results_same.csv`, `results_diff.csv` and
 * `results_batch.csv` in `out`. Blocks that an earlier run evaluated on the same files are used.
 * @throws DataError for a pickle that cannot be used; StudyError for a class with fewer cells than folds.
 */
export async function evaluateAuthorFeatures(
  folder: FeatureFolder,
  options: AuthorFeatureOptions,
): Promise<PairScore[]> {
  const { out, encoder, cells, folds, workers, signal, onProgress } = options;
  const blocks = blocksOf(folder);
  const scores: PairScore[] = [];
  let grid: PairGrid | undefined;
  const stop = () => void grid?.dispose();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    for (const [number, files] of blocks.entries()) {
      onProgress?.(number, blocks.length);
      if (signal?.aborted) throw new InterruptedError(STOPPED);
      const hashed = files.map((f) => hashGiven(f.path));
      const key = sha256(JSON.stringify([cells, folds, files.map((f, i) => [f.class, hashed[i].sha256])]));
      const path = join(out, "blocks", `${key}.json`);
      let pairs = readKept<Pairs>(path, key, PAIRS);
      if (pairs === undefined) {
        const { classes, dimension } = readBlock(files, cells);
        hashed.forEach(checkSame);
        grid ??= new PairGrid(workers);
        const splits = stratifiedPairs(
          classes.map((c) => c.features.length / dimension),
          folds,
          classes.map((c) => c.name),
        );
        const fits = await grid.evaluate(classes, dimension, splits);
        const names = classes.flatMap((a, i) => classes.slice(i + 1).map((b) => [a, b] as const));
        pairs = keep<Pairs>(
          path,
          key,
          names.map(([a, b], p) => {
            const { correct, gap } = fits[p];
            const sizes = [a, b].map((c) => c.features.length / dimension) as [number, number];
            // As the authors' tables have it: every cell counts, also where the classes differ in size.
            const accuracies = countedFolds(correct, splits(classes.indexOf(a), classes.indexOf(b)), sizes);
            return {
              class1: a.name,
              class2: b.name,
              accuracy: mean(accuracies),
              sd: standardDeviation(accuracies),
              folds: accuracies,
              gap,
              cells: correct.length,
            };
          }),
        );
      }
      const [{ setting, background }] = files;
      const shared = setting === "same" ? null : background;
      scores.push(...pairs.map((p) => ({ encoder, setting, background: shared, ...p })));
    }
    onProgress?.(blocks.length, blocks.length);
    writePublishedResults(out, scores);
    return scores;
  } catch (cause) {
    throw signal?.aborted ? new InterruptedError(STOPPED, { cause }) : cause;
  } finally {
    signal?.removeEventListener("abort", stop);
    await grid?.dispose();
  }
}

const number = z.number().nullable();

const PAIRS = z.array(
  z.strictObject({
    class1: z.string(),
    class2: z.string(),
    accuracy: number,
    sd: number,
    folds: z.array(number),
    gap: number,
    cells: number,
  }),
);

type Pairs = Omit<PairScore, "encoder" | "setting" | "background">[];

/** Files by setting and background, in the order of the ladder and of the study's classes; two or more to a block. */
function blocksOf({ path, files }: FeatureFolder): FeatureFile[][] {
  const place = (name: string | null) => {
    const known = (LOCALIZATIONS as readonly string[]).indexOf(name ?? "");
    return known < 0 ? LOCALIZATIONS.length : known;
  };
  const blocks = SETTINGS.flatMap((setting) => {
    const own = files.filter((f) => f.setting === setting).sort((a, b) => place(a.class) - place(b.class));
    const backgrounds = setting === "same" ? [null] : [...new Set(own.map((f) => f.background))];
    backgrounds.sort((a, b) => place(a) - place(b));
    return backgrounds.map((b) => own.filter((f) => setting === "same" || f.background === b));
  }).filter((block) => block.length >= 2);
  if (blocks.length === 0)
    throw new DataError("has no two classes in any setting; pairs of classes are needed", { path });
  return blocks;
}

function readBlock(files: readonly FeatureFile[], cells: number) {
  let dimension = 0;
  const classes = files.map(({ class: name, path }) => {
    const features = readFeaturePickle(path);
    dimension ||= features.dimension;
    if (features.dimension !== dimension)
      throw new DataError(
        `has vectors of ${features.dimension} values, those of ${files[0].path} have ${dimension}; give features of one layer`,
        { path },
      );
    return { name, features: features.data.subarray(0, Math.min(cells, features.rows) * dimension) };
  });
  return { classes, dimension };
}
