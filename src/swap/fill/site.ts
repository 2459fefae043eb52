import { squaredDistance } from "../../image/distance.ts";
import { BACKGROUND, CENTER, NEIGHBOR } from "../../types.ts";
import { collectRings, emptyRings, REACH, type Rings } from "./medium.ts";
import { relabelSlivers } from "./sliver.ts";

/** What is removed: the center cell with its halo, or every cell with its halo. */
export type FillKind = "center" | "cell-free";

/** Least width of the rim removed around every cell for `cell-free`, px: farther out a halo is below 3 % of its cell. */
export const FREE_GAP = 6;
/** Distance from a neighbor within which its light, not the removed cell's, makes up the rim, px. */
const NEAR = 7;
/** Distance from a neighbor up to which its light is carried on, px: the membrane has fallen to 0.1 % there. */
const LIT = 14;
/** Width over which the fill fades into what stays, px. */
const FADE = 3;

/** Pixels, the first `size` of `pixels`, ascending; `values[n]` belongs to the nth where the list has values. */
export interface PixelList {
  readonly pixels: Int32Array;
  readonly values: Float64Array;
  size: number;
}

function emptyList(pixels: number): PixelList {
  return { pixels: new Int32Array(pixels), values: new Float64Array(pixels), size: 0 };
}

/** Distances of a mask, kept until another one is taken up. */
class Distances {
  readonly mask: Uint8Array;
  readonly toCenter: Int32Array;
  readonly toNeighbor: Int32Array;
  readonly toCell: Int32Array;
  readonly rings: Rings;
  readonly #height: number;
  readonly #width: number;
  #center = false;
  #all = false;

  constructor(height: number, width: number) {
    const pixels = height * width;
    this.#height = height;
    this.#width = width;
    this.mask = new Uint8Array(pixels);
    this.toCenter = new Int32Array(pixels);
    this.toNeighbor = new Int32Array(pixels);
    this.toCell = new Int32Array(pixels);
    this.rings = emptyRings(pixels);
  }

  take(mask: Uint8Array): void {
    let p = 0;
    while (p < mask.length && mask[p] === this.mask[p]) p++;
    if (p === mask.length) return;
    this.mask.set(mask);
    this.#center = this.#all = false;
  }

  measureCenter(): void {
    if (!this.#center) squaredDistance(this.mask, this.#height, this.#width, this.toCenter, CENTER);
    this.#center = true;
  }

  measure(): void {
    if (this.#all) return;
    this.#all = true;
    const { mask, toCenter, toNeighbor, toCell } = this;
    this.measureCenter();
    squaredDistance(mask, this.#height, this.#width, toNeighbor, NEIGHBOR);
    for (let p = 0; p < mask.length; p++)
      toCell[p] = toCenter[p] < toNeighbor[p] ? toCenter[p] : toNeighbor[p];
    collectRings(mask, toCell, toCell, this.rings);
  }
}

/**
 * What of a fill follows from the mask alone, the same for every channel: distances, and which pixels each step
 * concerns. All buffers are made once.
 */
export class Site {
  readonly #height: number;
  readonly #width: number;
  readonly #labels: Uint8Array;
  readonly #given: Distances;
  readonly #relabeled: Distances;
  /** Distances of the mask to go by, in which slivers belong to the center cell. */
  #distances: Distances;
  /** Squared distance to the removed cells, px^2. */
  from: Int32Array;
  /** Share of fill: 1 in the removed pixels, falling to 0 around, 0 near neighbors that stay. */
  readonly fade: Float32Array;
  /** 1 where `fade` is not 0. */
  readonly wanted: Uint8Array;
  /** Pixels that are removed; those around in which the fill fades, with sine and cosine (the values) of its share. */
  readonly removed: PixelList;
  readonly fading: PixelList;
  readonly sines: Float64Array;
  /** Label-0 pixels around the removed center cell. */
  readonly ownRings: Rings;
  /** Pixels that lose the removed cell's light: all of it, or (near neighbors) no more than there is. */
  readonly lit: PixelList;
  readonly shy: PixelList;
  /** Label-0 pixels around the rim on which excess light is measured; for `around` those near neighbors left out. */
  readonly aroundAll: PixelList;
  readonly around: PixelList;
  /** Pixels of `around` that lose excess light, with its share. */
  readonly beside: PixelList;
  /** Removed pixels that neighbors' light reaches; pixels that stay beside them, with the neighbors' share of theirs. */
  readonly shaded: PixelList;
  readonly shore: PixelList;
  readonly #onShore: Uint8Array;

  constructor(height: number, width: number) {
    const pixels = height * width;
    this.#height = height;
    this.#width = width;
    this.#labels = new Uint8Array(pixels);
    this.#given = new Distances(height, width);
    this.#relabeled = new Distances(height, width);
    this.#distances = this.#given;
    this.from = this.toCell;
    this.fade = new Float32Array(pixels);
    this.wanted = new Uint8Array(pixels);
    this.removed = emptyList(pixels);
    this.fading = emptyList(pixels);
    this.sines = new Float64Array(pixels);
    this.ownRings = emptyRings(pixels);
    this.lit = emptyList(pixels);
    this.shy = emptyList(pixels);
    this.aroundAll = emptyList(pixels);
    this.around = emptyList(pixels);
    this.beside = emptyList(pixels);
    this.shaded = emptyList(pixels);
    this.shore = emptyList(pixels);
    this.#onShore = new Uint8Array(pixels);
  }

  /** The mask to go by. */
  get mask(): Uint8Array {
    return this.#distances.mask;
  }
  /** Squared distance to the nearest cell, px^2. */
  get toCell(): Int32Array {
    return this.#distances.toCell;
  }
  /** Label-0 pixels around any cell. */
  get cellRings(): Rings {
    return this.#distances.rings;
  }

  /** Looks at a mask, from which `kind` with a rim of `halo` px is to be removed. */
  survey(mask: Uint8Array, kind: FillKind, halo: number): void {
    const rim = kind === "center" ? halo : Math.max(halo, FREE_GAP);
    this.#distances = this.#given;
    this.#given.take(mask);
    if (kind === "center") {
      this.#given.measureCenter();
      const { toCenter } = this.#given;
      if (relabelSlivers(mask, this.#height, this.#width, toCenter, halo, this.#labels) > 0) {
        this.#distances = this.#relabeled;
        this.#relabeled.take(this.#labels);
      }
    }
    this.#distances.measure();
    this.from = kind === "center" ? this.#distances.toCenter : this.#distances.toCell;
    if (kind === "center") collectRings(this.mask, this.from, this.toCell, this.ownRings);
    this.#listRemoved(kind, rim);
    this.#listLosing(kind, rim);
    this.#listShaded(kind);
  }

  #listRemoved(kind: FillKind, rim: number): void {
    const { from, mask, removed, fading, fade, wanted } = this;
    const { toNeighbor } = this.#distances;
    removed.size = fading.size = 0;
    for (let p = 0; p < mask.length; p++) {
      let share = 0;
      if (kind === "cell-free" || mask[p] !== NEIGHBOR) {
        if (from[p] <= rim * rim) {
          share = 1;
          removed.pixels[removed.size++] = p;
        } else if (from[p] < (rim + FADE) * (rim + FADE)) {
          share = 1 - (Math.sqrt(from[p]) - rim) / FADE;
          if (kind === "center") share *= Math.min(1, Math.max(0, (Math.sqrt(toNeighbor[p]) - NEAR + 3) / 3));
          share = Math.fround(share);
          if (share > 0) {
            const angle = (Math.PI / 2) * share;
            this.sines[fading.size] = Math.sin(angle);
            fading.values[fading.size] = Math.cos(angle);
            fading.pixels[fading.size++] = p;
          }
        }
      }
      fade[p] = share;
      wanted[p] = share > 0 ? 1 : 0;
    }
  }

  #listLosing(kind: FillKind, rim: number): void {
    const { from, mask, lit, shy, aroundAll, around, beside } = this;
    const { toNeighbor } = this.#distances;
    const careful = kind === "center";
    const widest = (rim + 2 * REACH) * (rim + 2 * REACH);
    const besideEnd = rim + 2 * FADE + 1;
    lit.size = shy.size = aroundAll.size = around.size = beside.size = 0;
    for (let p = 0; p < mask.length; p++) {
      const d = from[p];
      if (d <= rim * rim || d > widest) continue;
      const free = mask[p] === BACKGROUND;
      const far = !careful || toNeighbor[p] >= NEAR * NEAR;
      if (d <= REACH * REACH && (free || !careful)) {
        const list = far ? lit : shy;
        list.pixels[list.size++] = p;
      }
      if (!free) continue;
      aroundAll.pixels[aroundAll.size++] = p;
      if (!far) continue;
      around.pixels[around.size++] = p;
      if (d > besideEnd * besideEnd + 1) continue;
      const distance = Math.sqrt(d);
      if (distance >= besideEnd) continue;
      beside.values[beside.size] = Math.min(1, (besideEnd - distance) / (FADE + 1));
      beside.pixels[beside.size++] = p;
    }
  }

  #listShaded(kind: FillKind): void {
    const { removed, shaded, shore } = this;
    const [onShore, width, pixels] = [this.#onShore, this.#width, this.fade.length];
    for (let n = 0; n < shore.size; n++) onShore[shore.pixels[n]] = 0;
    shaded.size = shore.size = 0;
    if (kind === "cell-free") return;
    for (let n = 0; n < removed.size; n++) {
      const p = removed.pixels[n];
      if (this.#distances.toNeighbor[p] > LIT * LIT) continue;
      shaded.pixels[shaded.size++] = p;
      const x = p % width;
      if (x > 0) this.#land(p - 1);
      if (x < width - 1) this.#land(p + 1);
      if (p >= width) this.#land(p - width);
      if (p + width < pixels) this.#land(p + width);
    }
  }

  /** Puts a pixel that stays on the shore: the nearer the neighbor, the more of the light there is its own. */
  #land(p: number): void {
    const { shore } = this;
    if (this.fade[p] === 1 || this.#onShore[p] === 1 || this.#distances.toNeighbor[p] >= NEAR * NEAR) return;
    this.#onShore[p] = 1;
    shore.values[shore.size] = Math.min(1, (NEAR - Math.sqrt(this.#distances.toNeighbor[p])) / 3);
    shore.pixels[shore.size++] = p;
  }
}
