import { EFFECTS } from "../evidence/tables.ts";
import { SETTINGS } from "../settings.ts";
import type { Estimate } from "./data.ts";
import type { Context } from "./section.ts";
import { formatPoints } from "./table-format.ts";

/** A number with the one kind of uncertainty that the page has for it. */
export interface Shown {
  readonly value: number;
  readonly kind: Estimate["kind"];
  /** null where there is no interval. */
  readonly low: number | null;
  readonly high: number | null;
  /** Why there is no interval. */
  readonly why: string | null;
  /** Where it comes from; null for the table of the published aggregation and for data without estimates. */
  readonly estimate: Estimate | null;
}

/** Why a number of the table, which has no estimate, has no interval. */
const NO_ESTIMATE = "the statistics gave no estimate of it";

/** Whether the page's uncertainty is the paper's: three standard errors over classes. */
export function hasStandardErrors({ table }: Context): boolean {
  return table.aggregation === "published";
}

/** What estimates of settings, effects and shares are, for people. */
export function nameOf(of: string): string {
  if (of === "capture") return "capture rate";
  if (of === "capture-base") return "capture rate among neighbors of the own class";
  if (of === "transfer") return "accuracy in different, trained on original";
  return EFFECTS.find((e) => e.id === of)?.name ?? of;
}

/** Accuracy, difference or share, by what is estimated. */
export function kindOf({ data }: Context, of: string): Estimate["kind"] {
  const own = data.estimates.find((e) => e.of === of)?.kind;
  if (own !== undefined) return own;
  if (SETTINGS.some((s) => s === of)) return "accuracy";
  return EFFECTS.some((e) => e.id === of) ? "difference" : "share";
}

/**
 * The number of one encoder: the estimate of the statistics with its interval; with the published aggregation, and
 * where there is no estimate, the number of Table 1, of the published aggregation with three standard errors.
 */
export function numberOf(
  context: Context,
  encoder: string,
  of: string,
  className: string | null = null,
): Shown | null {
  const { data, table } = context;
  const estimate = data.estimates.find((e) => e.encoder === encoder && e.of === of && e.class === className);
  const fromTable = tableNumber(context, encoder, of, className);
  if (fromTable !== null && (estimate === undefined || table.aggregation === "published"))
    return { ...fromTable, why: estimate?.why ?? (fromTable.low === null ? NO_ESTIMATE : null) };
  if (estimate === undefined) return null;
  const { value, kind, low, high, why } = estimate;
  return {
    value,
    kind,
    low,
    high,
    why: low === null || high === null ? (why ?? "none was given") : null,
    estimate,
  };
}

function tableNumber(
  context: Context,
  encoder: string,
  of: string,
  className: string | null,
): Omit<Shown, "why"> | null {
  const own = context.table.encoders.find((e) => e.encoder === encoder);
  const setting = own?.settings.find((s) => s.setting === of);
  const drop = own?.drops.find((d) => d.effect === of);
  const found = setting ?? drop;
  if (found === undefined) return null;
  const kind = setting === undefined ? ("difference" as const) : ("accuracy" as const);
  if (className !== null) {
    const value =
      setting?.classes.find((c) => c.class === className)?.accuracy ??
      drop?.classes.find((c) => c.class === className)?.drop;
    return value === undefined ? null : { value, kind, low: null, high: null, estimate: null };
  }
  const error = hasStandardErrors(context) ? found.error : null;
  const { mean: value } = found;
  const limits = error === null ? { low: null, high: null } : { low: value - error, high: value + error };
  return { value, kind, ...limits, estimate: null };
}

/** A number in the unit of its kind, without the unit: `0.961`, `+4.0`, `20.1`. */
export function formatNumber(value: number, kind: Estimate["kind"]): string {
  if (kind === "accuracy") return value.toFixed(3);
  return kind === "difference" ? formatPoints(value) : (100 * value).toFixed(1);
}

/** Unit of a kind, for table heads and axes. */
export const UNITS: Readonly<Record<Estimate["kind"], string>> = {
  accuracy: "accuracy, 0 to 1",
  difference: "points of accuracy",
  share: "% of cells",
};

/** `+3.3 to +4.7`, or null where there is no interval. */
export function formatRange({ low, high, kind }: Pick<Shown, "low" | "high" | "kind">): string | null {
  if (low === null || high === null) return null;
  return `${formatNumber(low, kind)} to ${formatNumber(high, kind)}`;
}

/** The spread of a number beside it: `± 1.8` for standard errors, `+3.3 to +4.7` for an interval; null where it has none. */
export function formatSpread(context: Context, number: Shown): string | null {
  const { value, high, kind, estimate } = number;
  if (hasStandardErrors(context) && estimate === null && high !== null)
    return `± ${formatNumber(high - value, kind).replace("+", "")}`;
  return formatRange(number);
}

/** What the ranges of these numbers are, one sentence for below a table; null where no number has one. */
export function describeRanges(context: Context, numbers: readonly (Shown | null)[]): string | null {
  const shown = numbers.filter((n) => n !== null && n.low !== null);
  if (shown.length === 0) return null;
  if (hasStandardErrors(context) && shown.some((n) => n?.estimate === null))
    return "±: 3 standard errors over classes, the paper's measure of how much classes differ; not confidence intervals.";
  const levels = [...new Set(shown.map((n) => `${Math.round(1000 * (n?.estimate?.level ?? 0)) / 10} %`))];
  const methods = [...new Set(shown.map((n) => n?.estimate?.method ?? ""))];
  return `Ranges: ${levels.join(" and ")} intervals (${methods.join("; ")}).`;
}

/** `no interval: WHY (neighbor effect)` for every reason among these numbers. */
export function describeGaps(numbers: readonly { of: string; number: Shown | null }[]): string[] {
  const reasons = new Map<string, Set<string>>();
  for (const { of, number } of numbers) {
    if (number === null || number.why === null) continue;
    const names = reasons.get(number.why) ?? new Set();
    reasons.set(number.why, names.add(nameOf(of)));
  }
  return [...reasons].map(([why, names]) => `no interval: ${why} (${[...names].join(", ")})`);
}
