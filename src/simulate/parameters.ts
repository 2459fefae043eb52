/** Optics, camera and culture, with units. */
export interface Physics {
  /** Length of the field's side, pixels. */
  readonly size: number;
  /** Part of the field that cells cover: yeast 0.12 to 0.62, human 0.15 to 0.95. */
  readonly coverage: number;
  /** Standard deviation of the coverage between fields. */
  readonly coverageSpread: number;
  /** Mean radius of a cell (yeast: of a mother), pixels. */
  readonly radius: number;
  /** Standard deviation of the radius relative to its mean. */
  readonly radiusSpread: number;
  /** Standard deviation of the in-focus point spread, pixels. */
  readonly psf: number;
  /** Standard deviation of the halo that the out-of-focus part of a cell leaves around it, pixels. */
  readonly halo: number;
  /** Part of the light that goes to the halo. */
  readonly haloShare: number;
  /** Standard deviation of the haze over the field, pixels. */
  readonly haze: number;
  /** Part of the light that goes to the haze. */
  readonly hazeShare: number;
  /** Mean number of hazy cells below and above the section per 256 x 256 px. */
  readonly clouds: number;
  /** Depth over which the section's brightness rises from the edge of a cell inwards, pixels. */
  readonly depth: number;
  /** Part of the cells that lie out of focus. */
  readonly defocused: number;
  /** Photons per pixel at a mean of 1 (see the organism's levels), one number per channel. */
  readonly photons: readonly number[];
  /** Autofluorescence of a cell in the same units, one number per channel. */
  readonly autofluorescence: readonly number[];
  /** Light of the medium, photons per pixel, one number per channel. */
  readonly medium: readonly number[];
  /** Read noise, electrons (root mean square). */
  readonly readNoise: number;
  /** Counts per photon. */
  readonly gain: number;
  /** Camera offset, counts. */
  readonly offset: number;
  /** Fall of the illumination from its brightest point to the corner, relative. */
  readonly vignette: number;
  /** Standard deviation of the logarithm of every per-field factor (gain, medium, autofluorescence, haze, point spread). */
  readonly batch: number;
  /** The same of the factors that all fields of a plate share, where there are plates. */
  readonly plate: number;
}

/**
 * Yeast. A pixel is 0.13 um (spinning disk, 60x objective with binning: a cell of 5 um is 38 px across). Radius:
 * Jorgensen et al. 2002, Science 297:395. Values without a source are fitted to statistics of real crops
 * (docs/simulation.md).
 */
export const PHYSICS: Physics = {
  size: 256,
  coverage: 0.36,
  coverageSpread: 0.07,
  radius: 17.8,
  radiusSpread: 0.13,
  psf: 1.6,
  halo: 3.6,
  haloShare: 0.42,
  haze: 20,
  hazeShare: 0.05,
  clouds: 9,
  depth: 2.4,
  defocused: 0.04,
  photons: [120, 110],
  autofluorescence: [0.08, 0.02],
  medium: [6, 10],
  readNoise: 4.5,
  gain: 2,
  offset: 110,
  vignette: 0.15,
  batch: 0.2,
  plate: 0.3,
};

/**
 * Adherent human cells. A pixel is 0.4 um (a confocal field of the Human Protein Atlas at a fifth of its resolution, or
 * a 20x objective: a cell of 24 um is 60 px across). Optics and camera are those of yeast where nothing else is said.
 */
export const HUMAN_PHYSICS: Physics = {
  ...PHYSICS,
  size: 512,
  coverage: 0.6,
  coverageSpread: 0.2,
  radius: 29,
  radiusSpread: 0.14,
  psf: 0.9,
  halo: 3,
  haloShare: 0.25,
  haze: 28,
  hazeShare: 0.05,
  clouds: 1.5,
  depth: 2,
  defocused: 0.02,
  photons: [150, 110, 110, 120],
  autofluorescence: [0.01, 0.02, 0.02, 0.06],
  medium: [6, 6, 8, 8],
  vignette: 0.25,
};
