import { SETTINGS, type Setting } from "../settings.ts";
import { type Part, sumDeviations } from "./components.ts";
import { type Estimate, type EstimateOptions, type Grouping, refusal, stated } from "./estimate.ts";
import type { Called, CalledBlock } from "./predictions.ts";

/** What can be said about probes that were trained on original crops and tested on others. */
export interface TransferStatement {
  /** `transfer/SETTING`, `capture/SETTING`, `capture-base/SETTING`, `capture-effect/SETTING` or `capture-neighbor`. */
  readonly id: string;
  /**
   * `transfer`: share predicted right. `capture`: share predicted as the background's class. `capture-base`: share of
   * the same cells predicted as that class in the setting `base`. `capture-effect`: capture minus capture base.
   */
  readonly kind: "transfer" | "capture" | "capture-base" | "capture-effect";
  readonly setting: Setting;
  /** Setting that the base is taken from. */
  readonly base: Setting | null;
}

/** A statement with its number. */
export interface TransferStated extends Estimate, Pick<TransferStatement, "kind" | "setting" | "base"> {
  readonly statement: string;
  /** The one class that it is about; null: mean over classes. */
  readonly class: string | null;
}

export interface TransferOptions extends Pick<EstimateOptions, "level"> {
  /** Also every class by itself. Default false. */
  readonly perClass?: boolean;
}

/**
 * The statements that predictions allow, in the order of the ladder. The base of a capture rate is what is captured
 * without the foreign background: the same cells in `same`, or, where there is no `same`, in `cell-free` on the same
 * donors. `capture-neighbor` is `different` minus `cell-free` on the same donors: what the neighbors alone capture.
 */
export function transferStatements({ blocks, classes }: Called): TransferStatement[] {
  const present = SETTINGS.filter((s) => classes.some((_, own) => blocksOf(blocks, s, own).length > 0));
  const foreign = present.filter((s) => blocks.some((b) => b.setting === s && b.background >= 0));
  return present.flatMap((setting): TransferStatement[] => {
    const row = (kind: TransferStatement["kind"], base: Setting | null = null, id: string = kind) => ({
      id: `${id}/${setting}`,
      kind,
      setting,
      base,
    });
    if (!foreign.includes(setting)) return [row("transfer")];
    const base = present.includes("same")
      ? "same"
      : setting !== "cell-free" && foreign.includes("cell-free")
        ? "cell-free"
        : null;
    return [
      row("transfer"),
      row("capture"),
      ...(base === null ? [] : [row("capture-base", base), row("capture-effect", base)]),
      ...(setting === "different" && foreign.includes("cell-free")
        ? [{ ...row("capture-effect", "cell-free"), id: "capture-neighbor" }]
        : []),
    ];
  });
}

/**
 * Every statement's number for the mean over classes, and for single classes. Each class counts the same, and within it
 * each background. Cells on the background of their own class do not count.
 */
export function transferEstimates(
  of: Called,
  grouping: Grouping,
  options: TransferOptions = {},
): TransferStated[] {
  const { level = 0.95, perClass = false } = options;
  return transferStatements(of).flatMap((statement) =>
    [undefined, ...(perClass ? of.classes.keys() : [])].flatMap((only): TransferStated[] => {
      const sums = transferComponents(of, statement, only);
      if (sums.present.length === 0) return [];
      const { id, kind, setting, base } = statement;
      const difference = kind === "capture-effect";
      const dependence = transferDependence(grouping);
      const settings = base === null ? [setting] : [setting, base];
      const single = only !== undefined;
      const why = refusal(settings, grouping, sums, { difference, single, dependence });
      return [
        {
          statement: id,
          kind,
          setting,
          base,
          class: only === undefined ? null : of.classes[only],
          ...stated(sums, grouping, { level, difference, dependence, refused: why }),
        },
      ];
    }),
  );
}

/** Deviations of a statement, summed over clusters. */
export function transferComponents(of: Called, statement: TransferStatement, only?: number) {
  const parts = of.classes.map((_, own) =>
    only === undefined || own === only ? partsOf(of, statement, own) : [],
  );
  const present = parts.flatMap((p, own) => (p.length > 0 ? [own] : []));
  return sumDeviations(of.cluster, present, (own) => parts[own]);
}

/** Deviations of a statement of `first` minus that of `second`, of the same cells on the same blocks. */
export function transferDifference(
  first: Called,
  second: Called,
  statement: TransferStatement,
  only?: number,
) {
  const parts = first.classes.map((_, own): Part[] => {
    if (only !== undefined && own !== only) return [];
    const [plus, minus] = [first, second].map((of) => partsOf(of, statement, own));
    if (plus.length === 0 || minus.length === 0) return [];
    return [...plus, ...minus.map(negative)];
  });
  const present = parts.flatMap((p, own) => (p.length > 0 ? [own] : []));
  return sumDeviations(first.cluster, present, (own) => parts[own]);
}

/** A part the other way round; its rows are still made when they are asked for. */
function negative(part: Part): Part {
  return {
    get held() {
      return part.held;
    },
    share: -part.share,
    lender: part.lender,
    get donor() {
      return part.donor;
    },
  };
}

/** What the rows of a class bring in, made when it is asked for; empty where they lack a block that the statement needs. */
function partsOf(
  { blocks, cluster }: Called,
  { kind, setting, base }: TransferStatement,
  own: number,
): Part[] {
  const found = blocksOf(blocks, setting, own);
  if (found.length === 0) return [];
  const share = 1 / (cluster[own].length * found.length);
  const part = (block: CalledBlock, called: number, weight: number): Part => ({
    get held() {
      return Float64Array.from(block.cells[own]!.predicted, (p) => (p === called ? 1 : 0));
    },
    share: weight * share,
    lender: block.background < 0 ? own : block.background,
    get donor() {
      return block.donor[own];
    },
  });
  if (kind === "transfer") return found.map((block) => part(block, own, 1));
  const captured = found.map((block) => part(block, block.background, 1));
  if (kind === "capture") return captured;
  const baseBlocks = blocksOf(blocks, base!, own);
  const bases = found.map((block) =>
    baseBlocks.find((b) => b.background < 0 || b.background === block.background),
  );
  if (bases.includes(undefined)) return [];
  const sign = kind === "capture-base" ? 1 : -1;
  const without = bases.map((block, i) => part(block!, found[i].background, sign));
  return kind === "capture-base" ? without : [...captured, ...without];
}

/** Blocks of a setting that count for a class: not those on its own class's background. */
function blocksOf(blocks: readonly CalledBlock[], setting: Setting, own: number): CalledBlock[] {
  return blocks.filter((b) => b.setting === setting && b.cells[own] !== null && b.background !== own);
}

/**
 * By how much the dependence of the folds multiplies the cluster variance. Every field is tested once and helps to train
 * the probes of all other groups; what tested and training fields make of each other is in the mean twice, while the
 * cluster variance takes the two for independent. Differences of settings gain nothing: the probes, trained on
 * originals, are not those that tell foreign neighbors from their medium, so that a training field moves one setting and
 * not the other. Coverage: docs/validity.md.
 */
export function transferDependence({ fewest }: Pick<Grouping, "fewest">): number {
  return fewest > 2 ? 2 : Number.POSITIVE_INFINITY;
}
