import { mulberry32, namedSeed, normal, shuffle } from "../core/rng.ts";
import { type HumanLocalization, LOCALIZATIONS, type Localization } from "../names.ts";

/** A localization of one of the simulated organisms. */
export type SimulatedLocalization = Localization | HumanLocalization;

/**
 * What separates the localizations of an organism besides their structure.
 * `level`: mean of the protein channel over the cell at abundance 1, in units of its photons per pixel.
 * `contrast`: share of the protein that is in the structure, the rest is diffuse in the cytosol.
 */
export type Levels = Readonly<Partial<Record<SimulatedLocalization, { level: number; contrast: number }>>>;

/** Share of a protein's cells that show a localization; the shares of a protein add up to 1. */
export interface Share {
  readonly localization: SimulatedLocalization;
  readonly share: number;
}

/** A simulated protein: where it is and what makes it differ from others that are there too. */
export interface Protein {
  readonly name: string;
  /** One entry for a singly localized protein, two or more for a heterogeneous one. */
  readonly shares: readonly Share[];
  /** Mean GFP relative to the localization's level, 0.4 to 2.2. */
  readonly abundance: number;
  /** Standard deviation of the logarithm of the amount between cells, 0.15 to 0.38 (Newman et al. 2006, Nature 441:840). */
  readonly spread: number;
  /** Share of the cells that show the structure; in the others the protein is diffuse, 0.75 to 0.97. */
  readonly penetrance: number;
  /** Multiplies the share of the protein that is in the structure, 0.85 to 1.15. */
  readonly contrast: number;
  /** Multiplies the number of puncta, patches and tubules, 0.7 to 1.4. */
  readonly number: number;
  /** Multiplies the size of puncta and the width of rims, 0.85 to 1.2. */
  readonly size: number;
}

/** Draws the traits of one protein; the name and `proteome` fix them, so that two data sets share their proteins. */
export function makeProtein(name: string, shares: readonly Share[], proteome = 1): Protein {
  const total = shares.reduce((sum, s) => sum + s.share, 0);
  if (shares.length === 0 || shares.some((s) => !(s.share > 0)) || Math.abs(total - 1) > 1e-9)
    throw new RangeError(`shares of ${name} must be positive and add up to 1, got ${total}`);
  const random = mulberry32(namedSeed(proteome, "protein", name));
  const between = (low: number, high: number) => low + (high - low) * random();
  return {
    name,
    shares,
    abundance: Math.min(2.2, Math.max(0.4, Math.exp(0.4 * normal(random)))),
    spread: between(0.15, 0.38),
    penetrance: between(0.75, 0.97),
    contrast: between(0.85, 1.15),
    number: between(0.7, 1.4),
    size: between(0.85, 1.2),
  };
}

/** `perLocalization` proteins of each localization, named `actin-1`, `bud-neck-2`, ... */
export function singleProteins(
  perLocalization: number,
  localizations: readonly SimulatedLocalization[] = LOCALIZATIONS,
  proteome = 1,
): Protein[] {
  return localizations.flatMap((localization) =>
    Array.from({ length: perLocalization }, (_, k) =>
      makeProtein(`${localization.replaceAll(" ", "-")}-${k + 1}`, [{ localization, share: 1 }], proteome),
    ),
  );
}

/**
 * `count` heterogeneous proteins `mixed-1`, ...: each in two (three of four times) or three localizations, with
 * shares in steps of 0.05, the smallest at least 0.1.
 */
export function mixedProteins(
  count: number,
  localizations: readonly SimulatedLocalization[] = LOCALIZATIONS,
  proteome = 1,
): Protein[] {
  return Array.from({ length: count }, (_, k) => {
    const name = `mixed-${k + 1}`;
    const random = mulberry32(namedSeed(proteome, "shares", name));
    const parts = Math.min(localizations.length, random() < 0.75 ? 2 : 3);
    const places = shuffle([...localizations], random).slice(0, parts);
    const steps = new Array<number>(parts).fill(2);
    for (let left = 20 - 2 * parts; left > 0; left--) steps[Math.floor(random() * parts)]++;
    if (parts === 2) {
      const first = 2 + Math.floor(random() * 17);
      steps[0] = first;
      steps[1] = 20 - first;
    }
    return makeProtein(
      name,
      places.map((localization, i) => ({ localization, share: steps[i] / 20 })),
      proteome,
    );
  });
}

/** Mean over the cell and share in the structure for a protein's cell in `localization`. */
export function levelOf(
  protein: Protein,
  localization: SimulatedLocalization,
  levels: Levels,
): { level: number; contrast: number } {
  const found = levels[localization];
  if (found === undefined) throw new RangeError(`${localization} is no localization of this organism`);
  return {
    level: found.level * protein.abundance,
    contrast: found.contrast === 1 ? 1 : Math.min(0.95, found.contrast * protein.contrast),
  };
}
