import { normal, type Random } from "../../core/rng.ts";
import type { Physics } from "../parameters.ts";
import { drawHumanShape, type HumanShape, outlineAt, REACH } from "./shape.ts";

/** Width of the rim around the field that holds cells too, so that cells at its border are cut, pixels. */
export const MARGIN = 64;

/** Cells and whose each pixel is. */
export interface Packing {
  readonly shapes: HumanShape[];
  /** Side of `labels`: that of the field with its rim. */
  readonly side: number;
  /** side x side: 0 background, k the cell `shapes[k - 1]`. */
  readonly labels: Uint16Array;
}

/** How near two cells' middles may come, parts of their radii. */
const CLOSE = 0.66;

/**
 * Places cells until they cover the wanted part of the field, three of five beside one that is there already (islands),
 * the others anywhere. Cells that meet press against each other: a pixel belongs to the cell that would reach farthest
 * beyond it, but none presses into a nucleus; so borders are shared and a dense field is a closed sheet. Each cell is one connected piece.
 */
export function packHumanCells(random: Random, physics: Physics): Packing {
  const side = physics.size + 2 * MARGIN;
  const coverage = Math.min(0.95, Math.max(0.15, physics.coverage + physics.coverageSpread * normal(random)));
  const shapes: HumanShape[] = [];
  const labels = new Uint16Array(side * side);
  const best = new Float32Array(side * side);
  let covered = 0;
  for (let tries = 0; covered < coverage * side * side && tries < 4000; tries++) {
    const shape = drawHumanShape(random, physics);
    if (!putDown(shape, shapes, side, random)) continue;
    shapes.push(shape);
    covered += claim(shape, shapes.length, { labels, best, side });
  }
  keepMiddles(shapes, labels, side);
  for (const shape of shapes) {
    shape.x -= MARGIN;
    shape.y -= MARGIN;
  }
  return { shapes, side, labels };
}

/** Finds a place for a cell; false where none of 10 was free. */
function putDown(shape: HumanShape, shapes: readonly HumanShape[], side: number, random: Random): boolean {
  for (let k = 0; k < 10; k++) {
    if (shapes.length > 0 && random() < 0.6) {
      const near = shapes[Math.floor(random() * shapes.length)];
      const at = 2 * Math.PI * random();
      const distance = (near.room + shape.room) * (CLOSE + 0.02 + 0.4 * random());
      shape.x = near.x + distance * Math.cos(at);
      shape.y = near.y + distance * Math.sin(at);
    } else {
      shape.x = random() * side;
      shape.y = random() * side;
    }
    if (shape.x < 0 || shape.y < 0 || shape.x >= side || shape.y >= side) continue;
    const free = (o: HumanShape) => Math.hypot(o.x - shape.x, o.y - shape.y) > CLOSE * (o.room + shape.room);
    if (shapes.every(free)) return true;
  }
  return false;
}

interface Ground {
  readonly labels: Uint16Array;
  /** How far the owner of a pixel would reach beyond it, pixels. */
  readonly best: Float32Array;
  readonly side: number;
}

/** Gives a cell the pixels in which it reaches farther than those before it; returns how many were free. */
function claim(shape: HumanShape, label: number, { labels, best, side }: Ground): number {
  const { x, y, reach, core } = shape;
  let taken = 0;
  for (let py = Math.max(0, Math.ceil(y - reach)); py <= Math.min(side - 1, Math.floor(y + reach)); py++)
    for (let px = Math.max(0, Math.ceil(x - reach)); px <= Math.min(side - 1, Math.floor(x + reach)); px++) {
      const [dx, dy] = [px - x, py - y];
      const away = Math.sqrt(dx * dx + dy * dy);
      const beyond = outlineAt(shape, dx, dy) - away + (away < core ? REACH : 0);
      const p = py * side + px;
      if (beyond <= 0 || beyond <= best[p]) continue;
      if (labels[p] === 0) taken++;
      labels[p] = label;
      best[p] = beyond;
    }
  return taken;
}

/** Leaves of every cell the 4-connected piece that holds its middle; the rest becomes background. */
function keepMiddles(shapes: readonly HumanShape[], labels: Uint16Array, side: number): void {
  const kept = new Uint8Array(side * side);
  const stack: number[] = [];
  shapes.forEach((shape, k) => {
    const start = Math.floor(shape.y) * side + Math.floor(shape.x);
    const visit = (p: number) => {
      if (labels[p] !== k + 1 || kept[p] === 1) return;
      kept[p] = 1;
      stack.push(p);
    };
    visit(start);
    while (stack.length > 0) {
      const p = stack.pop()!;
      const x = p % side;
      if (x > 0) visit(p - 1);
      if (x < side - 1) visit(p + 1);
      if (p >= side) visit(p - side);
      if (p < side * side - side) visit(p + side);
    }
  });
  for (let p = 0; p < labels.length; p++) if (kept[p] === 0) labels[p] = 0;
}
