import { addTo } from "../../core/group.ts";
import { mulberry32, namedSeed } from "../../core/rng.ts";
import type { Labels } from "../metadata/labels.ts";

export interface SampleOptions {
  /** Most cells of a class; all where not given. */
  readonly perClass?: number | undefined;
  /** Most cells of a field; all where not given. */
  readonly perField?: number | undefined;
  readonly seed: number;
}

/** What a draw of cells is told, whatever says where they are. */
export interface DrawOptions extends Omit<SampleOptions, "seed"> {
  readonly seed?: number | undefined;
  /** Metadata column that is the class for `perClass`: Localization by default, where there is none Protein. */
  readonly classColumn?: string | undefined;
  readonly labels?: Labels | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after every field whose cells were found. */
  readonly onField?: ((done: number, total: number) => void) | undefined;
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
  constructor(options: SampleOptions) {
    this.#options = options;
  }

  /** Offers the cells of one field, all at once; `nameOf` says the class of a cell. */
  add(field: string, cells: readonly Item[], nameOf: (cell: Item) => string): void {
    const { perClass, perField, seed } = this.#options;
    const sampled = perClass !== undefined || perField !== undefined;
    const drawn = cells.map((item) => ({
      item,
      key: sampled ? mulberry32(namedSeed(seed, "cells of fields", field, item.label))() : 0,
    }));
    for (const cell of perField === undefined ? drawn : smallest(drawn, perField))
      addTo(this.#classes, nameOf(cell.item), cell);
    if (perClass === undefined) return;
    for (const [name, held] of this.#classes)
      if (held.length > 2 * perClass + 1024) this.#classes.set(name, smallest(held, perClass));
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
