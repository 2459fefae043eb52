/** Cell diameter of the yeast crops on which the numbers of {@link fillLengths} were measured, px. */
const MEASURED_ON = 32;

/** Lengths of a fill, px. */
export interface Lengths {
  /** A 32nd of the cell diameter: 1 in crops of 64 px made the usual way. */
  readonly unit: number;
  /** As `unit`, but never below 1: noise has the grain of the detector's pixels, however small the cell. */
  readonly grain: number;
  /** Least width of the rim removed around every cell for `cell-free` (6): farther out a halo is below 3 % of its cell. */
  readonly freeGap: number;
  /** Width over which the fill fades into what stays (3). */
  readonly fade: number;
  /** Distance from a neighbor within which its light, not the removed cell's, makes up the rim (7). */
  readonly near: number;
  /** Distance from a neighbor up to which its light is carried on (14): the membrane has fallen to 0.1 % there. */
  readonly lit: number;
  /** Decay length of the light around a cell (2, a factor of 0.61 per unit). */
  readonly decay: number;
  /** Distance from every cell beyond which the level of the medium is measured where there is enough (8). */
  readonly far: number;
  /** Radius of the disk that fits into no sliver (2), in whole pixels. */
  readonly sliver: number;
  /** Standard deviation and side of the tiles of the level of the medium (10, 4), the side in whole pixels. */
  readonly trend: Smoothing;
  /** The same of the Gaussian that finds light left beside the removed rim (2.5, 2). */
  readonly excess: Smoothing;
  /** Width and number of the rings in which a halo is measured (1, 10); light has ended beyond the last. */
  readonly ring: number;
  readonly rings: number;
}

/** A Gaussian on square tiles, px. */
export interface Smoothing {
  readonly sigma: number;
  readonly side: number;
}

/** The lengths for crops of cells of `diameter` px, in proportion to it: cells twice as large have lengths twice as long. */
export function fillLengths(diameter: number): Lengths {
  const unit = diameter / MEASURED_ON;
  const grain = Math.max(1, unit);
  const whole = (length: number) => Math.max(1, Math.round(length));
  return {
    unit,
    grain,
    freeGap: 6 * unit,
    fade: 3 * unit,
    near: 7 * unit,
    lit: 14 * unit,
    decay: 2 * unit,
    far: 8 * unit,
    sliver: whole(2 * unit),
    trend: { sigma: 10 * unit, side: whole(4 * unit) },
    excess: { sigma: 2.5 * unit, side: whole(2 * unit) },
    ring: grain,
    rings: whole((10 * unit) / grain),
  };
}

/** Number of pixels that cover the area of `count` pixels of a 64 px crop; never fewer than `count`. */
export function pixelsFor(count: number, { grain }: Pick<Lengths, "grain">): number {
  return count * grain * grain;
}
