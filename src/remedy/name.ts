import { StudyError } from "../errors.ts";

/**
 * Every remedy: what it does, in a few words; what it changes: the crops that the encoder sees, the network, the features
 * or the probes; `most`: the highest number that may stand behind its name, null for none.
 */
export const REMEDIES = {
  recompose: {
    changes: "crops",
    most: 64,
    does: "each cell on the cell-free backgrounds of several donors, features averaged",
  },
  clear: {
    changes: "crops",
    most: null,
    does: "every other cell taken out, its place filled with synthetic medium",
  },
  masked: { changes: "crops", most: 64, does: "nothing around the cell but the level of the medium" },
  pool: { changes: "network", most: null, does: "feature maps or tokens pooled under the center mask" },
  augmented: { changes: "probes", most: null, does: "probes trained on original and swapped crops" },
  dfr: { changes: "features", most: null, does: "last layer retrained on swapped crops, groups balanced" },
  project: {
    changes: "features",
    most: 1024,
    does: "the main directions in which backgrounds move features projected out",
  },
  whiten: { changes: "features", most: null, does: "features whitened by what backgrounds do to them" },
  leace: { changes: "features", most: null, does: "the background's class erased linearly" },
} as const satisfies Record<
  string,
  {
    readonly changes: "crops" | "network" | "features" | "probes";
    readonly most: number | null;
    readonly does: string;
  }
>;

export type RemedyKind = keyof typeof REMEDIES;

/** A remedy as people name it, taken apart. */
export interface Remedy {
  /** `recompose`, `masked-2`, `retrained`, `retrained+recompose`. */
  readonly name: string;
  /** Null for the retrained encoder as it is. */
  readonly kind: RemedyKind | null;
  /** The number behind the remedy: donors, pixels, directions; null where none was given. */
  readonly value: number | null;
  /** Whether it is of the encoder that was trained with swapped backgrounds. */
  readonly retrained: boolean;
}

/** The remedies that `all` stands for. */
export const ALL_REMEDIES: readonly string[] = [
  "recompose",
  "clear",
  "masked",
  "masked-2",
  "masked-4",
  "masked-8",
  "pool",
  "augmented",
  "dfr",
  "project",
  "whiten",
  "leace",
  "retrained",
  "retrained+recompose",
];

const RETRAINED = "retrained";

/** Names as people may write them. */
const FORMS = Object.entries(REMEDIES).map(([name, { most }]) => (most === null ? name : `${name}[-NUMBER]`));

/**
 * Takes the name of a remedy apart.
 * @param further what else could stand there, for the message
 * @throws StudyError for a name that is none, or a number that it does not take
 */
export function parseRemedy(text: string, further = ""): Remedy {
  const whole = text === RETRAINED || text.startsWith(`${RETRAINED}+`);
  const rest = whole ? text.slice(RETRAINED.length + 1) : text;
  if (whole && rest === "" && text === RETRAINED)
    return { name: text, kind: null, value: null, retrained: true };
  const [, word = "", number] = /^([a-z]+)(?:-(\d+))?$/.exec(rest) ?? [];
  if (!Object.hasOwn(REMEDIES, word))
    throw new StudyError(
      `there is no remedy ${JSON.stringify(text)}; remedies are ${[...FORMS, RETRAINED].join(", ")}, and ${RETRAINED}+REMEDY${further}`,
    );
  const kind = word as RemedyKind;
  const { most } = REMEDIES[kind];
  const least = kind === "masked" ? 0 : 1;
  if (number !== undefined && (most === null || Number(number) < least || Number(number) > most))
    throw new StudyError(
      most === null
        ? `the remedy ${kind} takes no number; write ${JSON.stringify(kind)} for ${JSON.stringify(text)}`
        : `the remedy ${kind} takes a number from ${least} to ${most}, not ${number}; correct it`,
    );
  // masked-0 is masked.
  const value = number === undefined || Number(number) === 0 ? null : Number(number);
  const own = value === null ? kind : `${kind}-${value}`;
  return { name: whole ? `${RETRAINED}+${own}` : own, kind, value, retrained: whole };
}

/** What a remedy changes, whichever encoder it is of; null for the retrained encoder as it is. */
export function changedBy({ kind }: Pick<Remedy, "kind">) {
  return kind === null ? null : REMEDIES[kind].changes;
}

/**
 * Takes names of remedies apart, `all` for all; each once.
 * @throws StudyError as {@link parseRemedy}
 */
export function parseRemedies(names: readonly string[]): Remedy[] {
  const found = names
    .flatMap((name) => (name === "all" ? ALL_REMEDIES : [name]))
    .map((name) => parseRemedy(name, ", or all"));
  return [...new Map(found.map((remedy) => [remedy.name, remedy])).values()];
}
