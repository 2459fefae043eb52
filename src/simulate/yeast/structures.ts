import { normal, type Random } from "../../core/rng.ts";
import type { Localization } from "../../names.ts";
import type { Anatomy } from "./anatomy.ts";
import { disc, type Patch, place, rim, ring, spot } from "./patch.ts";
import { depthAt } from "./shape.ts";

/** What a structure is drawn from: the cell, and its protein's multipliers of number and size. */
export interface Subject {
  readonly patch: Patch;
  readonly anatomy: Anatomy;
  readonly number: number;
  readonly size: number;
}

type Painter = (out: Float32Array, subject: Subject, random: Random) => void;

/** Draws one localization's structure into `out` (patch pixels, arbitrary scale, before the point spread). */
export const PAINTERS: Readonly<Record<Localization, Painter>> = {
  actin(out, { patch, number, size }, random) {
    const { shape } = patch;
    const polar = shape.phase === "S" || shape.phase === "G2";
    const patches = count(random, (polar ? 13 : 9) * number);
    for (let k = 0; k < patches; k++) {
      const inBud = random() < (polar ? 0.8 : shape.phase === "M" ? 0.45 : 0);
      const toNeck = shape.phase === "M" && random() < 0.35;
      const [u, v] = toNeck
        ? [(shape.a + shape.budAt - shape.budA) / 2 + 2.5 * normal(random), 3 * normal(random)]
        : cortical(shape, inBud, shape.phase === "G1" ? 1.1 : Math.PI, 1.2 + 1.5 * random(), random);
      spot(out, patch, u, v, 1.0 * size, 0.4 + 0.9 * random());
    }
    if (shape.phase === "M") return;
    const cables = 2 + Math.floor(3 * random());
    for (let k = 0; k < cables; k++) {
      const v = (random() - 0.5) * shape.b;
      for (let t = 0; t <= 1; t += 0.06)
        spot(out, patch, shape.a * (0.9 - 1.4 * t), v * Math.sin(Math.PI * Math.min(1, 0.2 + t)), 0.8, 0.09);
    }
  },

  "bud neck"(out, { patch, anatomy, size }, random) {
    const { shape } = patch;
    if (shape.phase === "G1") {
      if (random() < 0.45) spot(out, patch, shape.a - 1.2, 0, 1.8 * size, 1);
      return;
    }
    const half = Math.max(1.8, neckHalf(shape, anatomy.neck));
    const double = shape.phase === "M" && random() < 0.6;
    for (const at of double ? [-1.3, 1.3] : [0])
      for (let t = -1; t <= 1; t += 0.2)
        spot(out, patch, anatomy.neck + at, t * half, 0.9 * size, 0.35 + 0.75 * Math.abs(t) ** 2);
  },

  "cell periphery"(out, { patch, size }, random) {
    const { shape } = patch;
    rim(out, patch, 1, 0.9 * size, 1);
    if (random() < 0.5)
      for (let k = count(random, 9); k > 0; k--) {
        const [u, v] = cortical(shape, false, Math.PI, 1, random);
        spot(out, patch, u, v, 1.3, 0.35);
      }
  },

  cytoplasm(out, subject, random) {
    cytosol(out, subject, 0.3 + 0.2 * random(), random() < 0.5 ? 0.85 : 1.1);
  },

  endosome(out, { patch, anatomy, number, size }, random) {
    for (let k = Math.max(2, count(random, 4.5 * number)); k > 0; k--) {
      const near = anatomy.vacuoles[Math.floor(random() * anatomy.vacuoles.length)];
      const at = 2 * Math.PI * random();
      const away = near.r + 0.8 + 1.6 * random();
      spot(
        out,
        patch,
        near.u + away * Math.cos(at),
        near.v + away * Math.sin(at),
        (1.35 + 0.5 * random()) * size,
        0.5 + 0.8 * random(),
      );
    }
    for (const o of anatomy.vacuoles) ring(out, patch, o.u, o.v, o.r, 0.8, 0.1);
  },

  ER(out, { patch, anatomy, number, size }, random) {
    for (const n of anatomy.nuclei) ring(out, patch, n.u, n.v, n.r, 0.9 * size, 1);
    const waves = random() * 2 * Math.PI;
    const lobes = 2 + Math.floor(3 * random());
    const { shape, width, height, depth } = patch;
    for (let p = 0, y = 0; y < height; y++)
      for (let x = 0; x < width; x++, p++) {
        const d = depth[p] - 1.6;
        if (depth[p] <= 0 || d > 3) continue;
        const angle = Math.atan2(patch.top + y - shape.y, patch.left + x - shape.x);
        const gaps = Math.min(
          1,
          Math.max(0.12, 0.62 + 0.75 * Math.sin(lobes * angle + waves) + 0.4 * Math.sin(5.3 * angle - waves)),
        );
        out[p] += 0.75 * gaps * Math.exp((-0.5 * d * d) / (0.9 * size) ** 2);
      }
    for (let k = count(random, 2.5 * number); k > 0; k--) {
      const n = anatomy.nuclei[k % anatomy.nuclei.length];
      const [u, v] = cortical(shape, false, Math.PI, 2, random);
      for (let t = 0; t <= 1; t += 0.1) spot(out, patch, n.u + (u - n.u) * t, n.v + (v - n.v) * t, 0.9, 0.22);
    }
  },

  Golgi(out, { patch, anatomy, number, size }, random) {
    for (let k = Math.max(4, count(random, 10 * number)); k > 0; k--) {
      const [u, v] = inside(patch, anatomy, random);
      spot(out, patch, u, v, (0.95 + 0.35 * random()) * size, 0.35 + random());
    }
  },

  mitochondrion(out, { patch, number, size }, random) {
    const { shape } = patch;
    const tubes = Math.max(2, count(random, 5 * number));
    for (let k = 0; k < tubes; k++) {
      const inBud = shape.budA > 5 && random() < 0.3;
      const [ca, cb, cu] = inBud ? [shape.budA, shape.budB, shape.budAt] : [shape.a, shape.b, 0];
      let depth = 2.8 + 0.5 * cb * random() * random();
      let at = 2 * Math.PI * random();
      const turn = (random() < 0.5 ? -1 : 1) * (1.1 / Math.max(4, cb));
      const steps = 6 + Math.floor(20 * random() * random());
      const bright = 0.35 + 0.75 * random() * random();
      for (let s = 0; s < steps; s++) {
        at += turn * (0.8 + 0.4 * random());
        depth = Math.min(
          0.65 * cb,
          Math.max(2.2, depth + 0.45 * normal(random) + (s > steps * 0.6 ? 0.15 : 0)),
        );
        spot(
          out,
          patch,
          cu + (ca - depth) * Math.cos(at),
          (cb - depth) * Math.sin(at),
          1.05 * size,
          bright * (0.7 + 0.5 * random()),
        );
      }
    }
  },

  nucleus(out, { patch, anatomy }) {
    for (const n of anatomy.nuclei) disc(out, patch, n.u, n.v, n.r, 1.6, 1);
  },

  "nuclear periphery"(out, { patch, anatomy, number, size }, random) {
    for (const n of anatomy.nuclei) {
      const pores = 5 + Math.floor(4 * number * random());
      const start = random() * 7;
      ring(
        out,
        patch,
        n.u,
        n.v,
        n.r,
        0.75 * size,
        1,
        (angle) => 0.75 + 0.4 * Math.sin(pores * angle + start),
      );
      disc(out, patch, n.u, n.v, n.r, 1.5, 0.12);
    }
  },

  nucleolus(out, { patch, anatomy, size }, random) {
    for (const n of anatomy.nuclei) {
      const at = anatomy.nucleolus + 0.3 * normal(random);
      disc(out, patch, n.u, n.v, n.r, 1.4, 1);
      const away = 0.95 * n.r * Math.min(1.1, size);
      disc(out, patch, n.u - away * Math.cos(at), n.v - away * Math.sin(at), 1.15 * n.r, 1.4, -1);
    }
    for (let p = 0; p < patch.width * patch.height; p++) out[p] = Math.max(0, out[p]);
  },

  "spindle pole"(out, { patch, anatomy, size }, random) {
    for (const [u, v] of anatomy.poles) spot(out, patch, u, v, 0.95 * size, 0.8 + 0.4 * random());
    if (anatomy.poles.length === 2 && patch.shape.phase === "M") {
      const [[u0, v0], [u1, v1]] = anatomy.poles;
      for (let t = 0.05; t < 1; t += 0.05)
        spot(out, patch, u0 + (u1 - u0) * t, v0 + (v1 - v0) * t, 0.8, 0.04);
    }
  },

  peroxisome(out, { patch, number, size }, random) {
    for (let k = Math.max(2, count(random, 5 * number)); k > 0; k--) {
      const inBud = patch.shape.budA > 4 && random() < 0.3;
      const [u, v] = cortical(patch.shape, inBud, Math.PI, 2.5 + 3.5 * random(), random);
      spot(out, patch, u, v, 0.9 * size, 0.8 + 0.5 * random());
    }
  },

  "vacuolar membrane"(out, { patch, anatomy, size }, random) {
    for (const o of anatomy.vacuoles) {
      const start = 2 * Math.PI * random();
      ring(out, patch, o.u, o.v, o.r, 0.85 * size, 1, (angle) => 1 + 0.2 * Math.sin(2 * angle + start));
    }
  },

  vacuole(out, { patch, anatomy }) {
    for (const o of anatomy.vacuoles) disc(out, patch, o.u, o.v, o.r, 1.6, 1);
  },
};

/** Diffuse in the cytosol: dim where vacuoles are (by `vacuole`) and, for large proteins, in the nucleus (by `nucleus`). */
export function cytosol(
  out: Float32Array,
  { patch, anatomy }: Subject,
  vacuole: number,
  nucleus: number,
): void {
  const n = patch.width * patch.height;
  for (let p = 0; p < n; p++) if (patch.depth[p] > 0) out[p] += 1;
  for (const o of anatomy.vacuoles) shade(out, patch, o, vacuole);
  for (const o of anatomy.nuclei) shade(out, patch, o, nucleus);
}

/** Multiplies a disc by `factor`, with a soft edge. */
function shade(
  out: Float32Array,
  patch: Patch,
  { u, v, r }: { u: number; v: number; r: number },
  factor: number,
): void {
  const [x, y] = place(patch, u, v);
  const x1 = Math.min(patch.width - 1, Math.floor(x + r + 1.5));
  const y1 = Math.min(patch.height - 1, Math.floor(y + r + 1.5));
  for (let py = Math.max(0, Math.ceil(y - r - 1.5)); py <= y1; py++)
    for (let px = Math.max(0, Math.ceil(x - r - 1.5)); px <= x1; px++) {
      const inside = Math.min(1, Math.max(0, (r - Math.sqrt((px - x) ** 2 + (py - y) ** 2)) / 3 + 0.5));
      out[py * patch.width + px] *= 1 + (factor - 1) * inside;
    }
}

/** A number around `mean`, at least 0 (normal with the variance of a Poisson count). */
function count(random: Random, mean: number): number {
  return Math.max(0, Math.round(mean + Math.sqrt(mean) * 0.8 * normal(random)));
}

/** A place `depth` px under the outline of the mother, within `spread` radians of the bud's side, or of the bud. */
function cortical(
  shape: Patch["shape"],
  inBud: boolean,
  spread: number,
  depth: number,
  random: Random,
): [number, number] {
  const at = spread * (2 * random() - 1);
  if (inBud) {
    const out = 1 - Math.min(0.9, (depth / shape.budB) * (0.6 + random()));
    return [shape.budAt + shape.budA * out * Math.cos(at), shape.budB * out * Math.sin(at)];
  }
  return [(shape.a - depth) * Math.cos(at), (shape.b - depth) * Math.sin(at)];
}

/** A place in the cytosol, out of the vacuoles and nuclei. */
function inside({ shape }: Patch, { vacuoles, nuclei }: Anatomy, random: Random): [number, number] {
  const end = shape.budA === 0 ? shape.a : shape.budAt + shape.budA;
  let [u, v] = [0, 0];
  for (let tries = 0; tries < 30; tries++) {
    u = -shape.a + (end + shape.a) * random();
    v = shape.b * (2 * random() - 1);
    const clear = (o: { u: number; v: number; r: number }) => Math.hypot(o.u - u, o.v - v) > o.r + 0.5;
    if (depthAt(shape, u, v) > 1.5 && vacuoles.every(clear) && nuclei.every(clear)) break;
  }
  return [u, v];
}

/** Half width of the cell at the neck. */
function neckHalf(shape: Patch["shape"], at: number): number {
  let half = 0;
  while (half < shape.budB && depthAt(shape, at, half + 0.5) > 0) half += 0.5;
  return half;
}
