import { z } from "zod";
import { points } from "../core/format.ts";
import { BADGES, type Badge, badgeOf } from "./answer.ts";
import { type Estimate, estimate, type Grouping } from "./estimate.ts";
import { STATED_NUMBER, type StatedNumber, statedNumber } from "./further.ts";
import type { Judgments, Term } from "./judgments.ts";
import { atOnce, levelOfEach } from "./remedies.ts";
import { available, STATEMENTS } from "./statements.ts";

/** Effects that are stated under every variant, and by how much each is another than as run. */
export const SENSITIVE_EFFECTS = ["paste", "medium", "neighbor", "total"] as const;
export type SensitiveEffect = (typeof SENSITIVE_EFFECTS)[number];

/** Settings whose accuracy is stated with them. */
const SETTINGS: readonly string[] = ["original", "self", "cell-free", "different"];

/** The study's own way to make composites, among the names of variants. */
export const AS_RUN = "as-run";

const variant = z.strictObject({
  variant: z.string(),
  does: z.string(),
  /** The answer by intervals of this variant, each by itself at its level. */
  badge: z.enum(BADGES),
  /** The same by intervals that hold for all variants at once. */
  badgeAtOnce: z.enum(BADGES),
  /** What an error of masks does to those of the study's cells; null where masks stay as they are. */
  masks: z
    .strictObject({
      cells: z.int().min(0),
      changed: z.int().min(0),
      stopped: z.int().min(0),
      iou: z.number().min(0).max(1),
    })
    .nullable(),
});

/** What becomes of the effects of one encoder when composites are made otherwise. */
export const SENSITIVITY = z.strictObject({
  id: z.literal("sensitivity"),
  encoder: z.string(),
  /** `sensitivity/VARIANT/EFFECT` and `sensitivity-change/VARIANT/EFFECT`; the variant `as-run` is the study's own. */
  numbers: z.array(STATED_NUMBER),
  /** Classes whose backgrounds variants are judged on. */
  backgrounds: z.array(z.string()),
  /** The answer as run, on these backgrounds. */
  badge: z.enum(BADGES),
  sentence: z.string(),
  variants: z.array(variant),
  /** What could not be had; `variant` null: the encoder under no variant. */
  refused: z.array(z.strictObject({ variant: z.string().nullable(), why: z.string() })),
});
export type Sensitivity = z.infer<typeof SENSITIVITY>;

/** Judgments of one encoder under one variant, of the same cells with the same donors as without it. */
export interface VariedJudgments extends Pick<Sensitivity["variants"][number], "variant" | "does" | "masks"> {
  readonly judgments: Judgments;
}

/** What the statements of one encoder are made from. */
export interface SensitivityCase {
  readonly encoder: string;
  readonly backgrounds: readonly string[];
  readonly asRun: Judgments;
  readonly varied: readonly VariedJudgments[];
  readonly refused: Sensitivity["refused"];
  /** The study's answer on all of its backgrounds. */
  readonly answer: Badge;
}

/**
 * Effects and accuracies under every variant, with intervals of `level` each by itself, and variant minus as run of the
 * effects, with intervals that hold, effect by effect, for all variants at once (Bonferroni). The answer of a variant is
 * found as that of a study: that one answer holds under all variants is a claim that all of these are right, which each
 * at its own level allows (intersection-union; Berger 1982, Technometrics 24).
 * @param zone half width of the zone of equivalence, a share
 */
export function sensitivity(
  { encoder, backgrounds, asRun, varied, refused, answer }: SensitivityCase,
  grouping: Grouping,
  zone: number,
  level = 0.95,
): Sensitivity {
  const number = varied.length;
  const each = levelOfEach(level, number);
  const known = new Set(available(asRun).map(({ id }) => id));
  const statements = STATEMENTS.filter(({ id }) => known.has(id) && (isEffect(id) || SETTINGS.includes(id)));
  const numbersUnder = (name: string, judgments: Judgments) =>
    statements.map(({ id, terms }) => {
      const found = estimate(terms(judgments), grouping, { level });
      return statedNumber(found, {
        statement: `sensitivity/${name}/${id}`,
        kind: isEffect(id) ? "difference" : "accuracy",
      });
    });
  const changes = varied.flatMap(({ variant: name, judgments }) =>
    statements
      .filter(({ id }) => isEffect(id))
      .map(({ id, terms }) => {
        const found = estimate([...terms(judgments), ...negated(terms(asRun))], grouping, { level: each });
        const change = statedNumber(atOnce(found, level, number, "variants"), {
          statement: `sensitivity-change/${name}/${id}`,
          kind: "difference",
        });
        // As the interval: of all variants at once.
        return { ...change, p: change.p === null ? null : Math.min(1, number * change.p) };
      }),
  );
  const badge = badgeAt(asRun, grouping, zone, level);
  const variants = varied.map(({ judgments, ...about }) => ({
    ...about,
    badge: badgeAt(judgments, grouping, zone, level),
    badgeAtOnce: badgeAt(judgments, grouping, zone, each),
  }));
  const found = {
    id: "sensitivity" as const,
    encoder,
    numbers: [
      ...(number === 0 ? [] : numbersUnder(AS_RUN, asRun)),
      ...varied.flatMap(({ variant: name, judgments }) => numbersUnder(name, judgments)),
      ...changes,
    ],
    backgrounds: [...backgrounds],
    badge,
    variants,
    refused: [...refused],
  };
  return { ...found, sentence: sentenceOf(found, answer, level) };
}

function isEffect(id: string): id is SensitiveEffect {
  return (SENSITIVE_EFFECTS as readonly string[]).includes(id);
}

function negated(terms: readonly Term[]): Term[] {
  return terms.map((t) => ({ ...t, weight: -t.weight }));
}

/** The answer by intervals of a level; none where the encoder does not tell the classes apart on original crops. */
function badgeAt(judgments: Judgments, grouping: Grouping, zone: number, level: number): Badge {
  const of = (wanted: string): Estimate | undefined => {
    const statement = available(judgments).find(({ id }) => id === wanted);
    return statement && estimate(statement.terms(judgments), grouping, { level });
  };
  const low = of("original")?.low ?? null;
  if (low !== null && low <= 0.5) return "undecided";
  return badgeOf(of("neighbor"), of("medium"), zone);
}

/** A number of a variant or of as run. */
export function numberOf(
  { numbers }: Pick<Sensitivity, "numbers">,
  name: string,
  of: string,
  what: "sensitivity" | "sensitivity-change" = "sensitivity",
): StatedNumber | undefined {
  return numbers.find((n) => n.statement === `${what}/${name}/${of}` && n.class === null);
}

type Found = Omit<Sensitivity, "sentence">;

/** Whether the answer holds, under how many variants, and where it does not. */
function sentenceOf(found: Found, answer: Badge, level: number): string {
  const { encoder, badge, variants, backgrounds } = found;
  if (variants.length === 0) return `${encoder}: no variant could be had.`;
  const all = variants.length;
  const of = `of ${all} ${all === 1 ? "variant" : "variants"}`;
  const others = variants.filter((v) => v.badge !== badge);
  const at = `${Math.round(1000 * level) / 10} %`;
  const start =
    badge === "undecided"
      ? `The answer is undecided as run${without(found)}, and so it is under ${all - others.length} ${of}`
      : `The answer ${badge} holds under ${all - others.length} ${of}`;
  const where = [...new Set(others.map((v) => v.badge))].map((other) => {
    const names = others.filter((v) => v.badge === other).map((v) => v.variant);
    return `under ${names.join(", ")} it becomes ${other}`;
  });
  const atOnceHold = variants.filter((v) => v.badgeAtOnce === badge).length;
  const strict =
    badge === "undecided"
      ? ""
      : ` With intervals that hold for all variants at once it holds under ${atOnceHold} of ${all}.`;
  const elsewhere =
    badge === answer
      ? ""
      : ` On all backgrounds of the study the answer is ${answer}; variants are judged on ${backgrounds.join(", ")}.`;
  return `${encoder}: ${start}, by ${at} intervals of each${where.length === 0 ? "" : `; ${where.join("; ")}`}.${strict} ${changesOf(found)}${elsewhere}`;
}

/** Why the effects as run decide nothing, where one has no interval. */
function without(found: Found): string {
  for (const of of ["neighbor", "medium"]) {
    const n = numberOf(found, AS_RUN, of);
    if (n !== undefined && n.low === null && n.refused !== null)
      return ` (the ${of} effect has no interval: ${n.refused})`;
  }
  return "";
}

/** Which effects are shown to change: two answers may differ where the effects behind them do not. */
function changesOf(found: Found): string {
  const effects = ["neighbor", "medium"] as const;
  const all = effects.flatMap((of) =>
    found.variants.flatMap(({ variant }) => {
      const number = numberOf(found, variant, of, "sensitivity-change");
      return number === undefined ? [] : [{ of, variant, ...number }];
    }),
  );
  const given = all.filter(({ low, high }) => low !== null && high !== null);
  const shown = given.filter(({ low, high }) => low! > 0 || high! < 0);
  if (given.length === 0) return "No change of the neighbor or medium effect has an interval.";
  const lacking = all.length - given.length;
  const without = lacking === 0 ? "" : `; ${lacking} of ${all.length} changes have no interval`;
  const what =
    shown.length === 0
      ? "No change of the neighbor or medium effect is shown"
      : `Shown to change: ${shown
          .map(
            ({ of, variant, estimate, low, high }) =>
              `${of} effect under ${variant} by ${points(estimate!)} points [${points(low!)}, ${points(high!)}]`,
          )
          .join("; ")}`;
  return `${what} (effect by effect, intervals for all variants at once${without}).`;
}

/** What errors do to the masks of the study's cells; nothing where all masks stay as they are. */
export function maskSentence(
  variants: readonly Pick<Sensitivity["variants"][number], "variant" | "masks">[],
): string {
  const count = (n: number) => n.toLocaleString("en-US");
  const each = variants.flatMap(({ variant, masks }) => {
    if (masks === null) return [];
    const { cells, changed, stopped, iou } = masks;
    const kept = stopped === 0 ? "" : `, ${count(stopped)} of them stopped at a tenth of the cell`;
    return `${variant} ${iou.toFixed(2)} (${count(changed)} of ${count(cells)} cells${kept})`;
  });
  return each.length === 0
    ? ""
    : `Median overlap of wrong masks with the cells' own (intersection over union; cells whose mask differs): ${each.join(", ")}.`;
}
