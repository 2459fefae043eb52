import { type Drop, EFFECTS, type EffectId, type EncoderTable } from "../evidence/tables.ts";
import type { Setting } from "../settings.ts";
import { formatPoints } from "./table-format.ts";

interface Interval {
  readonly encoder: string;
  readonly statement: string;
  readonly low: number;
  readonly high: number;
  readonly level: number;
}
interface Transfer {
  readonly encoder: string;
  readonly setting: string;
  readonly accuracy: number;
  readonly capture: number | null;
}

/** How much an encoder leans on what is around the cell. */
export type VerdictLevel = "leans" | "slight" | "none" | "unclear" | "inverse" | "unknown";

/** The answer for one encoder: a sentence, and what must be known to read it rightly. */
export interface Verdict {
  readonly encoder: string;
  readonly level: VerdictLevel;
  readonly sentence: string;
  readonly caveats: readonly string[];
}

/** Drops below this are called slight, differences of accuracy. */
export const SLIGHT = 0.05;
/** An interval around zero that stays below this rules out a drop that matters, differences of accuracy. */
export const NEGLIGIBLE = 0.02;

interface Estimate {
  readonly drop: Drop;
  readonly low: number | null;
  readonly high: number | null;
  /** `95 % interval +1.0 to +3.0 points`. */
  readonly spread: string;
}

/** An effect with its interval: the study's own where there is one, else 3 standard errors over classes. */
function estimate(table: EncoderTable, effect: EffectId, intervals: readonly Interval[]): Estimate | null {
  const drop = table.drops.find((d) => d.effect === effect);
  if (drop === undefined) return null;
  const own = intervals.find((i) => i.encoder === table.encoder && i.statement === effect);
  if (own !== undefined) {
    const range = `${formatPoints(own.low)} to ${formatPoints(own.high)} points`;
    return {
      drop,
      low: own.low,
      high: own.high,
      spread: `${Math.round(100 * own.level)} % interval ${range}`,
    };
  }
  if (drop.error === null)
    return { drop, low: null, high: null, spread: "one pair of classes, so no error is known" };
  const [low, high] = [drop.mean - drop.error, drop.mean + drop.error];
  return { drop, low, high, spread: `± 3 SE: ${formatPoints(low)} to ${formatPoints(high)} points` };
}

function level({ drop, low, high }: Estimate): VerdictLevel {
  if (low === null || high === null) return "unclear";
  if (low <= 0 && high >= 0) return Math.max(-low, high) < NEGLIGIBLE ? "none" : "unclear";
  if (drop.mean < 0) return "inverse";
  return drop.mean < SLIGHT ? "slight" : "leans";
}

const points = (difference: number) => `${Math.abs(100 * difference).toFixed(1)} points`;
const includesZero = (e: Estimate) => e.low === null || e.high === null || (e.low <= 0 && e.high >= 0);

/** What each headline effect says about the encoder: its object, and when accuracy falls. */
const HEADLINES: readonly { effect: EffectId; object: string; when: string }[] = [
  { effect: "published-drop", object: "the neighbors", when: "when their localization differs" },
  { effect: "neighbor", object: "the neighbors", when: "when neighbors of another localization are added" },
  { effect: "total", object: "the background", when: "when the background shows another localization" },
  {
    effect: "context",
    object: "what is around the cell",
    when: "when everything around the cell is removed",
  },
];

/** One verdict from an encoder's table; `intervals` and `transfer` may be empty. */
export function verdict(
  table: EncoderTable,
  intervals: readonly Interval[] = [],
  transfer: readonly Transfer[] = [],
): Verdict {
  const encoder = table.encoder;
  for (const headline of HEADLINES) {
    const e = estimate(table, headline.effect, intervals);
    if (e === null) continue;
    const found = level(e);
    const falls = found === "leans" || found === "slight" || found === "unclear";
    const caveats = [
      ...placebo(table, intervals),
      ...(headline.effect === "published-drop"
        ? [...medium(table, intervals, falls), ...(falls ? gain(table) : [])]
        : []),
      ...(headline.effect === "context"
        ? ["What the neighbors do cannot be told from pairs: the setting different has no numbers."]
        : []),
      ...capture(encoder, transfer),
      ...table.notes,
    ];
    return { encoder, level: found, sentence: sentence(table, headline, e, found), caveats };
  }
  return {
    encoder,
    level: "unknown",
    sentence: `${encoder}: no two settings have numbers that could be compared, so nothing can be said.`,
    caveats: [...capture(encoder, transfer), ...table.notes],
  };
}

function sentence(
  table: EncoderTable,
  { object, when }: (typeof HEADLINES)[number],
  e: Estimate,
  found: VerdictLevel,
): string {
  const { drop } = e;
  const at = (s: Setting) => table.settings.find((own) => own.setting === s)?.mean.toFixed(3);
  const numbers = `(${drop.from} ${at(drop.from)}, ${drop.to} ${at(drop.to)}; ${e.spread})`;
  const moves = `accuracy ${drop.mean < 0 ? "rises" : "falls"} by ${points(drop.mean)} ${when} ${numbers}`;
  switch (found) {
    case "leans":
      return `${table.encoder} leans on ${object}: ${moves}.`;
    case "slight":
      return `${table.encoder} leans slightly on ${object}: ${moves}.`;
    case "none":
      return `${table.encoder} does not measurably lean on ${object}: ${moves}; the interval includes zero and rules out more than ${points(NEGLIGIBLE)}.`;
    case "inverse":
      return `${table.encoder} shows no reliance on ${object}, and the opposite of a drop: ${moves}. Look at the composites before believing it.`;
    default:
      return e.low === null
        ? `Whether ${table.encoder} leans on ${object} is not clear: ${moves}.`
        : `Whether ${table.encoder} leans on ${object} is not clear: ${moves}; the interval includes zero.`;
  }
}

/** What pasting alone does. */
function placebo(table: EncoderTable, intervals: readonly Interval[]): string[] {
  const paste = estimate(table, "paste", intervals);
  const total = estimate(table, "total", intervals);
  if (paste === null) return ["No placebo was run (setting self), so what pasting alone costs is not known."];
  const { mean, classes } = paste.drop;
  if (classes.every((c) => c.drop === 0))
    return ["Pasting alone changes nothing: with these choices self equals original."];
  if (includesZero(paste))
    return [
      `Pasting alone makes no clear difference (original − self ${formatPoints(mean)} points; ${paste.spread}).`,
    ];
  if (mean < 0)
    return [
      `Pasting alone raises accuracy by ${points(mean)} (original − self; ${paste.spread}): the composites carry something that helps the probe.`,
    ];
  if (total === null || total.drop.mean <= 0)
    return [`Pasting alone costs ${points(mean)} (original − self).`];
  const share = mean / total.drop.mean;
  const part = `Pasting alone costs ${points(mean)} of the ${points(total.drop.mean)} from original to different`;
  return share >= 0.5
    ? [`${part}: most of that fall may be an artifact of the paste rather than the work of neighbors.`]
    : [`${part} (${Math.round(100 * share)} %).`];
}

/** Whether the neighbors, or already their medium, make the drop. */
function medium(table: EncoderTable, intervals: readonly Interval[], falls: boolean): string[] {
  const neighbor = estimate(table, "neighbor", intervals);
  if (neighbor === null) return [];
  const { mean } = neighbor.drop;
  if (includesZero(neighbor))
    return [
      `Between cell-free and different lies no clear difference (${formatPoints(mean)} points; ${neighbor.spread})${falls ? ": the other image's medium and batch, rather than its cells, may explain the drop" : ""}.`,
    ];
  return mean > 0
    ? [
        `The part that foreign neighbor cells explain is ${points(mean)} (cell-free − different; ${neighbor.spread}).`,
      ]
    : [
        `Accuracy is ${points(mean)} higher with foreign neighbors than with their medium alone (${neighbor.spread}).`,
      ];
}

/** The published drop also counts what neighbors of the right localization give away. */
function gain(table: EncoderTable): string[] {
  const at = (s: Setting) => table.settings.find((own) => own.setting === s)?.mean;
  const [same, original] = [at("same"), at("original")];
  if (same === undefined || original === undefined || same - original < 0.01) return [];
  return [
    `With other neighbors of the same localization accuracy is ${points(same - original)} above original: a part of the drop is a gain in same rather than a loss in different.`,
  ];
}

/** What a probe that learned from original crops does among foreign neighbors. */
function capture(encoder: string, transfer: readonly Transfer[]): string[] {
  const at = (setting: Setting) => transfer.find((t) => t.encoder === encoder && t.setting === setting);
  const [original, found] = [at("original"), at("different")];
  if (found === undefined || found.capture === null) return [];
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const before = original === undefined ? "" : ` (${percent(original.accuracy)} in original)`;
  return [
    `Trained on original crops, a classifier is right on ${percent(found.accuracy)} of the cells among foreign neighbors${before} and calls ${percent(found.capture)} by the neighbors' localization (capture rate).`,
  ];
}

/** Name of an effect for people; anything else as it is. */
export function statementName(statement: string): string {
  return EFFECTS.find((e) => e.id === statement)?.name ?? statement;
}
