import { StudyError } from "../errors.ts";
import type { Setting } from "../settings.ts";

/** One setting with one background, as remedies see it. */
export interface RemedyBlock {
  readonly setting: Setting;
  /** Class that the backgrounds come from, -1 where every cell keeps its own. */
  readonly background: number;
}

/** Features of cells of one class, every cell in the same blocks. */
export interface ClassRows {
  /** Number of the class. */
  readonly own: number;
  readonly cells: number;
  /** Features per row. */
  readonly dimension: number;
  readonly blocks: readonly RemedyBlock[];
  /** Blocks x cells x dimension. */
  readonly features: Float32Array;
}

/** Features up to which maps are fitted: they take a decomposition of features x features. */
export const MOST_FEATURES = 1024;

/** The number of features of all classes. @throws StudyError for none, or for more than {@link MOST_FEATURES} */
export function mappedDimension(train: readonly ClassRows[], remedy: string): number {
  const dimension = train[0]?.dimension ?? 0;
  if (train.every((c) => c.cells === 0)) throw new StudyError(`${remedy} has no cells to be fitted on`);
  if (dimension > MOST_FEATURES)
    throw new StudyError(
      `${remedy} takes up to ${MOST_FEATURES} features, and the encoder has ${dimension}; leave it out for this encoder`,
    );
  for (const { features, blocks, cells, own, ...c } of train)
    if (c.dimension !== dimension || features.length !== blocks.length * cells * dimension)
      throw new RangeError(
        `${features.length} values of class ${own} are not ${blocks.length} blocks of ${cells} cells of ${dimension} features`,
      );
  return dimension;
}

/** Positions of the blocks that lend the background of another class. */
export function foreignBlocks({ blocks, own }: ClassRows): number[] {
  return blocks.flatMap(({ background }, b) => (background >= 0 && background !== own ? [b] : []));
}
