import { Distances } from "./distances.ts";
import type { Lengths } from "./lengths.ts";
import { type Cut, emptyRemoval, type FillKind, listRemoved, type Removal } from "./removal.ts";
import { collectRings, emptyRings, type Rings, ringScale } from "./rings.ts";
import { emptyShore, listShore, type Shore } from "./shore.ts";
import { diskOffsets, relabelSlivers } from "./sliver.ts";
import { emptySurroundings, listSurroundings, type Surroundings } from "./surroundings.ts";

/** What of a fill follows from the mask alone, the same for every channel. */
export interface Site {
  readonly lengths: Lengths;
  readonly cut: Cut;
  /** Distances of the mask to go by, in which slivers belong to the center cell. */
  readonly distances: Distances;
  readonly removal: Removal;
  /** Label-0 pixels around the removed center cell. */
  readonly ownRings: Rings;
  readonly surroundings: Surroundings;
  readonly shore: Shore;
}

/** Looks at masks of one shape. All buffers are made once: a site holds until the next survey. */
export class Surveyor {
  readonly #height: number;
  readonly #width: number;
  readonly #lengths: Lengths;
  readonly #disk: Int32Array;
  readonly #labels: Uint8Array;
  readonly #given: Distances;
  readonly #relabeled: Distances;
  readonly #lists: Pick<Site, "removal" | "ownRings" | "surroundings" | "shore">;

  constructor(height: number, width: number, lengths: Lengths) {
    const pixels = height * width;
    const scale = ringScale(lengths);
    this.#height = height;
    this.#width = width;
    this.#lengths = lengths;
    this.#disk = diskOffsets(lengths.sliver);
    this.#labels = new Uint8Array(pixels);
    this.#given = new Distances(height, width, scale);
    this.#relabeled = new Distances(height, width, scale);
    this.#lists = {
      removal: emptyRemoval(pixels),
      ownRings: emptyRings(pixels, scale),
      surroundings: emptySurroundings(pixels),
      shore: emptyShore(pixels),
    };
  }

  /** Looks at a mask, from which `kind` with a rim of `halo` px is to be removed. */
  survey(mask: Uint8Array, kind: FillKind, halo: number): Site {
    const lengths = this.#lengths;
    const { removal, ownRings, surroundings, shore } = this.#lists;
    const distances = kind === "center" ? this.#withoutSlivers(mask, halo) : this.#given;
    if (kind === "cell-free") distances.take(mask);
    distances.measureAll();
    const { toCenter, toCell, toNeighbor } = distances;
    const cut: Cut = {
      kind,
      rim: kind === "center" ? halo : Math.max(halo, lengths.freeGap),
      mask: distances.mask,
      from: kind === "center" ? toCenter : toCell,
      toNeighbor,
    };
    if (kind === "center") collectRings(cut.mask, toCenter, toCell, ownRings);
    listRemoved(cut, lengths, removal);
    listSurroundings(cut, lengths, surroundings);
    listShore(cut, removal, this.#width, lengths, shore);
    return { lengths, cut, distances, ...this.#lists };
  }

  /** Distances of the mask, or of the mask with its slivers relabeled where it has any. */
  #withoutSlivers(mask: Uint8Array, halo: number): Distances {
    this.#given.take(mask);
    this.#given.measureCenter();
    const relabeled = relabelSlivers(
      { mask, height: this.#height, width: this.#width, disk: this.#disk },
      this.#given.toCenter,
      halo,
      this.#labels,
    );
    if (relabeled === 0) return this.#given;
    this.#relabeled.take(this.#labels);
    return this.#relabeled;
  }
}
