import { normal, type Random } from "../../core/rng.ts";
import type { Physics } from "../parameters.ts";

/** Where a cell is in its cycle: no bud, bud up to half, two thirds and nearly the whole of the mother's size. */
export type Phase = "G1" | "S" | "G2" | "M";

/** Outline of a cell: a mother ellipse and, beyond the neck, its bud. Lengths in pixels, angles in radians. */
export interface CellShape {
  /** Center of the mother in the field. */
  x: number;
  y: number;
  /** Direction of the bud (or of the next bud site). */
  readonly angle: number;
  /** Half axes of the mother along and across `angle`. */
  readonly a: number;
  readonly b: number;
  readonly phase: Phase;
  /** Half axes of the bud and the distance of its center along `angle`; 0 without a bud. */
  readonly budA: number;
  readonly budB: number;
  readonly budAt: number;
}

/** Width over which mother and bud run into each other at the neck, pixels. */
const NECK = 1.2;

/** Draws size, cell cycle and bud. A third of the cells have no bud; half of those are small daughters. */
export function drawShape(random: Random, physics: Physics): CellShape {
  const u = random();
  const phase: Phase = u < 0.38 ? "G1" : u < 0.62 ? "S" : u < 0.82 ? "G2" : "M";
  const spread = Math.exp(physics.radiusSpread * normal(random));
  const daughter = phase === "G1" && random() < 0.5 ? 0.8 : 1;
  const long = 1 + 0.24 * random();
  const r = Math.min(22, Math.max(9.5, physics.radius * spread * daughter));
  const along = random() < 0.6 ? Math.sqrt(long) : 1 / Math.sqrt(long);
  const a = r * along;
  const b = r / along;
  const ratio =
    phase === "G1"
      ? 0
      : phase === "S"
        ? 0.22 + 0.24 * random()
        : phase === "G2"
          ? 0.46 + 0.2 * random()
          : 0.62 + 0.18 * random();
  const bud = Math.min(ratio * r, 29 - r);
  const budA = phase === "G1" ? 0 : bud * (1.05 + 0.1 * random());
  return {
    x: 0,
    y: 0,
    angle: 2 * Math.PI * random(),
    a,
    b,
    phase,
    budA,
    budB: phase === "G1" ? 0 : bud,
    budAt: phase === "G1" ? 0 : a + budA * 0.78,
  };
}

/** Distance to the outline at (`u` along the axis, `v` across it) from the mother's center, pixels, positive inside; -1 far outside. */
export function depthAt(shape: CellShape, u: number, v: number): number {
  // Far outside of both ellipses the neck adds less than is missing; the exact distance is not needed there.
  if (far(u, v, shape.a, shape.b) && (shape.budA === 0 || far(u - shape.budAt, v, shape.budA, shape.budB)))
    return -1;
  const mother = ellipse(u, v, shape.a, shape.b);
  if (shape.budA === 0) return mother;
  const bud = ellipse(u - shape.budAt, v, shape.budA, shape.budB);
  const h = Math.max(0, NECK - Math.abs(mother - bud)) / NECK;
  return Math.max(mother, bud) + (h * h * NECK) / 4;
}

function far(u: number, v: number, a: number, b: number): boolean {
  return (u * u) / (a * a) + (v * v) / (b * b) > 1.7;
}

/** First-order distance to an ellipse, positive inside. */
function ellipse(u: number, v: number, a: number, b: number): number {
  const p = u / a;
  const q = v / b;
  const rho = Math.sqrt(p * p + q * q);
  if (rho < 0.05) return Math.min(a, b);
  const gradient = Math.sqrt((p * p) / (a * a) + (q * q) / (b * b)) / rho;
  return Math.min((1 - rho) / gradient, Math.min(a, b));
}

/** Middle of the cell, mother and bud together, in the field. */
export function middle(shape: CellShape): [number, number] {
  const shift = (shape.budA === 0 ? 0 : shape.budAt + shape.budA - shape.a) / 2;
  return [shape.x + shift * Math.cos(shape.angle), shape.y + shift * Math.sin(shape.angle)];
}

/** Radius of a circle around {@link middle} that holds the whole cell, pixels. */
export function reach(shape: CellShape): number {
  const end = shape.budA === 0 ? shape.a : (shape.budAt + shape.budA + shape.a) / 2;
  return Math.max(end, shape.b) + 1;
}
