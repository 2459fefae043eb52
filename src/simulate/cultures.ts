import { mulberry32, namedSeed, shuffle } from "../core/rng.ts";
import type { Protein } from "./proteins.ts";

/** How the proteins of a data set are dealt to fields and plates. */
export interface Layout {
  readonly seed: number;
  /** Proteins whose cells share a field, each of another localization; standard 1. */
  readonly proteinsPerField?: number;
  /** Fields per protein; more are added where they hold too few cells. */
  readonly fieldsPerProtein: number;
  /** Plates that the fields are on; standard: no plates. */
  readonly plates?: number;
  /**
   * `crossed` (standard): every localization has fields on every plate, as evenly as can be. `confounded`: all fields of
   * a localization are on one plate, so that its classes differ by plate as well.
   */
  readonly plateLayout?: "crossed" | "confounded";
}

/** A field before it is drawn. */
export interface PlannedField {
  /** Unique name, `actin-1_0`; `coculture_0` where proteins share fields. */
  readonly name: string;
  /** Of the protein's fields, or of all where proteins share them; from 0. */
  readonly number: number;
  readonly proteins: readonly Protein[];
  /** From 0; null without plates. */
  readonly plate: number | null;
}

/** What a study takes for the class of a protein's cells: its localizations. */
export const kindOf = (protein: Protein) => protein.shares.map((s) => s.localization).join("|");

/** Name of a plate in tables. */
export const plateName = (plate: number) => `plate-${plate + 1}`;

/** @throws RangeError where the proteins do not suffice for so many in a field or on so many plates. */
export function checkLayout(proteins: readonly Protein[], layout: Layout): void {
  const { proteinsPerField = 1, plates = 0, plateLayout = "crossed" } = layout;
  const counts = new Map<string, number>();
  for (const protein of proteins) counts.set(kindOf(protein), (counts.get(kindOf(protein)) ?? 0) + 1);
  if (proteinsPerField > counts.size)
    throw new RangeError(
      `${proteinsPerField} proteins cannot share a field: they must differ in localization, and there are ${counts.size}`,
    );
  if (plates === 0) {
    if (plateLayout === "confounded")
      throw new RangeError(
        "localizations cannot be confounded with plates where there are none; give plates",
      );
    return;
  }
  if (plateLayout === "confounded") {
    if (proteinsPerField > 1)
      throw new RangeError("localizations that share fields cannot have plates of their own");
    if (plates > counts.size)
      throw new RangeError(
        `${plates} plates are more than the ${counts.size} localizations that they are for`,
      );
    return;
  }
  for (const [kind, count] of counts)
    if (count * layout.fieldsPerProtein < plates)
      throw new RangeError(
        `${kind} has ${count * layout.fieldsPerProtein} fields, which cannot be on ${plates} plates; more fields per protein are needed`,
      );
}

/** Plans fields one by one until no protein of `missing` (cells that are still wanted) misses any. */
export function* planFields(
  proteins: readonly Protein[],
  layout: Layout,
  missing: ReadonlyMap<Protein, number>,
): Generator<PlannedField> {
  const plateOf = plateDealer(proteins, layout);
  const { proteinsPerField = 1, seed } = layout;
  if (proteinsPerField === 1) {
    for (const protein of proteins)
      for (let number = 0; missing.get(protein)! > 0; number++)
        yield { name: `${protein.name}_${number}`, number, proteins: [protein], plate: plateOf([protein]) };
    return;
  }
  let number = 0;
  for (let round = 0; ; round++) {
    const wanting = proteins.filter((protein) => missing.get(protein)! > 0);
    if (wanting.length === 0) return;
    const random = mulberry32(namedSeed(seed, "cocultures", round));
    for (const mixed of dealCultures(shuffle(wanting, random), proteinsPerField)) {
      const fill = shuffle([...proteins], random);
      for (const protein of fill)
        if (mixed.length < proteinsPerField && fits(protein, mixed)) mixed.push(protein);
      yield { name: `coculture_${number}`, number, proteins: mixed, plate: plateOf(mixed) };
      number++;
    }
  }
}

const fits = (protein: Protein, mixed: readonly Protein[]) =>
  mixed.every((other) => kindOf(other) !== kindOf(protein));

/** Deals proteins to cultures of at most `size`, each of another localization. */
function dealCultures(proteins: readonly Protein[], size: number): Protein[][] {
  const cultures: Protein[][] = [];
  for (const protein of proteins) {
    const open = cultures.find((mixed) => mixed.length < size && fits(protein, mixed));
    if (open === undefined) cultures.push([protein]);
    else open.push(protein);
  }
  return cultures;
}

/** Gives every field its plate: crossed, the one that its localizations have been on least. */
function plateDealer(
  proteins: readonly Protein[],
  layout: Layout,
): (field: readonly Protein[]) => number | null {
  const { plates = 0, plateLayout = "crossed" } = layout;
  if (plates === 0) return () => null;
  const kinds = [...new Set(proteins.map(kindOf))];
  if (plateLayout === "confounded") return ([protein]) => kinds.indexOf(kindOf(protein)) % plates;
  const used = new Map(kinds.map((kind) => [kind, new Int32Array(plates)]));
  return (field) => {
    const own = field.map((protein) => used.get(kindOf(protein))!);
    const cost = Array.from({ length: plates }, (_, plate) =>
      own.reduce((sum, of) => sum + of[plate] ** 2, 0),
    );
    const plate = cost.indexOf(Math.min(...cost));
    for (const of of own) of[plate]++;
    return plate;
  };
}
