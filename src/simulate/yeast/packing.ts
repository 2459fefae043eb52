import { normal, type Random } from "../../core/rng.ts";
import type { Physics } from "../parameters.ts";
import { type CellShape, drawShape, reach } from "./shape.ts";

/** Circles that stand for a cell while it is placed: the mother and, with a bud, the bud. */
function circles(shape: CellShape): [x: number, y: number, r: number][] {
  const mother = Math.sqrt(shape.a * shape.b);
  if (shape.budA === 0) return [[shape.x, shape.y, mother]];
  return [
    [shape.x, shape.y, mother],
    [
      shape.x + shape.budAt * Math.cos(shape.angle),
      shape.y + shape.budAt * Math.sin(shape.angle),
      Math.sqrt(shape.budA * shape.budB),
    ],
  ];
}

const CELL = 32;
const MARGIN = 40;

/**
 * Places cells that touch but do not overlap until they cover the wanted part of the field and a rim of 40 px around
 * it (so that cells at the border are cut as in a real image). Four of five are laid against a cell that is there
 * already (colonies), the others anywhere.
 */
export function packCells(random: Random, physics: Physics): CellShape[] {
  const side = physics.size + 2 * MARGIN;
  const coverage = Math.min(0.62, Math.max(0.12, physics.coverage + physics.coverageSpread * normal(random)));
  const wanted = coverage * side * side;
  const across = Math.ceil(side / CELL);
  const grid: number[][] = Array.from({ length: across * across }, () => []);
  const discs: [number, number, number][] = [];
  const cells: CellShape[] = [];
  const cellOf = (v: number) => Math.min(across - 1, Math.max(0, Math.floor((v + MARGIN) / CELL)));
  const free = (shape: CellShape) => {
    for (const [x, y, r] of circles(shape)) {
      if (x < -MARGIN || y < -MARGIN || x > physics.size + MARGIN || y > physics.size + MARGIN) return false;
      const [left, right] = [cellOf(x - r - 24), cellOf(x + r + 24)];
      const [top, bottom] = [cellOf(y - r - 24), cellOf(y + r + 24)];
      for (let gy = top; gy <= bottom; gy++)
        for (let gx = left; gx <= right; gx++)
          for (const k of grid[gy * across + gx]) {
            const dx = discs[k][0] - x;
            const dy = discs[k][1] - y;
            const touch = discs[k][2] + r - 0.4;
            if (dx * dx + dy * dy < touch * touch) return false;
          }
    }
    return true;
  };
  let covered = 0;
  for (let tries = 0; covered < wanted && tries < 6000; tries++) {
    const shape = drawShape(random, physics);
    const own = circles(shape)[0][2];
    let placed = false;
    for (let k = 0; k < 12 && !placed; k++) {
      if (discs.length > 0 && random() < 0.8) {
        const [x, y, r] = discs[Math.floor(random() * discs.length)];
        const at = 2 * Math.PI * random();
        const distance = r + own + 0.1 + (random() < 0.6 ? 0.6 * random() : 5 * random());
        shape.x = x + distance * Math.cos(at);
        shape.y = y + distance * Math.sin(at);
      } else {
        shape.x = random() * side - MARGIN;
        shape.y = random() * side - MARGIN;
      }
      placed = free(shape);
    }
    if (!placed) continue;
    cells.push(shape);
    for (const disc of circles(shape)) {
      grid[cellOf(disc[1]) * across + cellOf(disc[0])].push(discs.length);
      discs.push(disc);
      covered += Math.PI * disc[2] * disc[2];
    }
  }
  return cells.filter((c) => {
    const r = reach(c) + 20;
    return c.x > -r && c.y > -r && c.x < physics.size + r && c.y < physics.size + r;
  });
}
