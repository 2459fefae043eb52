/** What a setting does to a crop; everything else that is known of settings follows from this. */
interface SettingRow {
  readonly id: string;
  /** What is around the cell, in a few words. */
  readonly meaning: string;
  /** What is seen of the cell itself: the crop as imaged, the cell cut out and pasted, or nothing. */
  readonly cell: "imaged" | "pasted" | "removed";
  /** Whose crop the background comes from: none (nothing is there), the cell's own, one of its own class, one of a background class. */
  readonly background: "none" | "own" | "own-class" | "background-class";
  /** Which cells are taken out of the background, whatever becomes of the donor's center cell elsewhere. */
  readonly removes: "nothing" | "center" | "all";
  /** For backgrounds of a background class: where that is the cell's own class, the setting that stands in. */
  readonly ownClass?: string;
  /** Whether it is a step of the ladder, in the order of the table. */
  readonly step: boolean;
}

/** One row per setting: the ladder in causal order, then those that show one part alone. A new setting is a new row. */
const TABLE = [
  {
    id: "original",
    meaning: "as imaged",
    cell: "imaged",
    background: "own",
    removes: "nothing",
    step: true,
  },
  {
    id: "self",
    meaning: "cut out and pasted back where it was (placebo)",
    cell: "pasted",
    background: "own",
    removes: "nothing",
    step: true,
  },
  {
    id: "same",
    meaning: "among other cells of its own localization",
    cell: "pasted",
    background: "own-class",
    removes: "nothing",
    step: true,
  },
  {
    id: "cell-free",
    meaning: "on the medium of another localization's image, no neighbors",
    cell: "pasted",
    background: "background-class",
    removes: "all",
    step: true,
  },
  {
    id: "different",
    meaning: "among cells of another localization",
    cell: "pasted",
    background: "background-class",
    removes: "nothing",
    ownClass: "same",
    step: true,
  },
  {
    id: "masked",
    meaning: "nothing around the cell",
    cell: "pasted",
    background: "none",
    removes: "nothing",
    step: false,
  },
  {
    id: "background-only",
    meaning: "the cell removed, its surroundings alone",
    cell: "removed",
    background: "own",
    removes: "center",
    step: false,
  },
] as const satisfies readonly SettingRow[];

export type Setting = (typeof TABLE)[number]["id"];
export type SettingTraits = Omit<SettingRow, "id" | "ownClass"> & {
  readonly id: Setting;
  readonly ownClass?: Setting;
};

/** The settings in causal order (the ladder), then those that show one part alone. */
export const SETTINGS = TABLE.map((row) => row.id) as readonly Setting[] as readonly [Setting, ...Setting[]];

const BY_ID = new Map<string, SettingTraits>(TABLE.map((row) => [row.id, row]));

/** The row of a setting. */
export function traitsOf(setting: Setting): SettingTraits {
  return BY_ID.get(setting)!;
}

/** Whether both classes of a pair stand on backgrounds of one class, so that a setting has a block per background. */
export function hasSharedBackground(setting: Setting): boolean {
  return traitsOf(setting).background === "background-class";
}

/** Whether a cell is pasted on its own crop: it is its own donor. */
export function pastesBack(setting: Setting): boolean {
  const { cell, background } = traitsOf(setting);
  return cell === "pasted" && background === "own";
}

/** Whether a setting needs another crop that lends its background. */
export function hasDonor(setting: Setting): boolean {
  const { background } = traitsOf(setting);
  return background === "own-class" || background === "background-class";
}
