/** Standard deviation of the smoothing before everything else, px, for cells (or nuclei) of `diameter` px. */
export function smoothing(diameter: number): number {
  return (RECIPE.smoothing * diameter) / RECIPE.diameter;
}

/**
 * The numbers of the segmentation. Lengths are for cells 32 px across and scale with the cell diameter; areas scale
 * with its square. Levels are square roots of field-scaled intensities (see field.ts), so they carry no unit.
 */
export const RECIPE = {
  /** Cell diameter that the lengths below are for, px. */
  diameter: 32,
  /** Smoothing before everything else: above the pixel noise, below the width of a bud neck. */
  smoothing: 1.5,
  /** Half of the side of the central window that has to see the center cell. */
  window: 3,
  /** Share of the window that has to be labeled. */
  windowShare: 1 / 3,
  /** A crop's own threshold is kept between these multiples of its field's: crops full of cells or empty ones mislead Otsu. */
  thresholdRange: [0.6, 1.1],
  /** Threshold factors in the order tried; higher ones pull touching cells apart, the low ones at the end are for dim cells. */
  factors: [1, 1.12, 1.25, 1.4, 1.6, 1.8, 2, 0.85, 0.7],
  /** Depths of the valley in the distance map that makes two cells of one blob, px. */
  depths: [0.75, 0.35],
  /** Smoothing of the distance map, px. */
  reliefSmoothing: 1,
  /** Disk that bridges and specks of the foreground are opened with, px. */
  bridge: 2,
  /** Disk that the center cell itself is opened with, px. */
  spur: 3,
  /** A cell's rim is where its linear intensity falls to this share of its upper quartile. */
  rim: 0.4,
  /** Farthest that a cell found at a raised threshold grows back, px. */
  growth: 3,
  /** Smoothing of the level that growth follows, px. */
  growthSmoothing: 0.5,
  /** Where cells touch: distance that levels are compared over, px, and the share of the cell's level they have to differ by. */
  seam: { reach: 3, contrast: 0.12, bare: 0.08, weight: 0.5 },
  /** A cell as compact, round and central as this ends the search. */
  good: { solidity: 0.95, offset: 4.5 },
  /** Disk that open vacuoles (C-shaped cells) are closed with, px, and the largest share of the cell that this may add. */
  vacuole: 6,
  vacuoleShare: 0.3,
  /** Smallest piece that counts as neighbor, px2, and how far from the center cell it must reach, px. */
  neighborArea: 25,
  neighborReach: 4.5,
  /** Dim neighbors: threshold as a share of the field's, at least this far from the center cell, opened with this disk, px. */
  dim: { share: 0.7, distance: 6, disk: 3 },
} as const;

/** The numbers of the search for cells from their nuclei; shares of the cell diameter unless said otherwise. */
export const SEEDED = {
  /** Diameter of a nucleus. */
  nucleus: 0.45,
  /** A crop's own threshold of the nuclei is kept between these multiples of its field's. */
  thresholdRange: [0.7, 1.2],
  /** Depth of the valley in the distance map that makes two nuclei of one blob, in the recipe's px of a nucleus. */
  depth: 2,
  /** Smallest nucleus, as a share of the area of a typical one; of one that the crop's edge cuts. */
  least: 0.15,
  leastCut: 0.05,
  /** Smoothing of the cell channel: below the width of the dark seam between cells; and at least, px, for the noise. */
  smoothing: 0.0125,
  leastSmoothing: 0.8,
  /**
   * Threshold of the cells in their field: this multiple of the lower one of three classes (medium, dim, bright), but
   * no less than this multiple of that of two, where cells are few and the three classes split the medium.
   */
  threshold: { three: 0.85, two: 0.65 },
  /**
   * How slowly fronts run from the nuclei: over a pixel of level l, 0..1, and of gradient g, per px, as
   * (1 + (edge g)^2) / max(dimmest, l)^dark. So they meet in dim seams and at bright or steep ones.
   */
  slowness: { dark: 3, edge: 80, dimmest: 0.05 },
  /** Disk that the cell is opened with. */
  spur: 0.03,
} as const;
