import { SETTINGS, type Setting } from "../settings.ts";
import { type Estimate, type EstimateOptions, estimate, type Grouping } from "./estimate.ts";
import { difference, type Judgments, type Term } from "./judgments.ts";
import { EFFECTS } from "./tables.ts";

/** What can be said about one encoder: a setting's accuracy or an effect. */
export interface Statement {
  /** A setting's name or the effect's id of {@link EFFECTS}. */
  readonly id: string;
  readonly settings: readonly Setting[];
  terms(of: Judgments): Term[];
}

/** Every statement: the settings in the order of the ladder, then the effects. A new one is a row here. */
export const STATEMENTS: readonly Statement[] = [
  ...SETTINGS.map((setting) => ({
    id: setting,
    settings: [setting],
    terms: (of: Judgments): Term[] => [{ of, setting, weight: 1 }],
  })),
  ...EFFECTS.map(({ id, from, to }) => ({
    id,
    settings: [from, to],
    terms: (of: Judgments) => difference(of, from, to),
  })),
];

/** An estimate and the statement that it is of. */
export interface Stated extends Estimate {
  readonly statement: string;
}

/** The statements that the judgments have all settings for, each with its number for the average over classes. */
export function statedEstimates(of: Judgments, grouping: Grouping, options: EstimateOptions = {}): Stated[] {
  return available(of).map(({ id, terms }) => ({
    statement: id,
    ...estimate(terms(of), grouping, options),
  }));
}

/** Statements whose settings have at least one pair that counts. */
export function available(of: Judgments): Statement[] {
  const present = new Set(
    of.blocks
      .filter((block) =>
        block.right.some(
          (row, a) => block.background !== a && [...row.keys()].some((b) => b !== block.background),
        ),
      )
      .map((block) => block.setting),
  );
  return STATEMENTS.filter((s) => s.settings.every((name) => present.has(name)));
}
