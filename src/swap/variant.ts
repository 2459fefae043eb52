import { StudyError } from "../errors.ts";
import type { MaskError } from "../masks/mask-error.ts";
import { SETTINGS } from "../settings.ts";
import type { CompositeOptions } from "../types.ts";
import { recipeOf } from "./recipe.ts";

interface Kind {
  /** What it changes, in a few words; # stands for its number. */
  readonly does: string;
  /** Least and highest number behind the name, and the one where none is given; null for no number. */
  readonly number: { readonly least: number; readonly most: number; readonly usual: number | null } | null;
  /** @param length the number in pixels, where it counts 32nds of the cells' diameter */
  readonly change: (number: number, length: number, own: CompositeOptions) => Changed;
}

interface Changed {
  readonly composite?: Partial<CompositeOptions>;
  readonly error?: MaskError;
}

const lengths = (least: number, most: number, usual: number | null = null) => ({ least, most, usual });

/** Ways to make composites otherwise than a study does. A new one is a new row. */
export const VARIANTS = {
  erode: {
    does: "outline of every center cell # u too far in",
    number: lengths(1, 10),
    change: (_, length) => ({ error: { kind: "erode", amount: length } }),
  },
  dilate: {
    does: "outline of every center cell # u too far out, over medium only",
    number: lengths(1, 10),
    change: (_, length) => ({ error: { kind: "dilate", amount: length } }),
  },
  "neighbor-slice": {
    does: "a piece of a near neighbor in every mask, # % of the cell's area",
    number: lengths(1, 50, 10),
    change: (percent) => ({ error: { kind: "neighbor-slice", amount: percent / 100 } }),
  },
  "cell-slice": {
    does: "a piece of the cell missing in every mask, # % of its area",
    number: lengths(1, 50, 10),
    change: (percent) => ({ error: { kind: "cell-slice", amount: percent / 100 } }),
  },
  halo: {
    does: "a rim of # u removed with cells that are taken out",
    number: lengths(0, 16),
    change: (_, length) => ({ composite: { halo: length } }),
  },
  hard: { does: "hard edge of the paste", number: null, change: () => ({ composite: { edge: "hard" } }) },
  soft: {
    does: "soft edge of the paste, sigma # u",
    number: lengths(1, 8, 1),
    change: (_, length) => ({ composite: { edge: "soft", sigma: length } }),
  },
  keep: {
    does: "the donor's own center cell kept",
    number: null,
    change: () => ({ composite: { donorCenter: "keep" } }),
  },
  fill: {
    does: "the donor's own center cell removed and its place filled",
    number: null,
    change: () => ({ composite: { donorCenter: "fill" } }),
  },
  refill: {
    does: "the same with other noise drawn into filled places",
    number: null,
    change: (_number, _length, { seed }) => ({ composite: { seed: (seed + 1) >>> 0 } }),
  },
} as const satisfies Record<string, Kind>;

type KindName = keyof typeof VARIANTS;

/** The variants that `all` stands for, without what a study does already. */
export const ALL_VARIANTS: readonly string[] = [
  "erode-5",
  "erode-2",
  "dilate-2",
  "dilate-5",
  "neighbor-slice",
  "cell-slice",
  "halo-0",
  "halo-6",
  "hard",
  "soft",
  "soft-2",
  "keep",
  "fill",
  "refill",
];

/** A way to make composites otherwise. */
export interface Variant {
  /** `dilate-2`, `hard`. */
  readonly name: string;
  readonly kind: KindName;
  /** The number behind the name, or the usual one; null where it has none. */
  readonly number: number | null;
  readonly does: string;
}

/**
 * Takes the name of a variant apart.
 * @throws StudyError for a name that is none, or a number that it does not take
 */
export function parseVariant(text: string): Variant {
  const [, word = "", digits] = /^([a-z]+(?:-[a-z]+)*)(?:-(\d{1,3}))?$/.exec(text) ?? [];
  if (!Object.hasOwn(VARIANTS, word))
    throw new StudyError(
      `there is no variant ${JSON.stringify(text)} of how composites are made; there are ${Object.entries(
        VARIANTS,
      )
        .map(([name, { number }]) => (number === null ? name : `${name}-NUMBER`))
        .join(", ")}, and all`,
    );
  const kind = word as KindName;
  const { does, number: range }: Kind = VARIANTS[kind];
  if (range === null) {
    if (digits !== undefined)
      throw new StudyError(
        `the variant ${kind} takes no number; write ${JSON.stringify(kind)} for ${JSON.stringify(text)}`,
      );
    return { name: kind, kind, number: null, does };
  }
  const number = digits === undefined ? range.usual : Number(digits);
  if (number === null || number < range.least || number > range.most)
    throw new StudyError(
      `the variant ${kind} takes a number from ${range.least} to ${range.most}, ${kind}-${Math.max(range.least, 2)} for instance, not ${JSON.stringify(text)}; correct it`,
    );
  return {
    name: number === range.usual ? kind : `${kind}-${number}`,
    kind,
    number,
    does: does.replace("#", String(number)),
  };
}

/** A variant for the crops and choices of a study. */
export interface FittedVariant extends Variant {
  readonly composite: CompositeOptions;
  /** Error that all masks get; null: they stay as they are. */
  readonly error: MaskError | null;
}

/**
 * Takes names of variants apart, `all` for all; each once, in the order given.
 * @param own how the study makes composites; @param unit a 32nd of the cells' diameter, px
 * @throws StudyError as {@link parseVariant}, and for one that is what the study does already
 */
export function fitVariants(names: readonly string[], own: CompositeOptions, unit: number): FittedVariant[] {
  const found = new Map<string, FittedVariant>();
  for (const name of names)
    for (const each of name === "all" ? ALL_VARIANTS : [name]) {
      const variant = parseVariant(each);
      const kind: Kind = VARIANTS[variant.kind];
      const number = variant.number ?? 0;
      const { composite, error = null } = kind.change(number, number * unit, own);
      const fitted = { ...variant, composite: { ...own, ...composite }, error };
      if (error !== null || !isSame(fitted.composite, own)) found.set(variant.name, fitted);
      else if (name !== "all")
        throw new StudyError(
          `the variant ${variant.name} is how the study makes composites already; leave it out`,
        );
    }
  return [...found.values()];
}

/** Whether composites of every setting are made alike. */
function isSame(a: CompositeOptions, b: CompositeOptions): boolean {
  return SETTINGS.every(
    (setting) => JSON.stringify(recipeOf(setting, a)) === JSON.stringify(recipeOf(setting, b)),
  );
}
