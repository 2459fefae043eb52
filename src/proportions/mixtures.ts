import { groupRows } from "../core/group.ts";
import { mulberry32, namedSeed, type Random } from "../core/rng.ts";

/** Held-out singly localized cells that mixtures are drawn from. */
export interface Lot {
  readonly classes: number;
  readonly labels: ArrayLike<number>;
  /** Protein and field of every cell, by number. */
  readonly protein: ArrayLike<number>;
  readonly field: ArrayLike<number>;
}

/** Draws mixtures like one protein: rows of the {@link Lot}, as many as the protein has cells. */
export type DrawMixture = (number: number) => Int32Array;

/**
 * Mixtures of known shares, clustered like real cells: each cell's class is drawn from `shares`; for every class one
 * protein is drawn, for every field of the mixture one field of it, and from that its cells, all with replacement. Draw
 * `number` is the same whatever was drawn before.
 *
 * @param sizes cells of every field of the protein
 */
export function mixtures(
  { classes, labels, protein, field }: Lot,
  shares: ArrayLike<number>,
  sizes: readonly number[],
  seed: number,
): DrawMixture {
  const byClass = Array.from({ length: classes }, () => [] as number[]);
  for (let row = 0; row < labels.length; row++) byClass[labels[row]].push(row);
  const trees = byClass.map((rows) => {
    const byField = groupRows(rows, (row) => field[row]);
    const fields = [...byField.values()].map((at) => at.map((i) => rows[i]));
    return [...groupRows(fields, (of) => protein[of[0]]).values()].map((at) => at.map((i) => fields[i]));
  });
  const upTo = new Float64Array(classes);
  let sum = 0;
  for (let k = 0; k < classes; k++) upTo[k] = sum += shares[k];
  const total = sizes.reduce((a, b) => a + b, 0);
  return (number) => {
    const random = mulberry32(namedSeed(seed, "mixture", number));
    const lots = new Map<number, ClassLot>();
    const out = new Int32Array(total);
    let at = 0;
    sizes.forEach((size, inField) => {
      for (let i = 0; i < size; i++) {
        const u = random() * sum;
        let k = 0;
        while (k < classes - 1 && u >= upTo[k]) k++;
        let lot = lots.get(k);
        if (lot === undefined) lots.set(k, (lot = new ClassLot(trees[k], random)));
        out[at++] = lot.next(inField);
      }
    });
    return out;
  };
}

/** The cells of one class, of which each field of the mixture draws from one field. */
class ClassLot {
  readonly #fields: readonly (readonly number[])[];
  readonly #random: Random;
  readonly #drawn: (readonly number[])[] = [];

  constructor(proteins: readonly (readonly (readonly number[])[])[], random: Random) {
    this.#fields = pick(proteins, random);
    this.#random = random;
  }

  next(inField: number): number {
    this.#drawn[inField] ??= pick(this.#fields, this.#random);
    return pick(this.#drawn[inField], this.#random);
  }
}

function pick<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random() * list.length)];
}
