import { mulberry32, namedSeed } from "../../core/rng.ts";

export interface SampleOptions {
  /** Most cells of a class; all where not given. */
  readonly perClass?: number | undefined;
  /** Most cells of a field; all where not given. */
  readonly perField?: number | undefined;
  readonly seed: number;
}

interface Drawn<Item> {
  readonly item: Item;
  readonly key: number;
}

/**
 * Draws cells field by field, holding no more than are wanted. Every cell gets a random number that its field and its
 * label alone decide, and those with the smallest numbers are taken: the draw does not depend on the order of fields or
 * on how many there are, and cells of a smaller draw are among those of a larger one.
 */
export class Sampler<Item extends { readonly label: number }> {
  readonly #options: SampleOptions;
  readonly #classes = new Map<string, Drawn<Item>[]>();
  /** Cells that were offered, by class. */
  readonly offered = new Map<string, number>();

  constructor(options: SampleOptions) {
    this.#options = options;
  }

  /** Offers the cells of one field, whose class is `name`. */
  add(field: string, name: string, cells: readonly Item[]): void {
    const { perClass, perField, seed } = this.#options;
    this.offered.set(name, (this.offered.get(name) ?? 0) + cells.length);
    const sampled = perClass !== undefined || perField !== undefined;
    const drawn = cells.map((item) => ({
      item,
      key: sampled ? mulberry32(namedSeed(seed, "cells of fields", field, item.label))() : 0,
    }));
    let held = this.#classes.get(name);
    if (held === undefined) this.#classes.set(name, (held = []));
    held.push(...(perField === undefined ? drawn : smallest(drawn, perField)));
    if (perClass !== undefined && held.length > 2 * perClass + 1024)
      this.#classes.set(name, smallest(held, perClass));
  }

  /** The cells that were drawn, class by class. */
  take(): Item[] {
    const { perClass } = this.#options;
    return [...this.#classes.values()].flatMap((held) =>
      (perClass === undefined ? held : smallest(held, perClass)).map(({ item }) => item),
    );
  }
}

function smallest<Item>(drawn: Drawn<Item>[], count: number): Drawn<Item>[] {
  return drawn.length <= count ? drawn : [...drawn].sort((a, b) => a.key - b.key).slice(0, count);
}
