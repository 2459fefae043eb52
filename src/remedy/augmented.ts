import type { RemedyBlock } from "./rows.ts";

/**
 * The blocks that an augmented probe is trained on: originals, and composites among cells of other classes (the setting
 * `different`). For a pair, classes whose background it never sees are named as `without`: one of its own would stand
 * behind the other class only, and give it away.
 *
 * @returns positions among `blocks`
 */
export function augmentedBlocks(blocks: readonly RemedyBlock[], without: readonly number[] = []): number[] {
  return blocks.flatMap(({ setting, background }, b) =>
    setting === "original" || (setting === "different" && !without.includes(background)) ? [b] : [],
  );
}
