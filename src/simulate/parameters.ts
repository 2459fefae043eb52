/**
 * Optics, camera and culture, with units. A pixel is 0.13 um (spinning disk, 60x objective with binning: a cell of
 * 5 um is 38 px across). Values without a source are fitted to statistics of real crops (docs/simulation.md).
 */
export interface Physics {
  /** Length of the field's side, pixels. */
  readonly size: number;
  /** Part of the field that cells cover, 0 to 0.6. */
  readonly coverage: number;
  /** Standard deviation of the coverage between fields. */
  readonly coverageSpread: number;
  /** Mean radius of a mother cell, pixels (2.2 um; Jorgensen et al. 2002, Science 297:395). */
  readonly radius: number;
  /** Standard deviation of the radius relative to its mean. */
  readonly radiusSpread: number;
  /** Standard deviation of the in-focus point spread, pixels (0.18 um). */
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
  /** Photons per pixel at a mean of 1 (see LOCALIZATION_LEVELS), GFP and RFP. */
  readonly photons: readonly [number, number];
  /** Autofluorescence of a cell in the same units, GFP and RFP. */
  readonly autofluorescence: readonly [number, number];
  /** Light of the medium, photons per pixel, GFP and RFP. */
  readonly medium: readonly [number, number];
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
}

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
};
