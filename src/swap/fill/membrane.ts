import type { Lengths } from "./lengths.ts";
import type { PixelList } from "./pixel-list.ts";

/** Sweeps for a decay length of 2 px, and fewest sweeps. */
const SWEEPS = 10;

/** Factor of over-relaxation for a decay length, px: 1.4 for 2 px, nearer to 2 the longer it is, never below 1. */
function overrelaxation(decay: number): number {
  return Math.max(1, (14 * decay) / (7 * decay + 6));
}

/**
 * Screened Poisson membranes, one per channel: on chosen pixels solves laplace(u) = u / decay^2 with u given on the
 * others and free at the crop's border, by successive over-relaxation in alternating directions, with more
 * sweeps the longer light reaches (error at most 1 % of the largest given value for decay lengths up to 8 px, 2 % at
 * 16 px).
 */
export class Membrane {
  readonly #channels: number;
  readonly #width: number;
  readonly #height: number;
  /** px */
  readonly #decay: number;
  /** (height + 2) x (width + 2) x channels, 0 beyond the border: the channels' sums do not wait for each other. */
  readonly #u: Float64Array;
  readonly #inside: Int32Array;
  /** Neighbors of each chosen pixel, and the screening. */
  readonly #divisor: Float64Array;
  #size = 0;

  constructor(channels: number, height: number, width: number, { decay }: Pick<Lengths, "decay">) {
    this.#channels = channels;
    this.#width = width;
    this.#height = height;
    this.#decay = decay;
    this.#u = new Float64Array((height + 2) * (width + 2) * channels);
    this.#inside = new Int32Array(height * width);
    this.#divisor = new Float64Array(height * width);
  }

  /** Starts anew: chooses pixels, ascending, and sets u to 0 everywhere. */
  stretch({ pixels, size }: PixelList): void {
    const [height, width] = [this.#height, this.#width];
    this.#u.fill(0);
    this.#size = size;
    for (let n = 0; n < size; n++) {
      const p = pixels[n];
      const y = (p / width) | 0;
      const x = p - y * width;
      const links = (x > 0 ? 1 : 0) + (x < width - 1 ? 1 : 0) + (y > 0 ? 1 : 0) + (y < height - 1 ? 1 : 0);
      this.#inside[n] = this.#at(p);
      this.#divisor[n] = links + 1 / (this.#decay * this.#decay);
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
    const relaxation = overrelaxation(this.#decay);
    const sweeps = Math.ceil(SWEEPS * Math.max(1, this.#decay / 2) ** 1.3);
    for (let sweep = 0; sweep < sweeps; sweep++)
      for (let n = 0; n < size; n++) {
        const m = sweep % 2 === 0 ? n : size - 1 - n;
        const at = inside[m];
        const d = divisor[m];
        for (let i = at; i < at + channels; i++)
          u[i] += relaxation * ((u[i - channels] + u[i + channels] + u[i - row] + u[i + row]) / d - u[i]);
      }
  }

  #at(p: number): number {
    const y = (p / this.#width) | 0;
    return ((y + 1) * (this.#width + 2) + p - y * this.#width + 1) * this.#channels;
  }
}
