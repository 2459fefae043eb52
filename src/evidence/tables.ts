import { addTo } from "../core/group.ts";
import { mean, standardDeviation } from "../core/statistics.ts";
import { hasDonor, hasSharedBackground, SETTINGS, type Setting } from "../settings.ts";
import type { PairScore } from "../types.ts";

/**
 * How pair accuracies become one number per class.
 * `even`: every remaining row counts for both of its classes.
 * `published`: as in the paper's tables, to the digit (see {@link classMeans}).
 */
export type Aggregation = "even" | "published";
export const AGGREGATIONS = ["even", "published"] as const;

/** Mean accuracy of one class in one setting. */
export interface ClassMean {
  readonly class: string;
  /** 0..1. */
  readonly accuracy: number;
  /** Rows that entered the mean. */
  readonly rows: number;
}

/** One cell of Table 1. */
export interface SettingSummary {
  readonly setting: Setting;
  /** Mean over classes of the per-class means, 0..1. */
  readonly mean: number;
  /** Three standard errors over the classes (ddof 1); null where fewer than two pairs entered. */
  readonly error: number | null;
  /** In order of first appearance among the scores. */
  readonly classes: readonly ClassMean[];
}

/** Difference of two settings, over the classes that both have. */
export interface Drop {
  readonly effect: EffectId;
  readonly from: Setting;
  readonly to: Setting;
  /** Mean over classes of `from` minus `to`, -1..1. */
  readonly mean: number;
  /** Three standard errors of the per-class differences (ddof 1); null where fewer than two pairs entered. */
  readonly error: number | null;
  readonly classes: readonly { readonly class: string; readonly drop: number }[];
}

/** Everything of one encoder; settings without rows are absent. */
export interface EncoderTable {
  readonly encoder: string;
  readonly settings: readonly SettingSummary[];
  readonly drops: readonly Drop[];
  /** Why a setting has no number although it has rows. */
  readonly notes: readonly string[];
}

/** Table 1. */
export interface ResultTable {
  readonly aggregation: Aggregation;
  readonly encoders: readonly EncoderTable[];
}

/** The differences that are reported; each changes one thing, or is one of the paper's. */
export const EFFECTS = [
  {
    id: "published-drop",
    name: "published drop",
    from: "same",
    to: "different",
    meaning: "neighbors of the same localization against neighbors of another",
  },
  {
    id: "paste",
    name: "paste effect",
    from: "original",
    to: "self",
    meaning: "what cutting and pasting alone costs (the placebo)",
  },
  {
    id: "medium",
    name: "cell-free medium effect",
    from: "self",
    to: "cell-free",
    meaning: "neighbors removed, medium and batch of another image",
  },
  {
    id: "paste-and-medium",
    name: "paste and medium effect",
    from: "original",
    to: "cell-free",
    meaning: "everything that changes before a foreign neighbor is seen",
  },
  {
    id: "neighbor",
    name: "neighbor effect",
    from: "cell-free",
    to: "different",
    meaning: "neighbors of another localization added to their medium",
  },
  {
    id: "total",
    name: "total drop",
    from: "original",
    to: "different",
    meaning: "from the crop as imaged to neighbors of another localization",
  },
  {
    id: "context",
    name: "context effect",
    from: "original",
    to: "masked",
    meaning: "everything around the cell removed",
  },
] as const satisfies readonly {
  id: string;
  name: string;
  from: Setting;
  to: Setting;
  meaning: string;
}[];
export type EffectId = (typeof EFFECTS)[number]["id"];

/** Rows of one setting that count: in file order, without those whose background is one of the pair's classes. */
function remainingRows(rows: readonly PairScore[], setting: Setting, aggregation: Aggregation): PairScore[] {
  if (!hasSharedBackground(setting)) return [...rows];
  const foreign = rows.filter((r) => r.background !== r.class1 && r.background !== r.class2);
  if (aggregation === "even") return foreign;
  const seen = new Set<string>();
  return foreign.filter((r) => {
    const pair = JSON.stringify([r.class1, r.class2]);
    if (seen.has(pair)) return false;
    seen.add(pair);
    return true;
  });
}

/**
 * Mean accuracy per class from the rows of one encoder and one setting.
 *
 * A row counts for both of its classes; in `different` and `cell-free` rows whose background is one of the two
 * are left out. `published` repeats two choices of the authors' notebook: of the remaining rows only the first of
 * every pair counts (order of `rows`, which is file order), and `original`, `masked` (and with them `self` and
 * `background-only`, which the paper lacks) are grouped by the first class alone, so that the class that is never
 * first is missing.
 */
export function classMeans(
  rows: readonly PairScore[],
  setting: Setting,
  aggregation: Aggregation,
): ClassMean[] {
  const firstOnly = aggregation === "published" && !hasDonor(setting);
  const byClass = new Map<string, number[]>();
  for (const row of remainingRows(rows, setting, aggregation)) {
    addTo(byClass, row.class1, row.accuracy);
    if (!firstOnly) addTo(byClass, row.class2, row.accuracy);
  }
  return [...byClass].map(([name, values]) => ({
    class: name,
    accuracy: mean(values),
    rows: values.length,
  }));
}

/** Three standard errors of the mean (ddof 1); null for fewer than two values. */
export function threeStandardErrors(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  return (3 * standardDeviation(values, 1)) / Math.sqrt(values.length);
}

/** Mean and error over classes; `onePair`: two classes share one number, whose spread of 0 says nothing. */
function summarize(values: readonly number[], onePair: boolean): { mean: number; error: number | null } {
  return { mean: mean(values), error: onePair ? null : threeStandardErrors(values) };
}

/**
 * Rows of a setting without backgrounds, each as often as its pair counts on a background of the other setting, so that
 * a drop compares the same pairs on both sides.
 */
function pairedRows(rows: readonly PairScore[], other: readonly PairScore[]): PairScore[] {
  const pair = ({ class1, class2 }: PairScore) => JSON.stringify([class1, class2].sort());
  const times = new Map<string, number>();
  for (const row of other) times.set(pair(row), (times.get(pair(row)) ?? 0) + 1);
  return rows.flatMap((row) => Array.from({ length: times.get(pair(row)) ?? 0 }, () => row));
}

function drop(
  effect: (typeof EFFECTS)[number],
  of: ReadonlyMap<Setting, SettingSummary>,
  rowsOf: (setting: Setting) => readonly PairScore[],
  { aggregation, onePair }: { readonly aggregation: Aggregation; readonly onePair: boolean },
): Drop | undefined {
  const from = of.get(effect.from);
  const to = of.get(effect.to);
  if (from === undefined || to === undefined) return undefined;
  const paired =
    aggregation === "even" && !hasSharedBackground(effect.from) && hasSharedBackground(effect.to)
      ? classMeans(
          pairedRows(rowsOf(effect.from), remainingRows(rowsOf(effect.to), effect.to, aggregation)),
          effect.from,
          aggregation,
        )
      : from.classes;
  const other = new Map(to.classes.map((c) => [c.class, c.accuracy]));
  const classes = paired
    .filter((c) => other.has(c.class))
    .map((c) => ({ class: c.class, drop: c.accuracy - (other.get(c.class) as number) }));
  if (classes.length === 0) return undefined;
  const over = summarize(
    classes.map((c) => c.drop),
    onePair,
  );
  return { effect: effect.id, from: effect.from, to: effect.to, ...over, classes };
}

/**
 * Table 1 and the drops for every encoder among `scores`, encoders in order of first appearance, settings in order
 * of SETTINGS, effects in order of EFFECTS. What is missing among the scores is missing in the table.
 */
export function resultTable(scores: readonly PairScore[], aggregation: Aggregation): ResultTable {
  const encoders = [...new Set(scores.map((s) => s.encoder))].map((encoder): EncoderTable => {
    const own = scores.filter((s) => s.encoder === encoder);
    const notes: string[] = [];
    const settings: SettingSummary[] = [];
    const onePair = new Set(own.flatMap((s) => [s.class1, s.class2])).size <= 2;
    for (const setting of SETTINGS) {
      const rows = own.filter((s) => s.setting === setting);
      if (rows.length === 0) continue;
      const classes = classMeans(rows, setting, aggregation);
      if (classes.length === 0) {
        notes.push(
          `${setting}: every background is one of the pair's own classes, so no row counts; at least three classes are needed`,
        );
        continue;
      }
      notes.push(...drawnNote(rows, setting, notes));
      const over = summarize(
        classes.map((c) => c.accuracy),
        onePair,
      );
      settings.push({ setting, ...over, classes });
    }
    const of = new Map(settings.map((s) => [s.setting, s]));
    const rowsOf = (setting: Setting) => own.filter((s) => s.setting === setting);
    const drops = EFFECTS.map((effect) => drop(effect, of, rowsOf, { aggregation, onePair })).filter(
      (d) => d !== undefined,
    );
    return { encoder, settings, drops, notes };
  });
  return { aggregation, encoders };
}

/** Says once where the pairs of one block are fewer than its classes make. */
function drawnNote(rows: readonly PairScore[], setting: Setting, said: readonly string[]): string[] {
  const block = rows.filter((r) => r.background === rows[0].background);
  const classes = new Set(block.flatMap((r) => [r.class1, r.class2])).size;
  const all = (classes * (classes - 1)) / 2;
  if (block.length >= all || said.some((note) => note.includes(DRAWN))) return [];
  const number = (n: number) => n.toLocaleString("en-US");
  return [
    `${setting} and the other settings: ${number(block.length)} of ${number(all)} ${DRAWN}; a spread over classes (±) does not tell what the others would change, the intervals of the estimates do`,
  ];
}
const DRAWN = "pairs of classes are judged";

/** The class names of the scores in order of first appearance. */
export function classNames(scores: readonly PairScore[]): string[] {
  return [...new Set(scores.flatMap((s) => [s.class1, s.class2]))];
}
