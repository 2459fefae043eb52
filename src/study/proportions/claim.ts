import type { Groups } from "../../core/groups.ts";
import {
  CLAIM,
  type Claim,
  type ClaimRequest,
  claim,
  type Representation,
  targetName,
} from "../../proportions/claim.ts";
import { fitScores, type Scores, type SeenTargets, type Training } from "../../proportions/scores.ts";
import type { Setting } from "../../settings.ts";
import { numbers } from "../../swap/plan.ts";
import type { Flag } from "../../types.ts";
import type { Block } from "../block.ts";
import { type FeatureRequest, keyOf } from "../inference.ts";
import { keep, readKept } from "../kept.ts";
import { metadataColumn } from "../select.ts";
import { type Folds, proportionFolds } from "./folds.ts";

/** Raised whenever the same features give other shares, nulls or verdicts. */
const CLAIM_VERSION = 2;

/** The features of one encoder, and the closed groups of the study. */
export interface ClaimedFeatures extends FeatureRequest {
  readonly groups: Groups;
}

/** Judges the proteins with several localizations, or finds it in the study folder; `between` is awaited after every step. */
export async function drawClaim(request: ClaimedFeatures, between: () => Promise<void>): Promise<void> {
  const steps = stepsOf(request);
  while (steps.next().done !== true) await between();
}

/** The claim of one encoder, from the study folder where {@link drawClaim} left it; null where there is none. */
export function claimOf(request: ClaimedFeatures): Claim | null {
  const steps = stepsOf(request);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** Says why there are no proportions of proteins that have several localizations. */
export function withoutProportions({
  selection: { multiple },
  study: { settings },
}: Pick<ClaimedFeatures, "selection" | "study">): Flag[] {
  if (multiple.length === 0) return [];
  const lacking = (["original", "masked"] as const).filter((s) => !settings.includes(s));
  const why =
    lacking.length > 0
      ? `the study lacks the setting ${lacking[0]}`
      : 'a class has one field, so that no cells can be held out; add fields, or set "proportions": {"method": "published"}';
  const text = `no proportions of the ${multiple.length} cells with several localizations: ${why}`;
  return [{ id: "no-proportions", severity: "note", encoder: null, text }];
}

/** A claim as the report has it: what is on single backgrounds is only in the tables. */
export function reportedClaim(claim: Claim): Claim {
  return {
    ...claim,
    proteins: claim.proteins.map((protein) => ({
      ...protein,
      seen: protein.seen.filter(({ background }) => background === null),
      changes: protein.changes.filter(({ background }) => background === null),
    })),
  };
}

const alone = (setting: Setting): Block => ({ setting, background: null });

function* stepsOf(request: ClaimedFeatures): Generator<void, Claim | null> {
  const { study, selection, cells, set, groups } = request;
  const { multiple, rows, classes } = selection;
  const { method } = study.proportions;
  const folds = proportionFolds(cells, selection, groups);
  if (method === "published" || multiple.length === 0 || folds === null) return null;
  const seen = seenIn(request);
  if (seen === null) return null;
  const of = (column: readonly string[] | null) =>
    [...rows, multiple].map((list) => Array.from(list, (row) => column?.[row] ?? ""));
  const key = keyOf(
    request,
    seen.blocks,
    [...rows, multiple],
    [
      "claim",
      CLAIM_VERSION,
      method,
      study.seed,
      folds.count,
      folds.unit,
      rows.map((list) => Array.from(list, (row) => folds.of[row])),
      of(cells.protein),
      of(cells.field),
      donorFolds(request, seen, folds),
      of(cells.localization as readonly string[])[classes.length],
    ],
  );
  const path = request.layout.stage("proportions", set.name);
  const known = readKept<Claim>(path, key, CLAIM);
  return known ?? keep(path, key, yield* draw(request, seen, folds));
}

/** Blocks that the study has of all cells that it needs them of. */
interface Seen {
  readonly blocks: readonly Block[];
  /** Backgrounds that proteins with several localizations are swapped onto. */
  readonly backgrounds: readonly string[];
  readonly self: boolean;
  /** Whether all cells of the study stand on all of them. */
  readonly recomposed: boolean;
}

/** Null where the proteins with several localizations are not seen in `original` and `masked`. */
function seenIn({ study, selection, index }: ClaimedFeatures): Seen | null {
  const { multiple, rows, classes } = selection;
  const target = (block: Block) => index.rows(block, "", multiple) !== null;
  const all = (block: Block) =>
    target(block) && classes.every((name, c) => index.rows(block, name, rows[c]) !== null);
  if (!all(alone("original")) || !all(alone("masked"))) return null;
  const wanted = (study.backgrounds ?? classes).map(
    (background): Block => ({ setting: "different", background }),
  );
  const backgrounds = wanted.every(target) ? wanted : [];
  const self = target(alone("self"));
  return {
    blocks: [alone("original"), alone("masked"), ...(self ? [alone("self")] : []), ...backgrounds],
    backgrounds: backgrounds.map((block) => block.background!),
    self,
    recomposed: backgrounds.length > 1 && backgrounds.every(all),
  };
}

/** Folds that the donors of swapped targets are of, per background. */
function donorFolds(
  { selection, index }: ClaimedFeatures,
  { backgrounds }: Seen,
  folds: Folds,
): Int32Array[] {
  return backgrounds.map((background) =>
    index
      .rows({ setting: "different", background }, "", selection.multiple)!
      .map((row) => Math.max(0, folds.of[index.plan.donor[row]])),
  );
}

function* draw(request: ClaimedFeatures, seen: Seen, folds: Folds): Generator<void, Claim> {
  const { set, selection, cells, study } = request;
  const { rows, multiple, classes } = selection;
  const order = rows.flatMap((list) => [...list]);
  const training: Training = {
    classes: classes.length,
    labels: Int32Array.from(rows.flatMap((list, c) => Array.from(list, () => c))),
    fold: Int32Array.from(order, (row) => folds.of[row]),
    count: folds.count,
    dimension: set.dimension,
  };
  const scores = new Map<Representation, Scores>();
  const { features, mean } = readers(request);
  const fit = function* (name: Representation, train: Float32Array, targets: Map<string, SeenTargets>) {
    scores.set(name, yield* fitScores(training, { training: train, targets, halved: name }));
  };
  const original = new Map<string, SeenTargets>([
    ["original", { features: features(alone("original"), true) }],
  ]);
  if (seen.self) {
    const self = features(alone("self"), true);
    original.set("self", { features: self });
    donorFolds(request, seen, folds).forEach((fold, b) => {
      const background = seen.backgrounds[b];
      const swapped = features({ setting: "different", background }, true);
      original.set(targetName.swapped(background), { features: swapped, fold });
      original.set(targetName.beside(background), { features: self, fold });
    });
  }
  yield* fit("original", features(alone("original"), false), original);
  const masked = new Map([["masked", { features: features(alone("masked"), true) }]]);
  yield* fit("masked", features(alone("masked"), false), masked);
  if (seen.recomposed) {
    const [even, odd] = [0, 1].map((half) => seen.backgrounds.filter((_, b) => b % 2 === half));
    const training = mean(seen.backgrounds, false);
    const half = (backgrounds: readonly string[]) => ({
      features: shifted(mean(backgrounds, true), mean(backgrounds, false), training, set.dimension),
    });
    const targets = new Map([
      ["recomposed", { features: mean(seen.backgrounds, true) }],
      [targetName.halves[0], half(even)],
      [targetName.halves[1], half(odd)],
    ]);
    yield* fit("recomposed", training, targets);
  }
  const byNumber = (column: readonly string[]) => numbers(order.map((row) => column[row]));
  const asked: ClaimRequest = {
    encoder: set.name,
    method: study.proportions.method as ClaimRequest["method"],
    unit: folds.unit,
    folds: folds.count,
    classes,
    training: {
      labels: training.labels,
      protein: byNumber(cells.protein ?? cells.field),
      field: byNumber(cells.field),
    },
    target: {
      protein: Array.from(multiple, (row) => cells.protein![row]),
      field: Array.from(multiple, (row) => cells.field[row]),
      untestable: untestable(request),
    },
    scores,
    backgrounds: seen.self ? seen.backgrounds : [],
    seed: study.seed,
  };
  return yield* claim(asked);
}

/** Features plus what the mean of `to` has over that of `from`: of some backgrounds, as if of those that probes know. */
function shifted(
  features: Float32Array,
  from: Float32Array,
  to: Float32Array,
  dimension: number,
): Float32Array {
  const shift = new Float64Array(dimension);
  const rows = from.length / dimension;
  for (let at = 0; at < from.length; at++) shift[at % dimension] += (to[at] - from[at]) / rows;
  return features.map((value, at) => value + shift[at % dimension]);
}

/** Proteins that are labeled with a localization that the study lacks: their cells are no mixture of its classes. */
function untestable({ cells, selection }: ClaimedFeatures): Map<string, string> {
  const found = new Map<string, string>();
  const label = metadataColumn(cells, "Localization", "class");
  for (const row of selection.multiple) {
    const other = label[row]!.split("|").find((name) => !selection.classes.includes(name));
    if (other !== undefined)
      found.set(cells.protein![row], `labeled ${other}, which is no class of the study`);
  }
  return found;
}

/** Reads features of all cells of the study, or of those with several localizations. */
function readers({ set, index, selection: { classes, rows, multiple } }: ClaimedFeatures) {
  const features = (block: Block, several: boolean): Float32Array => {
    const parts = several
      ? [index.rows(block, "", multiple)!]
      : classes.map((name, c) => index.rows(block, name, rows[c])!);
    const out = new Float32Array(parts.reduce((n, part) => n + part.length, 0) * set.dimension);
    let at = 0;
    for (const part of parts) {
      set.read(part, out.subarray(at, at + part.length * set.dimension));
      at += part.length * set.dimension;
    }
    return out;
  };
  /** Mean over backgrounds. */
  const mean = (backgrounds: readonly string[], several: boolean): Float32Array => {
    const sum = features({ setting: "different", background: backgrounds[0] }, several);
    for (const background of backgrounds.slice(1))
      features({ setting: "different", background }, several).forEach((value, at) => {
        sum[at] += value;
      });
    return sum.map((value) => value / backgrounds.length);
  };
  return { features, mean };
}
