/** Screens drawn as features: what a cell shows is its class, protein, field and itself, each normal. */
import { mulberry32, namedSeed, normal, type Random } from "../../src/core/rng.ts";

export interface DrawnDesign {
  readonly name: string;
  readonly classes: number;
  readonly dimension: number;
  /** Singly localized proteins of each class, fields of each, cells of each field. */
  readonly proteins: number;
  readonly fields: number;
  readonly cells: number;
  /** Heterogeneous proteins with that many fields and cells per field. */
  readonly mixed: number;
  readonly mixedFields: number;
  readonly mixedCells: number;
  /** Standard deviations of classes, proteins and fields; that of cells is 1. */
  readonly spread: { readonly class: number; readonly protein: number; readonly field: number };
}

export interface DrawnCells {
  /** Rows x dimension. */
  readonly features: Float32Array;
  readonly label: Int32Array;
  readonly protein: Int32Array;
  readonly field: Int32Array;
}

/** Singly localized cells, then those of heterogeneous proteins in two or three classes. */
export function drawScreen(
  design: DrawnDesign,
  replicate: number,
): { single: DrawnCells; mixed: DrawnCells } {
  const random = mulberry32(namedSeed(replicate, "proportions", design.name));
  const { classes, dimension, spread } = design;
  const vector = (sd: number) => Float64Array.from({ length: dimension }, () => sd * normal(random));
  const centers = Array.from({ length: classes }, () => vector(spread.class));
  const names = { protein: 0, field: 0 };
  const single = new Rows(dimension);
  for (let k = 0; k < classes; k++)
    for (let p = 0; p < design.proteins; p++) {
      const own = vector(spread.protein);
      for (let f = 0; f < design.fields; f++) {
        const field = vector(spread.field);
        for (let i = 0; i < design.cells; i++)
          single.add(random, k, names.protein, names.field, [centers[k], own, field]);
        names.field++;
      }
      names.protein++;
    }
  const mixed = new Rows(dimension);
  for (let p = 0; p < design.mixed; p++) {
    const shares = drawShares(random, classes);
    // What makes the protein differ shows in every class that it is in, in a way of that class.
    const own = shares.map(() => vector(spread.protein));
    for (let f = 0; f < design.mixedFields; f++) {
      const field = vector(spread.field);
      for (let i = 0; i < design.mixedCells; i++) {
        let u = random();
        let k = 0;
        while (k < classes - 1 && u >= shares[k]) u -= shares[k++];
        mixed.add(random, k, names.protein, names.field, [centers[k], own[k], field]);
      }
      names.field++;
    }
    names.protein++;
  }
  return { single: single.done(), mixed: mixed.done() };
}

/** Two or three classes, the smallest share 0.1, as `mixedProteins` draws them. */
function drawShares(random: Random, classes: number): number[] {
  const parts = random() < 0.75 || classes < 3 ? 2 : 3;
  const places = new Set<number>();
  while (places.size < parts) places.add(Math.floor(random() * classes));
  const cuts = Array.from({ length: parts - 1 }, () => (1 - 0.1 * parts) * random()).sort((a, b) => a - b);
  const shares = new Array<number>(classes).fill(0);
  [...places].forEach((k, i) => {
    shares[k] = 0.1 + (cuts[i] ?? 1 - 0.1 * parts) - (cuts[i - 1] ?? 0);
  });
  return shares;
}

class Rows {
  readonly #dimension: number;
  readonly #features: number[] = [];
  readonly #of: [label: number, protein: number, field: number][] = [];

  constructor(dimension: number) {
    this.#dimension = dimension;
  }

  add(random: Random, label: number, protein: number, field: number, parts: readonly Float64Array[]): void {
    for (let j = 0; j < this.#dimension; j++)
      this.#features.push(parts.reduce((sum, part) => sum + part[j], normal(random)));
    this.#of.push([label, protein, field]);
  }

  done(): DrawnCells {
    const column = (at: 0 | 1 | 2) => Int32Array.from(this.#of, (row) => row[at]);
    return {
      features: Float32Array.from(this.#features),
      label: column(0),
      protein: column(1),
      field: column(2),
    };
  }
}

const BASE = { classes: 6, dimension: 12, fields: 3, cells: 8, mixed: 10, mixedFields: 3, mixedCells: 20 };
const SPREAD = { class: 1, protein: 0.4, field: 0.3 };

export const DESIGNS: readonly DrawnDesign[] = [
  { ...BASE, name: "two proteins a class", proteins: 2, spread: SPREAD },
  { ...BASE, name: "three", proteins: 3, spread: SPREAD },
  { ...BASE, name: "four", proteins: 4, spread: SPREAD },
  { ...BASE, name: "six", proteins: 6, spread: SPREAD },
  { ...BASE, name: "four, no fields", proteins: 4, spread: { class: 1, protein: 0.4, field: 0 } },
  { ...BASE, name: "four, equal proteins", proteins: 4, spread: { class: 1, protein: 0, field: 0.3 } },
  { ...BASE, name: "four, 15 classes", classes: 15, proteins: 4, spread: SPREAD },
  { ...BASE, name: "four, classes near", proteins: 4, spread: { class: 0.7, protein: 0.4, field: 0.3 } },
  { ...BASE, name: "four, proteins far apart", proteins: 4, spread: { class: 1, protein: 0.7, field: 0.5 } },
];
