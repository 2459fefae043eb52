import { normal, type Random } from "../../core/rng.ts";
import type { HumanLocalization } from "../../names.ts";
import type { HumanAnatomy } from "./anatomy.ts";
import { blob, type HumanPatch, noiseAt, point, within } from "./patch.ts";

/** What a structure is drawn from: the cell, and its protein's multipliers of number and size. */
export interface HumanSubject {
  readonly patch: HumanPatch;
  readonly anatomy: HumanAnatomy;
  readonly number: number;
  readonly size: number;
}

type Painter = (out: Float32Array, subject: HumanSubject, random: Random) => void;

/** Draws one localization's structure into `out` (patch pixels, arbitrary scale, before the point spread). */
export const HUMAN_PAINTERS: Readonly<Record<HumanLocalization, Painter>> = {
  Nucleoplasm(out, { patch, anatomy }, random) {
    const shift = place(random);
    each(patch, (p, x, y) => {
      out[p] += inNucleus(anatomy, p) * (1 + 0.12 * noiseAt(x, y, 1, shift));
    });
    dimNucleoli(out, patch, anatomy, 0.35);
  },

  "Nuclear speckles"(out, { patch, anatomy, number, size }, random) {
    for (const n of anatomy.nuclei)
      for (let k = Math.max(6, count(random, 14 * number)); k > 0; k--) {
        const at = somewhere(n, 0.82, random);
        blob(out, patch, at, (0.8 + 0.5 * random()) * size, 0.6 + 0.7 * random());
      }
    each(patch, (p) => {
      out[p] = (out[p] + 0.12) * inNucleus(anatomy, p);
    });
    dimNucleoli(out, patch, anatomy, 0.3);
  },

  Nucleoli(out, { patch, anatomy, size }, random) {
    for (const n of anatomy.nuclei)
      for (const o of n.nucleoli) blob(out, patch, o.at, 0.75 * o.radius * size, 0.8 + 0.4 * random());
    each(patch, (p) => {
      out[p] = (out[p] + 0.06) * inNucleus(anatomy, p);
    });
  },

  "Nuclear membrane"(out, { patch, anatomy, size }, random) {
    envelope(out, patch, anatomy, 0.8 * size, 1);
    const shift = place(random);
    each(patch, (p, x, y) => {
      out[p] *= Math.max(0.2, 1 + 0.25 * noiseAt(x, y, 1.3, shift));
      out[p] += 0.12 * inNucleus(anatomy, p);
    });
  },

  Cytosol(out, { patch, anatomy }, random) {
    cytosol(out, patch, anatomy, 0.25 + 0.2 * random(), random);
  },

  "Endoplasmic reticulum"(out, { patch, anatomy, size }, random) {
    reticulum(out, patch, anatomy, size, random);
  },

  "Golgi apparatus"(out, { patch, anatomy, number, size }, random) {
    const [cx, cy] = anatomy.centrosomes[0];
    const spread = 0.14 * patch.shape.radius;
    // Ribbons beside the centrosome; in mitosis fragments all over the cell.
    const ribbons = Math.max(4, count(random, 10 * number));
    for (let k = 0; k < ribbons; k++) {
      let [x, y] = anatomy.plates.length > 0 ? anywhere(patch, random) : [cx, cy];
      x += spread * normal(random);
      y += spread * normal(random);
      let angle = 2 * Math.PI * random();
      const steps = anatomy.plates.length > 0 ? 1 : 3 + Math.floor(5 * random());
      for (let s = 0; s < steps; s++) {
        if (within(patch, x, y, 2) && outside(patch, anatomy, x, y))
          blob(out, patch, [x, y], 0.8 * size, 0.5 + 0.5 * random());
        x += 1.1 * Math.cos(angle);
        y += 1.1 * Math.sin(angle);
        angle += 0.7 * normal(random);
      }
    }
  },

  Mitochondria(out, { patch, anatomy, number }, random) {
    const tubes = Math.max(12, count(random, 42 * number));
    for (let k = 0; k < tubes; k++) {
      // Most start near the nucleus.
      const start = near(patch, anatomy, 0.55, random);
      const bright = 0.5 + 0.7 * random();
      const outward = Math.atan2(start[1] - center(patch)[1], start[0] - center(patch)[0]);
      wander(out, patch, anatomy, {
        start,
        angle: outward + 0.9 * normal(random),
        steps: 5 + Math.floor(14 * random()),
        bend: 0.4,
        amount: bright,
        thick: true,
        random,
      });
    }
  },

  Vesicles(out, { patch, anatomy, number, size }, random) {
    for (let k = Math.max(8, count(random, 34 * number)); k > 0; k--) {
      const at = random() < 0.5 ? near(patch, anatomy, 0.5, random) : anywhere(patch, random);
      if (outside(patch, anatomy, ...at))
        blob(out, patch, at, (0.55 + 0.35 * random()) * size, 0.5 + random());
    }
  },

  Centrosome(out, { patch, anatomy, size }, random) {
    const twice = anatomy.centrosomes.length === 1 && random() < 0.4;
    for (const [x, y] of anatomy.centrosomes) {
      blob(out, patch, [x, y], 0.85 * size, 1);
      if (twice) blob(out, patch, [x + 1.6 * normal(random), y + 1.6 * normal(random)], 0.8 * size, 0.8);
    }
  },

  Microtubules(out, { patch, anatomy, number }, random) {
    microtubules(out, patch, anatomy, number, random);
  },

  "Actin filaments"(out, { patch, number, size }, random) {
    const { shape, width, height, depth } = patch;
    const [cx, cy] = center(patch);
    const along = shape.axis + 0.25 * normal(random);
    const fibers = shape.mitotic ? 0 : Math.max(5, count(random, 11 * number));
    for (let k = 0; k < fibers; k++) {
      const off = shape.radius * (1.8 * random() - 0.9);
      const angle = along + 0.12 * normal(random);
      const half = shape.radius * (0.35 + 0.75 * random());
      const shift = 0.4 * shape.radius * normal(random);
      const bright = 0.4 + 0.6 * random();
      for (let t = -half; t <= half; t += 0.7) {
        const x = cx + (t + shift) * Math.cos(angle) - off * Math.sin(angle);
        const y = cy + (t + shift) * Math.sin(angle) + off * Math.cos(angle);
        if (within(patch, x, y, 1)) point(out, patch, x, y, bright);
      }
    }
    for (let p = 0; p < width * height; p++)
      if (depth[p] > 0) out[p] += 0.55 * Math.exp(-0.5 * ((depth[p] - 1) / (1.1 * size)) ** 2) + 0.03;
  },

  "Plasma membrane"(out, { patch, anatomy, size }, random) {
    const shift = place(random);
    const ruffled = 0.2 + 0.25 * random();
    each(patch, (p, x, y) => {
      const rim = Math.exp(-0.5 * ((patch.depth[p] - 1) / (0.9 * size)) ** 2);
      const ruffle = Math.max(0.2, 1 + ruffled * noiseAt(x, y, 1.6, shift));
      out[p] += rim * ruffle + 0.07 * anatomy.thickness[p];
    });
  },
};

/** The marker of the DNA channel: nuclei with mottled chromatin, dim nucleoli and, in mitosis, bright plates. */
export function chromatin(out: Float32Array, patch: HumanPatch, anatomy: HumanAnatomy, random: Random): void {
  const shift = place(random);
  const coarse = place(random);
  each(patch, (p, x, y) => {
    const grain = 1 + 0.13 * noiseAt(x, y, 0.8, shift) + 0.1 * noiseAt(x, y, 2.5, coarse);
    out[p] += inNucleus(anatomy, p) * grain;
  });
  dimNucleoli(out, patch, anatomy, 0.55);
  for (const { at, axis, half } of anatomy.plates)
    for (let t = -half; t <= half; t += 0.8)
      blob(
        out,
        patch,
        [
          at[0] + t * Math.cos(axis) + 0.5 * normal(random),
          at[1] + t * Math.sin(axis) + 0.5 * normal(random),
        ],
        1.7,
        0.75 + 0.25 * random(),
      );
}

/** Filaments that grow from the centrosomes to the border, in mitosis between and around the poles. */
export function microtubules(
  out: Float32Array,
  patch: HumanPatch,
  anatomy: HumanAnatomy,
  number: number,
  random: Random,
): void {
  const mitotic = anatomy.plates.length > 0;
  const filaments = Math.max(20, count(random, 70 * number));
  for (let k = 0; k < filaments; k++) {
    const start = anatomy.centrosomes[k % anatomy.centrosomes.length];
    const inward = Math.atan2(center(patch)[1] - start[1], center(patch)[0] - start[0]);
    wander(out, patch, anatomy, {
      start,
      angle: mitotic ? inward + 0.45 * normal(random) : 2 * Math.PI * random(),
      steps: mitotic ? 8 + Math.floor(10 * random()) : 30 + Math.floor(60 * random()),
      bend: mitotic ? 0.05 : 0.11,
      amount: 0.6,
      thick: false,
      random,
    });
  }
  const shift = place(random);
  each(patch, (p, x, y) => {
    const haze = 0.45 * anatomy.thickness[p] * (1 + 0.2 * noiseAt(x, y, 1, shift));
    out[p] += haze * (1 - 0.55 * inNucleus(anatomy, p));
  });
}

/** The endoplasmic reticulum: the nuclear envelope and a net that thins out towards the border. */
export function reticulum(
  out: Float32Array,
  patch: HumanPatch,
  anatomy: HumanAnatomy,
  size: number,
  random: Random,
): void {
  const shift = place(random);
  const coarse = place(random);
  each(patch, (p, x, y) => {
    const net = 0.75 + 0.32 * noiseAt(x, y, 0.8, shift) + 0.22 * noiseAt(x, y, 3, coarse);
    const away = Math.max(0, -Math.max(-1000, anatomy.nuclear[p])) / patch.shape.radius;
    const dense = anatomy.plates.length > 0 ? 1 : 0.35 + Math.exp(-3 * away);
    out[p] += Math.max(0.05, net) * dense * anatomy.thickness[p] * (1 - 0.88 * inNucleus(anatomy, p));
  });
  envelope(out, patch, anatomy, 0.8 * size, 0.7);
}

/** Diffuse in the cell, by its thickness; `nucleus` times as bright in the nucleus. */
export function cytosol(
  out: Float32Array,
  patch: HumanPatch,
  anatomy: HumanAnatomy,
  nucleus: number,
  random: Random,
): void {
  const shift = place(random);
  each(patch, (p, x, y) => {
    const shade = 1 + (nucleus - 1) * inNucleus(anatomy, p);
    out[p] += anatomy.thickness[p] * shade * (1 + 0.1 * noiseAt(x, y, 0.9, shift));
  });
}

/** Calls `visit` with every pixel of the cell. */
function each(patch: HumanPatch, visit: (p: number, x: number, y: number) => void): void {
  for (let y = 0, p = 0; y < patch.height; y++)
    for (let x = 0; x < patch.width; x++, p++) if (patch.depth[p] > 0) visit(p, x, y);
}

/** 1 in a nucleus, 0 outside, with an edge of 2 px. */
function inNucleus(anatomy: HumanAnatomy, p: number): number {
  return Math.min(1, Math.max(0, anatomy.nuclear[p] / 2 + 0.5));
}

function envelope(
  out: Float32Array,
  patch: HumanPatch,
  anatomy: HumanAnatomy,
  sigma: number,
  amount: number,
): void {
  each(patch, (p) => {
    const d = anatomy.nuclear[p] / sigma;
    if (Math.abs(d) < 3) out[p] += amount * Math.exp(-0.5 * d * d);
  });
}

function dimNucleoli(out: Float32Array, patch: HumanPatch, anatomy: HumanAnatomy, left: number): void {
  for (const n of anatomy.nuclei)
    for (const { at, radius } of n.nucleoli) {
      const r = radius + 1;
      for (let y = Math.ceil(at[1] - r); y <= at[1] + r; y++)
        for (let x = Math.ceil(at[0] - r); x <= at[0] + r; x++) {
          if (x < 0 || y < 0 || x >= patch.width || y >= patch.height) continue;
          const inside = Math.min(1, Math.max(0, radius - Math.hypot(x - at[0], y - at[1]) + 0.5));
          out[y * patch.width + x] *= 1 - (1 - left) * inside;
        }
    }
}

interface Walk {
  readonly start: readonly [number, number];
  readonly angle: number;
  readonly steps: number;
  /** Standard deviation of the turn at every pixel, radians. */
  readonly bend: number;
  readonly amount: number;
  /** Whether it keeps out of the nucleus and is wider than a point. */
  readonly thick: boolean;
  readonly random: Random;
}

/** A line that wanders from pixel to pixel until it is long enough or meets the border. */
function wander(out: Float32Array, patch: HumanPatch, anatomy: HumanAnatomy, walk: Walk): void {
  let [x, y] = walk.start;
  let { angle } = walk;
  for (let s = 0; s < walk.steps; s++) {
    if (!within(patch, x, y, 1)) return;
    if (walk.thick && !outside(patch, anatomy, x, y)) return;
    // Filaments are sparse under a nucleus, and not all reach down to the centrosome.
    const share = (walk.thick || outside(patch, anatomy, x, y) ? 1 : 0.4) * (walk.thick || s > 6 ? 1 : 0.3);
    point(out, patch, x, y, walk.amount * share);
    if (walk.thick) point(out, patch, x + 0.8 * Math.sin(angle), y - 0.8 * Math.cos(angle), walk.amount);
    x += Math.cos(angle);
    y += Math.sin(angle);
    angle += walk.bend * normal(walk.random);
  }
}

function center(patch: HumanPatch): [number, number] {
  return [patch.shape.x - patch.left, patch.shape.y - patch.top];
}

function outside(patch: HumanPatch, anatomy: HumanAnatomy, x: number, y: number): boolean {
  return anatomy.nuclear[Math.round(y) * patch.width + Math.round(x)] < 0;
}

/** A place in the cell, at least 2 px from its border. */
function anywhere(patch: HumanPatch, random: Random): [number, number] {
  for (let tries = 0; tries < 40; tries++) {
    const [x, y] = [patch.width * random(), patch.height * random()];
    if (within(patch, x, y, 2)) return [x, y];
  }
  return center(patch);
}

/** A place in the cytosol around the nucleus; `spread` in radii of the cell. */
function near(patch: HumanPatch, anatomy: HumanAnatomy, spread: number, random: Random): [number, number] {
  const [cx, cy] = center(patch);
  for (let tries = 0; tries < 40; tries++) {
    const x = cx + spread * patch.shape.radius * normal(random);
    const y = cy + spread * patch.shape.radius * normal(random);
    if (within(patch, x, y, 2) && outside(patch, anatomy, x, y)) return [x, y];
  }
  return anywhere(patch, random);
}

function somewhere(
  nucleus: { at: readonly [number, number]; radius: number },
  part: number,
  random: Random,
): [number, number] {
  const away = part * nucleus.radius * Math.sqrt(random());
  const angle = 2 * Math.PI * random();
  return [nucleus.at[0] + away * Math.cos(angle), nucleus.at[1] + away * Math.sin(angle)];
}

/** A number around `mean`, at least 0 (normal with the variance of a Poisson count). */
function count(random: Random, mean: number): number {
  return Math.max(0, Math.round(mean + Math.sqrt(mean) * 0.8 * normal(random)));
}

/** A place of the noise tile. */
function place(random: Random): number {
  return Math.floor(random() * 16384);
}
