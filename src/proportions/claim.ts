import { z } from "zod";
import { groupRows } from "../core/group.ts";
import { benjaminiHochberg } from "../evidence/multiplicity.ts";
import { smoothedDivergence, totalVariation } from "./divergence.ts";
import { tested } from "./null.ts";
import { type Quantifying, quantifier } from "./quantifying.ts";
import type { Scores } from "./scores.ts";

/** Ways to see a cell that have probes of their own. */
const REPRESENTATIONS = ["original", "masked", "recomposed"] as const;
export type Representation = (typeof REPRESENTATIONS)[number];

const numbers = z.array(z.number());

/** Shares of the classes among a protein's cells, seen in one way. */
const seenShares = z.strictObject({
  representation: z.enum([...REPRESENTATIONS, "self", "swapped"]),
  /** Class that the background comes from where it is swapped, else null. */
  background: z.string().nullable(),
  /** One per class. */
  shares: numbers,
  /** Intervals of the shares among these very cells; null where there are none. */
  low: numbers.nullable(),
  high: numbers.nullable(),
});

const change = z.strictObject({
  from: z.enum(["original", "self"]),
  to: z.enum(["masked", "recomposed", "swapped"]),
  background: z.string().nullable(),
  /** Total variation: the share of cells that changes class, at least. */
  variation: z.number(),
  /** The class whose share falls most and by how much, and the one whose share rises most; positions among the classes. */
  moved: z.strictObject({ loses: z.int(), lost: z.number(), gains: z.int(), gained: z.number() }),
  /** Variation plus and minus the null's 95 % point, cut at 0 and 1; null where there is no null. */
  low: z.number().nullable(),
  high: z.number().nullable(),
  /** Kullback-Leibler divergence of shares with half a cell spread over all classes, nats. */
  divergence: z.number(),
  /** Of mixtures of held-out cells: median and 95 % point of variation and divergence. */
  null: z
    .strictObject({
      median: z.number(),
      limit: z.number(),
      divergence: z.number(),
      draws: z.int().min(1),
    })
    .nullable(),
  /** Variation between probes of the two halves of the training clusters, the larger of the two ways to see. */
  refit: z.number().nullable(),
  /** Variation between original and self, by the probes of originals. */
  paste: z.number().nullable(),
  /** Variation between the means over every other background and over the rest. */
  donors: z.number().nullable(),
  p: z.number().nullable(),
  /** False discovery rate over the proteins of this comparison. */
  q: z.number().nullable(),
  verdict: z.enum(["changes", "not shown", "not tested"]),
  why: z.string().nullable(),
});

/** {@link Claim} as it is kept. */
export const CLAIM = z.strictObject({
  encoder: z.string(),
  method: z.enum(["cc", "acc", "pcc", "pacc", "em"]),
  /** What was held out for calibration, and in how many folds. */
  unit: z.enum(["field", "protein", "cluster"]),
  folds: z.int().min(2),
  proteins: z.array(
    z.strictObject({
      protein: z.string(),
      cells: z.int().min(1),
      fields: z.int().min(1),
      seen: z.array(seenShares),
      changes: z.array(change),
    }),
  ),
});
/** What one encoder's features say of the proteins with several localizations; shares and variations from 0 to 1. */
export type Claim = z.infer<typeof CLAIM>;
export type ProteinClaim = Claim["proteins"][number];
export type Change = ProteinClaim["changes"][number];

/** What a claim is made from. */
export interface ClaimRequest extends Pick<Claim, "encoder" | "method" | "unit" | "folds"> {
  readonly classes: readonly string[];
  /** Singly localized cells: class, protein and field of each, by number. */
  readonly training: Readonly<Record<"labels" | "protein" | "field", Int32Array>>;
  /** Cells of proteins with several localizations; for proteins that cannot be tested, why. */
  readonly target: {
    readonly protein: readonly string[];
    readonly field: readonly string[];
    readonly untestable: ReadonlyMap<string, string>;
  };
  /** By representation: scores of targets by name ({@link targetName}). */
  readonly scores: ReadonlyMap<Representation, Scores>;
  /** Classes whose backgrounds are swapped in, where they are. */
  readonly backgrounds: readonly string[];
  readonly seed: number;
}

/** What targets are called in {@link Scores}: seen on one background, self by the probes that judge it, halves of the backgrounds. */
export const targetName = {
  swapped: (background: string) => `swapped on ${background}`,
  beside: (background: string) => `self beside ${background}`,
  halves: ["every other background", "the other backgrounds"],
} as const;

/** Probes of halves differ by the square root of two more than those of all clusters; what is claimed exceeds this many times their variation. */
const REFIT = 1.5;
/** False discovery rate up to which a change is claimed. */
const RATE = 0.05;

/**
 * Shares of every localization among the cells of every protein, seen in every way, and whether they change beyond the
 * null (docs/proportions.md). Yields after every protein.
 */
export function* claim(request: ClaimRequest): Generator<void, Claim> {
  const { encoder, method, unit, folds, classes, target, scores } = request;
  const quantifiers = new Map(
    [...scores].map(([name, of]) => [
      name,
      quantifier(method, classes.length, request.training.labels, of, name),
    ]),
  );
  const proteins: ProteinClaim[] = [];
  for (const [protein, rows] of groupRows(target.protein, (name) => name)) {
    const sizes = [...groupRows(rows, (row) => target.field[row]).values()].map((at) => at.length);
    const shares = (name: Representation, of: string): Float64Array | null => {
      const all = scores.get(name)?.targets.get(of);
      return all === undefined ? null : quantifiers.get(name)!.estimate(all, rows);
    };
    proteins.push({
      protein,
      cells: rows.length,
      fields: sizes.length,
      ...judged(request, quantifiers, { protein, rows, sizes, shares }),
    });
    yield;
  }
  for (const to of ["masked", "recomposed"] as const) {
    const tested = proteins.map((p) => p.changes.find((c) => c.to === to));
    benjaminiHochberg(tested.map((c) => c?.p ?? null)).forEach((q, i) => {
      const found = tested[i];
      if (q === null || found === undefined) return;
      found.q = q;
      if (found.verdict === "not tested") return;
      const limits = [REFIT * (found.refit ?? 0), found.paste ?? 0, found.donors ?? 0];
      const beyond = limits.every((limit) => found.variation > limit);
      found.verdict = q <= RATE && beyond ? "changes" : "not shown";
      if (q <= RATE && !beyond)
        found.why =
          "beyond the mixtures, but not beyond the probes of other halves, the paste or other donors";
    });
  }
  return { encoder, method, unit, folds, proteins };
}

interface One {
  readonly protein: string;
  readonly rows: readonly number[];
  /** Cells of every field. */
  readonly sizes: readonly number[];
  readonly shares: (by: Representation, of: string) => Float64Array | null;
}

function judged(
  request: ClaimRequest,
  quantifiers: ReadonlyMap<Representation, Quantifying>,
  one: One,
): Pick<ProteinClaim, "seen" | "changes"> {
  const { target, backgrounds, unit } = request;
  const { rows, shares } = one;
  const seen: ProteinClaim["seen"] = [];
  const see = (
    representation: ProteinClaim["seen"][number]["representation"],
    background: string | null,
    found: Float64Array | null,
    half: Float64Array | null = null,
  ) => {
    if (found === null) return null;
    const [low, high] = [-1, 1].map((side) =>
      half === null
        ? null
        : Array.from(found, (share, k) => Math.min(1, Math.max(0, share + side * half[k]))),
    );
    seen.push({ representation, background, shares: [...found], low, high });
    return found;
  };
  const original = see("original", null, shares("original", "original"))!;
  const self = see("self", null, shares("original", "self"));
  const paste = self === null ? null : totalVariation(original, self);
  const refits = (by: Representation) => {
    const [a, b] = quantifiers.get(by)!.halves(rows);
    return totalVariation(a, b);
  };
  const changes: Change[] = [];
  for (const to of ["masked", "recomposed"] as const) {
    const after = shares(to, to);
    if (after === null) continue;
    const why = unit === "protein" ? (target.untestable.get(one.protein) ?? null) : ONE_PROTEIN;
    const found =
      why === null
        ? tested(request, { ...one, from: original, to: after }, [
            quantifiers.get("original")!,
            quantifiers.get(to)!,
          ])
        : { change: { ...UNTESTED, why }, half: null };
    see(to, null, after, found.half);
    const halves = targetName.halves.map((name) => shares(to, name));
    changes.push({
      from: "original",
      to,
      ...compared(original, after, rows.length),
      ...found.change,
      refit: Math.max(refits("original"), refits(to)),
      paste,
      donors: halves[0] === null || halves[1] === null ? null : totalVariation(halves[0], halves[1]),
    });
  }
  for (const background of backgrounds) {
    const after = see("swapped", background, shares("original", targetName.swapped(background)));
    const before = shares("original", targetName.beside(background));
    if (after === null || before === null) continue;
    changes.push({
      from: "self",
      to: "swapped",
      ...compared(before, after, rows.length),
      ...UNTESTED,
      background,
      refit: null,
      paste,
      donors: null,
    });
  }
  return { seen, changes };
}

/** Why nothing is tested where no proteins are held out. */
const ONE_PROTEIN =
  "every class needs two proteins in fields of their own, from which it is known how proteins of a class differ";

const UNTESTED = {
  why: null,
  low: null,
  high: null,
  null: null,
  p: null,
  q: null,
  verdict: "not tested" as const,
};

function compared(from: Float64Array, to: Float64Array, cells: number) {
  return {
    background: null,
    variation: totalVariation(from, to),
    moved: moved(from, to),
    divergence: smoothedDivergence(from, to, cells),
  };
}

function moved(from: Float64Array, to: Float64Array): Change["moved"] {
  const rise = to.map((share, k) => share - from[k]);
  const [loses, gains] = [rise.indexOf(Math.min(...rise)), rise.indexOf(Math.max(...rise))];
  return { loses, lost: -rise[loses], gains, gained: rise[gains] };
}
