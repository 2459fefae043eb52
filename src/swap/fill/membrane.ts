/** Decay length of the membrane, px: that of the light around a cell (factor 0.61 per px). */
export const DECAY = 2;
const OVERRELAX = 1.4;
const SWEEPS = 10;

/**
 * Screened Poisson membranes, one per channel: on chosen pixels solves laplace(u) = u / DECAY^2 with u given on the
 * others and free at the crop's border, by successive over-relaxation in alternating directions (error about 1 % of
 * the largest given value).
 */
export class Membrane {
  readonly #channels: number;
  readonly #width: number;
  readonly #height: number;
  /** (height + 2) x (width + 2) x channels, 0 beyond the border: the channels' sums do not wait for each other. */
  readonly #u: Float64Array;
  readonly #inside: Int32Array;
  /** Neighbors of each chosen pixel, and the screening. */
  readonly #divisor: Float64Array;
  #size = 0;

  constructor(channels: number, height: number, width: number) {
    this.#channels = channels;
    this.#width = width;
    this.#height = height;
    this.#u = new Float64Array((height + 2) * (width + 2) * channels);
    this.#inside = new Int32Array(height * width);
    this.#divisor = new Float64Array(height * width);
  }

  /** Starts anew: chooses the first `size` of the ascending pixels `inside`, and sets u to 0 everywhere. */
  stretch(inside: Int32Array, size: number): void {
    const [height, width] = [this.#height, this.#width];
    this.#u.fill(0);
    this.#size = size;
    for (let n = 0; n < size; n++) {
      const p = inside[n];
      const y = (p / width) | 0;
      const x = p - y * width;
      const links = (x > 0 ? 1 : 0) + (x < width - 1 ? 1 : 0) + (y > 0 ? 1 : 0) + (y < height - 1 ? 1 : 0);
      this.#inside[n] = this.#at(p);
      this.#divisor[n] = links + 1 / (DECAY * DECAY);
    }
  }

  /** Gives u at a pixel that is not chosen. */
  set(channel: number, p: number, value: number): void {
    this.#u[this.#at(p) + channel] = value;
  }

  get(channel: number, p: number): number {
    return this.#u[this.#at(p) + channel];
  }

  /** Solves for u on the chosen pixels. */
  relax(): void {
    const [u, inside, divisor, size, channels] = [
      this.#u,
      this.#inside,
      this.#divisor,
      this.#size,
      this.#channels,
    ];
    const row = (this.#width + 2) * channels;
    for (let sweep = 0; sweep < SWEEPS; sweep++)
      for (let n = 0; n < size; n++) {
        const m = sweep % 2 === 0 ? n : size - 1 - n;
        const at = inside[m];
        const d = divisor[m];
        for (let i = at; i < at + channels; i++)
          u[i] += OVERRELAX * ((u[i - channels] + u[i + channels] + u[i - row] + u[i + row]) / d - u[i]);
      }
  }

  #at(p: number): number {
    const y = (p / this.#width) | 0;
    return ((y + 1) * (this.#width + 2) + p - y * this.#width + 1) * this.#channels;
  }
}
