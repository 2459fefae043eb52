import type { Block } from "../block.ts";
import type { ComparedStudy } from "./finished.ts";

/** What keeps two studies from being compared: a key of the study file, or of what it leads to, with both values. */
export interface Mismatch {
  readonly key: string;
  readonly first: string;
  readonly second: string;
  /** All of it in one line, with the remedy. */
  readonly text: string;
}

/** Blocks that both studies have, and what only one of them has. */
export interface SharedBlocks {
  readonly blocks: readonly Block[];
  readonly leftOut: readonly string[];
}

export function sharedBlocks(first: ComparedStudy, second: ComparedStudy): SharedBlocks {
  const name = ({ setting, background }: Block) =>
    background === null ? setting : `${setting} on ${background}`;
  const [one, two] = [first, second].map((of) => new Set(of.blocks.map(name)));
  const known = new Map([...first.blocks, ...second.blocks].map((b) => [name(b), b]));
  const names = [...known.keys()];
  return {
    blocks: names.filter((n) => one.has(n) && two.has(n)).map((n) => known.get(n)!),
    leftOut: names.filter((n) => !one.has(n) || !two.has(n)),
  };
}

/** Choices that decide which cells a study judges, which of them one probe judges, and whose backgrounds they get. */
const CHOICES = {
  cells: ["class", "classes", "cellList", "cellsPerClass", "pick", "keepRejected", "allow"],
  groups: ["split", "groupBy", "folds", "plan"],
  donors: ["seed", "sameDonor", "plan", "proportions", "backgrounds"],
} as const;

/** How composites are made; the order in which they are told. */
const COMPOSITE = ["edge", "sigma", "donorCenter", "halo", "intensity", "clip", "seed"] as const;

/**
 * Why differences of encoders of the two studies are not paired; null where they are: same cells in the same order and
 * classes, same clusters and closed groups, and, on the blocks that both have, same donors and pixels. Whatever else a
 * study chooses (encoders, `remedies`, `sensitivity`, `zone`, more settings or backgrounds, ...) may differ. Cells must be
 * the same and not only shared: probes of more cells are better ones, which a difference would take for the encoder's.
 * @param names what the studies are called in the text
 */
export function mismatch(
  first: ComparedStudy,
  second: ComparedStudy,
  names: readonly [first: string, second: string] = ["the first study", "the second"],
): Mismatch | null {
  const of = <T>(get: (study: ComparedStudy) => T): readonly [T, T] => [get(first), get(second)];
  const told = (key: string, values: readonly [unknown, unknown], remedy: string): Mismatch => {
    const [one, two] = values.map(short);
    return {
      key,
      first: one,
      second: two,
      text: `"${key}" is ${one} in ${names[0]} and ${two} in ${names[1]}; ${remedy}`,
    };
  };
  /** The choice that makes the difference, or else the difference itself. */
  const because = (
    keys: readonly string[],
    key: string,
    values: readonly [unknown, unknown],
    remedy: string,
  ) => {
    const choice = keys.find((k) => differ(of(({ record }) => record.study[k])));
    if (choice === undefined) return told(key, values, remedy);
    const chosen = of(({ record }) => record.study[choice]);
    return told(choice, chosen, `run one of them again with the other's "${choice}"`);
  };

  const crops = of(({ record }) => record.crops);
  if (differ(crops)) return told("cells", crops, "run both on the same cell store");
  const versions = of(({ record }) => record.cellswap);
  if (differ(versions))
    return told("cellswap", versions, "run the older one again, which makes anew only what has to be");
  const cells = cellsDiffer(first, second);
  if (cells !== null) return because(CHOICES.cells, cells.key, cells.values, cells.remedy);
  const groups = groupsDiffer(first, second);
  if (groups !== null)
    return because(CHOICES.groups, groups.key, groups.values, "run both with the same closed groups");
  const { blocks } = sharedBlocks(first, second);
  if (blocks.length === 0)
    return told(
      "settings",
      of(({ about }) => about.settings),
      "run one of them again with settings of the other",
    );
  const pixels = [...new Set(blocks.map((b) => b.setting))].find((s) =>
    differ(of(({ about }) => about.pixels[s])),
  );
  if (pixels !== undefined) {
    const key = COMPOSITE.find((k) => differ(of(({ about }) => about.composite[k])));
    if (key !== undefined)
      return told(
        key,
        of(({ about }) => about.composite[key]),
        `run one of them again with the other's "${key}"; what it does by itself one study says (docs/sensitivity.md)`,
      );
    return told(
      `pixels of ${pixels}`,
      of(({ about }) => about.pixels[pixels]),
      "masks or scales are others: run both on the same cell store",
    );
  }
  const donor = donorsDiffer(first, second, blocks);
  return donor === null
    ? null
    : because(
        CHOICES.donors,
        donor.key,
        donor.values,
        'run one of them with the other\'s "plan" (plan.parquet)',
      );
}

interface Difference {
  readonly key: string;
  readonly values: readonly [unknown, unknown];
}

function cellsDiffer(first: ComparedStudy, second: ComparedStudy): (Difference & { remedy: string }) | null {
  const [one, two] = [first, second].map(({ about }) => about.classes);
  if (differ([one, two]))
    return { key: "classes", values: [one, two], remedy: "run both with the same classes" };
  for (const [c, name] of one.entries()) {
    const [a, b] = [first.rows[c], second.rows[c]];
    const remedy = 'run both with one "cellList"';
    if (a.length !== b.length)
      return { key: `number of cells of ${name}`, values: [a.length, b.length], remedy };
    const i = a.findIndex((row, k) => row !== b[k]);
    if (i >= 0)
      return { key: `cell ${i + 1} of ${name}`, values: [first.ids[a[i]], second.ids[b[i]]], remedy };
  }
  return null;
}

function groupsDiffer(first: ComparedStudy, second: ComparedStudy): Difference | null {
  const [one, two] = [first.grouping, second.grouping];
  for (const key of ["unit", "count", "reach"] as const)
    if (one[key] !== two[key])
      return { key: key === "count" ? "number of closed groups" : key, values: [one[key], two[key]] };
  for (const of of ["group", "cluster"] as const)
    for (const list of first.rows)
      for (const row of list)
        if (first[of][row] !== second[of][row])
          return { key: `${of} of ${first.ids[row]}`, values: [first[of][row], second[of][row]] };
  // Folds of the published split are of cells, and no closed groups.
  const folds = [first, second].map(({ record }) => record.study.folds);
  return one.count === 0 && differ(folds) ? { key: "folds", values: folds as [unknown, unknown] } : null;
}

function donorsDiffer(
  first: ComparedStudy,
  second: ComparedStudy,
  blocks: readonly Block[],
): Difference | null {
  const { classes } = first.about;
  for (const block of blocks)
    for (const [own, name] of classes.entries()) {
      // Another setting stands in for them, and they do not count.
      if (first.index.isOwn(block, name)) continue;
      const on = block.background === null ? "" : ` on ${block.background}`;
      const [a, b] = [first, second].map(({ index, rows }) => index.rows(block, name, rows[own]));
      if ((a === null) !== (b === null))
        return {
          key: `${name} in ${block.setting}${on}`,
          values: [a === null ? "lacking" : "there", b === null ? "lacking" : "there"],
        };
      for (let i = 0; a !== null && i < a.length; i++) {
        const cell = first.ids[first.rows[own][i]];
        const [one, two] = [first.plan, second.plan];
        const shown = (of: ComparedStudy, row: number) => (row < 0 ? "none" : of.ids[row]);
        for (const [what, da, db] of [
          ["donor", one.donor[a[i]], two.donor[b![i]]],
          ["medium", one.medium!.of[a[i]], two.medium!.of[b![i]]],
        ] as const)
          if (da !== db)
            return {
              key: `${what} of ${cell} in ${block.setting}${on}`,
              values: [shown(first, da), shown(second, db)],
            };
      }
    }
  return null;
}

function differ(values: readonly unknown[]): boolean {
  const [one, two] = values.map((v) => JSON.stringify(v) ?? "");
  return one !== two;
}

/** A value as it stands in the study file; hashes and long lists by their beginning. */
function short(value: unknown): string {
  if (value === undefined) return "not given";
  const text = typeof value === "string" && !/^[0-9a-f]{64}$/.test(value) ? value : JSON.stringify(value);
  const hash = /^"([0-9a-f]{12})[0-9a-f]{52}"$/.exec(text);
  if (hash !== null) return hash[1];
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
