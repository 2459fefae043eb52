import { z } from "zod";
import { fitLogistic, predictScores } from "../evaluate/logistic/logistic.ts";
import type { Setting } from "../settings.ts";
import { type Part, sumDeviations } from "./components.ts";
import { type Grouping, refusal, stated } from "./estimate.ts";
import { STATED_NUMBER, type StatedNumber, statedNumber } from "./further.ts";
import type { PredictionBlock, PredictionRequest } from "./predictions.ts";
import { sampled, weightedHeld } from "./sample.ts";
import { transferDependence } from "./transfer.ts";

/** How well probes tell pasted cells from cells as imaged, and pastes on other crops from pastes on the own. */
export const PASTE = z.strictObject({
  id: z.literal("paste"),
  encoder: z.string(),
  numbers: z.array(STATED_NUMBER),
});
export type Paste = z.infer<typeof PASTE>;

/** Share from which a paste counts as seen where nearly all cells are told, so that there is no interval. */
const NEARLY_ALL = 0.9;

/** Whether a share of crops or cells that is 0.5 by chance is shown to be above it. */
export function isSeen({ estimate, low }: Pick<StatedNumber, "estimate" | "low">): boolean {
  return low === null ? estimate !== null && estimate >= NEARLY_ALL : low > 0.5;
}

/** Two settings of the same cells that probes must tell apart. */
interface Contrast {
  readonly from: Setting;
  readonly to: Setting;
  /** Background classes of `to`; null: it has one block. */
  readonly backgrounds: readonly number[] | null;
}

/** Part of the largest feature of a cell up to which two features count as equal. */
const EQUAL = 1e-6;

/**
 * For original against self, and self against a paste on other crops (`same`; without it `different`), two numbers.
 *
 * `paste-seen/TO`: share of crops, half of them of each kind, that a logistic probe (standardized features) of the other
 * groups' cells names rightly: how much the paste is beside the differences between cells. `paste-chosen/TO`: share of
 * cells of whose two crops a probe trained on the differences of the others' names the right one: whether the encoder
 * answers to pasting in any direction of its own, however little. Both are exactly 0.5 where features are equal.
 *
 * `different` is compared over the cells of background classes alone, each on the others in turn: every class then
 * surrounds as many cells in the one setting as in the other, and its neighbors give nothing away by themselves.
 *
 * Yields between fits.
 */
export function* pasteDetectability(
  of: PredictionRequest,
  grouping: Grouping,
): Generator<void, StatedNumber[]> {
  const request = sampled(of);
  const numbers: StatedNumber[] = [];
  for (const contrast of contrastsOf(request)) {
    const crops = readCrops(request, contrast);
    const [seen, chosen] = [
      crops.map(({ rows }) => [new Float64Array(rows), new Float64Array(rows)] as const),
      crops.map(({ rows }) => new Float64Array(rows)),
    ];
    for (let k = 0; k < request.count; k++) {
      nameCrops(request, crops, k, seen);
      yield;
      choosePastes(request, crops, k, chosen);
      yield;
    }
    const state = (statement: string, partsOf: (at: number) => Part[]) => {
      const sums = sumDeviations(
        request.cluster,
        crops.map(({ own }) => own),
        (own) => partsOf(crops.findIndex((c) => c.own === own)),
      );
      const dependence = transferDependence(grouping);
      const settings = [contrast.from, contrast.to];
      const refused = refusal(settings, grouping, sums, { difference: false, single: false, dependence });
      const number = stated(sums, grouping, { level: 0.95, difference: false, dependence, refused });
      numbers.push(statedNumber(number, { statement: `${statement}/${contrast.to}`, kind: "accuracy" }));
    };
    state("paste-seen", (at) => [
      { held: seen[at][0], share: 0.5 / crops[at].rows, lender: crops[at].own, donor: null },
      ...pastedParts(request, contrast, crops[at], seen[at][1], 0.5),
    ]);
    state("paste-chosen", (at) => pastedParts(request, contrast, crops[at], chosen[at], 1));
  }
  return numbers;
}

/** The comparisons that the blocks allow. */
function contrastsOf({ blocks, classes, has }: PredictionRequest): Contrast[] {
  const there = (setting: Setting) =>
    blocks.some((b) => b.setting === setting && b.background < 0 && classes.every((_, own) => has(b, own)));
  const backgrounds = blocks.flatMap((b) => (b.setting === "different" ? [b.background] : []));
  if (!there("self")) return [];
  return [
    ...(there("original") ? [{ from: "original", to: "self", backgrounds: null } as const] : []),
    ...(there("same") ? [{ from: "self", to: "same", backgrounds: null } as const] : []),
    ...(!there("same") && backgrounds.length > 1
      ? [{ from: "self", to: "different", backgrounds } as const]
      : []),
  ];
}

/** Features of the cells of one class in the two settings, rows x dimension. */
interface Crops {
  readonly own: number;
  readonly rows: number;
  readonly from: Float32Array;
  readonly to: Float32Array;
  /** Background class of every row in `to`; -1 where the setting has one block. */
  readonly background: Int32Array;
}

function readCrops(request: PredictionRequest, { from, to, backgrounds }: Contrast): Crops[] {
  const { classes, cluster, dimension, read, has } = request;
  return classes.flatMap((_, own): Crops[] => {
    if (backgrounds !== null && !backgrounds.includes(own)) return [];
    const rows = cluster[own].length;
    const foreign = (backgrounds ?? []).filter((b) => b !== own && has({ setting: to, background: b }, own));
    if (backgrounds !== null && foreign.length === 0) return [];
    const inCluster = new Map<number, number>();
    const background = cluster[own].map((c) => {
      const rank = inCluster.get(c) ?? 0;
      inCluster.set(c, rank + 1);
      return backgrounds === null ? -1 : foreign[rank % foreign.length];
    });
    const features = (block: PredictionBlock, wanted: Int32Array, out: Float32Array) => {
      const found = new Float32Array(wanted.length * dimension);
      read(block, own, wanted, found);
      wanted.forEach((row, i) => {
        out.set(found.subarray(i * dimension, (i + 1) * dimension), row * dimension);
      });
    };
    const crops = {
      own,
      rows,
      from: new Float32Array(rows * dimension),
      to: new Float32Array(rows * dimension),
      background,
    };
    features({ setting: from, background: -1 }, Int32Array.from(cluster[own].keys()), crops.from);
    for (const b of new Set(background)) {
      const on = Int32Array.from(cluster[own].keys()).filter((row) => background[row] === b);
      features({ setting: to, background: b }, on, crops.to);
    }
    return [crops];
  });
}

/** Names the crops of group `k` by a probe of the others; 1 in `named` where that is right. */
function nameCrops(
  { group, dimension: d }: PredictionRequest,
  crops: readonly Crops[],
  k: number,
  named: readonly (readonly [from: Float64Array, to: Float64Array])[],
): void {
  const train = cellsOf(crops, group, (g) => g !== k);
  const features = new Float32Array(2 * train.length * d);
  train.forEach(([at, row], i) => {
    features.set(crops[at].from.subarray(row * d, (row + 1) * d), 2 * i * d);
    features.set(crops[at].to.subarray(row * d, (row + 1) * d), (2 * i + 1) * d);
  });
  const labels = Int32Array.from({ length: 2 * train.length }, (_, i) => i % 2);
  const model = fitLogistic(features, labels, d, 2, { standardize: true });
  for (const [at, row] of cellsOf(crops, group, (g) => g === k))
    [crops[at].from, crops[at].to].forEach((of, label) => {
      const [imaged, pasted] = predictScores(model, of.subarray(row * d, (row + 1) * d));
      named[at][label][row] = Number(pasted > imaged) === label ? 1 : 0;
    });
}

/** Chooses the paste of the two crops of every cell of group `k`; 0.5 where they are equal to the probe. */
function choosePastes(
  { group, dimension: d }: PredictionRequest,
  crops: readonly Crops[],
  k: number,
  chosen: readonly Float64Array[],
): void {
  const train = cellsOf(crops, group, (g) => g !== k);
  const features = new Float32Array(2 * train.length * d);
  train.forEach(([at, row], i) => {
    const difference = differenceOf(crops[at], row, d);
    features.set(difference, 2 * i * d);
    features.set(
      difference.map((v) => -v),
      (2 * i + 1) * d,
    );
  });
  const labels = Int32Array.from({ length: 2 * train.length }, (_, i) => 1 - (i % 2));
  const model = fitLogistic(features, labels, d, 2, { standardize: true });
  for (const [at, row] of cellsOf(crops, group, (g) => g === k)) {
    const difference = differenceOf(crops[at], row, d);
    // Weights alone: by symmetry there is no threshold but what rounding leaves.
    let score = 0;
    for (let j = 0; j < d; j++) score += (model.theta[d + 1 + j] - model.theta[j]) * difference[j];
    chosen[at][row] = score === 0 ? 0.5 : score > 0 ? 1 : 0;
  }
}

/** `to` minus `from` of one cell; all 0 where no feature differs by more than rounding. */
function differenceOf({ from, to }: Crops, row: number, d: number): Float32Array {
  const out = new Float32Array(d);
  let [largest, off] = [0, 0];
  for (let j = 0, at = row * d; j < d; j++, at++) {
    out[j] = to[at] - from[at];
    largest = Math.max(largest, Math.abs(from[at]), Math.abs(to[at]));
    off = Math.max(off, Math.abs(out[j]));
  }
  return off <= EQUAL * largest ? out.fill(0) : out;
}

function cellsOf(
  crops: readonly Crops[],
  group: readonly Int32Array[],
  wanted: (group: number) => boolean,
): [at: number, row: number][] {
  return crops.flatMap(({ own, rows }, at) =>
    Array.from({ length: rows }, (_, row): [number, number] => [at, row]).filter(([, row]) =>
      wanted(group[own][row]),
    ),
  );
}

/** What the crops of one class in `to` bring in, background by background. */
function pastedParts(
  { blocks }: PredictionRequest,
  { to }: Contrast,
  { own, rows, background }: Crops,
  held: Float64Array,
  share: number,
): Part[] {
  return [...new Set(background)].map((b): Part => {
    const on = background.map((of) => (of === b ? 1 : 0));
    const count = on.reduce((n, of) => n + of, 0);
    return {
      held: weightedHeld(held, on),
      share: (share * count) / rows ** 2,
      lender: b < 0 ? own : b,
      donor: blocks.find((block) => block.setting === to && block.background === b)!.donor[own],
    };
  });
}
