import type { LogisticModel } from "../evaluate/logistic/logistic.ts";
import { predictClasses } from "../evaluate/logistic/logistic.ts";

/** Features of one setting with one background that a probe is tested on. */
export interface TransferBlock {
  readonly setting: string;
  /** Class that the backgrounds come from; null where every cell keeps its own or has none. */
  readonly background: number | null;
  /** Own class of every row. */
  readonly labels: ArrayLike<number>;
  /** Rows x dimension. */
  readonly features: Float32Array;
}

/** What becomes of a probe that was trained on original crops, in one setting. */
export interface TransferScore {
  readonly setting: string;
  /** Mean over own classes (and, with backgrounds, over pairs of own class and another background) of the share predicted right. */
  readonly accuracy: number;
  /** Mean over pairs of own class and another background of the share predicted as the background's class; null without backgrounds. */
  readonly capture: number | null;
  /** The same share, of the same pairs, under the base setting: what is captured without the foreign background. */
  readonly captureBase: number | null;
  /** Share predicted as class k (third) for cells of class p (first) on background c (second); one background, -1, without. */
  readonly predicted: readonly { own: number; background: number; shares: Float64Array; cells: number }[];
}

/**
 * Trained on original crops, tested on swapped ones: accuracy and capture rate of every setting. Every class counts
 * the same, whatever its number of cells. Blocks whose background is the cells' own class do not enter `accuracy` and
 * `capture` of a setting with backgrounds.
 *
 * @param model probe of {@link fitLogistic}, trained on ORIGINAL features of other cells (other fields)
 * @param blocks test cells in every setting
 * @param base setting that `captureBase` is taken from (`same`, the paste with the own class's background)
 */
export function transferScores(
  model: LogisticModel,
  blocks: readonly TransferBlock[],
  base = "same",
): TransferScore[] {
  const settings = [...new Set(blocks.map((b) => b.setting))];
  const tables = new Map(
    settings.map((s) => [
      s,
      shares(
        model,
        blocks.filter((b) => b.setting === s),
      ),
    ]),
  );
  const baseShares = new Map(
    (tables.get(base) ?? [])
      .filter((r) => r.background < 0 || r.background === r.own)
      .map((r) => [r.own, r.shares]),
  );
  return settings.map((setting) => {
    const predicted = tables.get(setting)!;
    const foreign = predicted.filter((r) => r.background >= 0 && r.background !== r.own);
    const counted = foreign.length > 0 ? foreign : predicted;
    const bases = foreign.map((r) => baseShares.get(r.own)?.[r.background]);
    return {
      setting,
      accuracy: average(counted.map((r) => r.shares[r.own])),
      capture: foreign.length > 0 ? average(foreign.map((r) => r.shares[r.background])) : null,
      captureBase:
        foreign.length > 0 && bases.every((b) => b !== undefined) ? average(bases as number[]) : null,
      predicted,
    };
  });
}

function shares(
  model: LogisticModel,
  blocks: readonly TransferBlock[],
): TransferScore["predicted"][number][] {
  const rows = new Map<string, { own: number; background: number; shares: Float64Array; cells: number }>();
  for (const block of blocks) {
    const found = predictClasses(model, block.features);
    const background = block.background ?? -1;
    found.forEach((k, i) => {
      const own = block.labels[i];
      const key = `${own} ${background}`;
      let row = rows.get(key);
      if (row === undefined)
        rows.set(key, (row = { own, background, shares: new Float64Array(model.classes), cells: 0 }));
      row.shares[k]++;
      row.cells++;
    });
  }
  for (const row of rows.values()) for (let k = 0; k < model.classes; k++) row.shares[k] /= row.cells;
  return [...rows.values()].sort((a, b) => a.own - b.own || a.background - b.background);
}

function average(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
