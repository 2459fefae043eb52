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

/** Where a cell stands in a draw: its class, its random number, and its turn among cells of one number. */
export interface Place {
  readonly name: string;
  readonly key: number;
  readonly turn: number;
}

interface Drawn<Item> extends Place {
  readonly item: Item;
}

/**
 * Draws cells field by field, holding no more than are wanted. Every cell gets a random number that its field and its
 * label alone decide, and those with the smallest numbers are taken: the draw does not depend on the order of fields or
 * on how many there are, and cells of a smaller draw are among those of a larger one. Those drawn of all fields are
 * therefore among those drawn of some.
 */
export class Sampler<Item extends { readonly label: number }> {
  readonly #options: SampleOptions;
  readonly #draw: Draw<Item>;
  #turn = 0;

  constructor(options: SampleOptions) {
    this.#options = options;
    this.#draw = new Draw(options.perClass);
  }

  /** Offers the cells of one field, all at once; `nameOf` says the class of a cell. */
  add(field: string, cells: readonly Item[], nameOf: (cell: Item) => string): void {
    const { perClass, perField, seed } = this.#options;
    const sampled = perClass !== undefined || perField !== undefined;
    const drawn = cells.map((item, turn) => ({
      item,
      turn,
      key: sampled ? mulberry32(namedSeed(seed, "cells of fields", field, item.label))() : 0,
    }));
    for (const { item, key } of perField === undefined ? drawn : smallest(drawn, perField))
      this.#draw.offer({ item, key, name: nameOf(item), turn: this.#turn++ });
  }

  /** The cells that were drawn, class by class. */
  take(): Item[] {
    return this.drawn().map(({ item }) => item);
  }

  /** As {@link take}, with their places in the draw. */
  drawn(): (Place & { readonly item: Item })[] {
    return this.#draw.take();
  }
}

/** Of the cells that are offered the `perClass` of each class with the smallest numbers. */
export class Draw<Item> {
  readonly #perClass: number | undefined;
  readonly #classes = new Map<string, Drawn<Item>[]>();

  constructor(perClass: number | undefined) {
    this.#perClass = perClass;
  }

  offer(cell: Place & { readonly item: Item }): void {
    addTo(this.#classes, cell.name, cell);
    const most = this.#perClass;
    if (most === undefined) return;
    const held = this.#classes.get(cell.name)!;
    if (held.length > 2 * most + 1024) this.#classes.set(cell.name, smallest(held, most));
  }

  take(): (Place & { readonly item: Item })[] {
    const most = this.#perClass;
    return [...this.#classes.values()].flatMap((held) => (most === undefined ? held : smallest(held, most)));
  }
}

function smallest<Cell extends Pick<Place, "key" | "turn">>(drawn: Cell[], count: number): Cell[] {
  return drawn.length <= count
    ? drawn
    : [...drawn].sort((a, b) => a.key - b.key || a.turn - b.turn).slice(0, count);
}
