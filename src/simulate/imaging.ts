import { normal, type Random } from "../core/rng.ts";
import { addDoubled, blur, expose, halve } from "./optics.ts";
import type { Physics } from "./parameters.ts";

/** What multiplies the light of the fields of one batch. */
export interface Factors {
  /** One per channel. */
  readonly gain: readonly number[];
  readonly medium: number;
  readonly autofluorescence: number;
  readonly haze: number;
  readonly psf: number;
}

/** What differs between fields besides their cells. */
export interface Batch extends Factors {
  /** Brightest point of the illumination, parts of the field's side. */
  readonly light: readonly [number, number];
  /** Haze of cells below and above the section: center (parts of the side), width (pixels), amount. */
  readonly clouds: readonly (readonly [x: number, y: number, sigma: number, amount: number])[];
}

/** Standard deviation of the blur of a cell out of focus, pixels. */
const DEFOCUS = 4;

/** Draws factors whose logarithms have the standard deviation `spread` (1.5 times that for medium and haze, 0.4 for the point spread). */
export function drawFactors(random: Random, channels: number, spread: number): Factors {
  const factor = (scale = 1) => Math.exp(scale * spread * normal(random));
  return {
    gain: Array.from({ length: channels }, () => factor()),
    medium: factor(1.5),
    autofluorescence: factor(),
    haze: factor(1.5),
    psf: factor(0.4),
  };
}

/** The batch of a field on a plate. */
export function onPlate(batch: Batch, plate: Factors): Batch {
  return {
    ...batch,
    gain: batch.gain.map((own, channel) => own * plate.gain[channel]),
    medium: batch.medium * plate.medium,
    autofluorescence: batch.autofluorescence * plate.autofluorescence,
    haze: batch.haze * plate.haze,
    psf: batch.psf * plate.psf,
  };
}

/** Draws what one field's images share. */
export function drawBatch(random: Random, physics: Physics): Batch {
  return {
    ...drawFactors(random, physics.photons.length, physics.batch),
    light: [0.2 + 0.6 * random(), 0.2 + 0.6 * random()],
    clouds: Array.from(
      { length: Math.round(physics.clouds * (physics.size / 256) ** 2 * 2 * random()) },
      () => [random(), random(), 8 + 14 * random(), 0.16 * random() * random()] as const,
    ),
  };
}

/** What {@link takeImage} images: the light of one channel. */
export interface Exposure {
  /** Light of the cells in focus and out of it, size x size. */
  readonly light: Float32Array;
  readonly defocused: Float32Array;
  readonly channel: number;
  /** Of the camera's noise. */
  readonly seed: number;
}

/** Images one channel into `out` (size x size, counts): point spread, halo, haze, medium, illumination and camera. */
export function takeImage(out: Float32Array, exposure: Exposure, physics: Physics, batch: Batch): void {
  const { light, defocused, channel } = exposure;
  const { size, halo, haloShare, haze, hazeShare } = physics;
  const sharp = 1 - haloShare;
  const lost = halve(defocused, size);
  const wide = halve(light, size);
  for (let p = 0; p < wide.length; p++) wide[p] += lost[p];
  const far = halve(halve(wide, size / 2), size / 4);
  for (const [x, y, sigma, amount] of batch.clouds) {
    for (let p = 0; p < far.length; p++) {
      const dx = (p % (size / 8)) - (x * size) / 8;
      const dy = Math.floor(p / (size / 8)) - (y * size) / 8;
      far[p] += (amount / hazeShare) * Math.exp((-32 * (dx * dx + dy * dy)) / (sigma * sigma));
    }
  }
  blur(far, size / 8, haze / 8);
  blur(wide, size / 2, halo / 2);
  blur(lost, size / 2, DEFOCUS / 2);
  for (let p = 0; p < wide.length; p++) wide[p] = haloShare * wide[p] + 0.8 * sharp * lost[p];
  const middle = new Float32Array((size / 4) ** 2);
  addDoubled(middle, far, size / 4, hazeShare * batch.haze);
  addDoubled(wide, middle, size / 2, 1);
  out.set(light);
  blur(out, size, physics.psf * batch.psf);
  for (let p = 0; p < out.length; p++) out[p] *= sharp;
  addDoubled(out, wide, size, 1);
  const photons = physics.photons[channel] * batch.gain[channel];
  const medium = physics.medium[channel] * batch.medium;
  const [lx, ly] = [batch.light[0] * size, batch.light[1] * size];
  const fall = physics.vignette / (size * size);
  for (let y = 0, p = 0; y < size; y++) {
    const dy = (y - ly) ** 2;
    for (let x = 0; x < size; x++, p++) {
      const dx = x - lx;
      out[p] = (out[p] * photons + medium) * (1 - fall * (dx * dx + dy));
    }
  }
  expose(out, exposure.seed, physics);
}
