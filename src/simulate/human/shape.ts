import { normal, type Random } from "../../core/rng.ts";
import type { Physics } from "../parameters.ts";

/** Directions in which an outline is known. */
export const DIRECTIONS = 256;
/** Longest reach of a cell from its middle, pixels: it fits a crop of 128 px. */
export const REACH = 58;

/** Outline that a cell would have if no other were there. Lengths in pixels, angles in radians. */
export interface HumanShape {
  /** Middle of the nucleus, or of the nuclei, in the field. */
  x: number;
  y: number;
  readonly mitotic: boolean;
  readonly nuclei: 1 | 2;
  /** Radius of a circle of the cell's size. */
  readonly radius: number;
  /** The same before it rounded up to divide: the room that it has among its neighbors. */
  readonly room: number;
  /** Radius around the middle that holds the nuclei and that no neighbor presses into. */
  readonly core: number;
  /** Distance of the outline from the middle in every direction. */
  readonly outline: Float32Array;
  /** Its largest value. */
  readonly reach: number;
  /** Radius of a circle of one nucleus' size. */
  readonly nucleus: number;
  /** Direction of the cell's long axis. */
  readonly axis: number;
}

/** Part of the cells that divide, and of the others that have two nuclei. */
const MITOTIC = 0.04;
const BINUCLEATED = 0.04;

/**
 * Draws size and outline: an ellipse (long axis up to 2.2 times the short one) bent by three harmonics, with up to four
 * protrusions, so that most cells are not convex; a cell in mitosis is round and small.
 */
export function drawHumanShape(random: Random, physics: Physics): HumanShape {
  const mitotic = random() < MITOTIC;
  const nuclei = !mitotic && random() < BINUCLEATED ? 2 : 1;
  const size = Math.exp(physics.radiusSpread * normal(random)) * (nuclei === 2 ? 1.12 : 1);
  const room = Math.min(38, Math.max(19, physics.radius * size));
  const radius = room * (mitotic ? 0.62 : 1);
  const axis = 2 * Math.PI * random();
  const long = mitotic ? 1 + 0.1 * random() : 1 + 1.2 * random();
  const [a, b] = [Math.sqrt(long), 1 / Math.sqrt(long)];
  const waves = [3, 4, 5].map((k) => ({
    k,
    amount: mitotic ? 0.01 : (0.4 / k) * random(),
    at: 2 * Math.PI * random(),
  }));
  const bumps = Array.from({ length: mitotic ? 0 : Math.floor(5 * random()) }, () => ({
    at: 2 * Math.PI * random(),
    width: 0.15 + 0.15 * random(),
    height: 0.25 + 0.5 * random(),
  }));
  const outline = new Float32Array(DIRECTIONS);
  let reach = 0;
  for (let d = 0; d < DIRECTIONS; d++) {
    const angle = (2 * Math.PI * d) / DIRECTIONS;
    const t = angle - axis;
    let r = 1 / Math.hypot(Math.cos(t) / a, Math.sin(t) / b);
    for (const w of waves) r *= 1 + w.amount * Math.cos(w.k * angle + w.at);
    for (const bump of bumps) {
      const off = Math.abs(((angle - bump.at + 3 * Math.PI) % (2 * Math.PI)) - Math.PI);
      r += bump.height * Math.exp(-0.5 * (off / bump.width) ** 2);
    }
    outline[d] = Math.min(REACH, radius * r);
    reach = Math.max(reach, outline[d]);
  }
  const nucleus = Math.min(0.46 * radius, 12.2 * Math.exp(0.09 * normal(random))) * (nuclei === 2 ? 0.86 : 1);
  const core = (nuclei === 2 ? 2.1 : 1.25) * nucleus + 2;
  return { x: 0, y: 0, mitotic, nuclei, radius, room, core, outline, reach, nucleus, axis };
}

/** Distance of the outline from the middle in the direction (dx, dy). */
export function outlineAt(shape: HumanShape, dx: number, dy: number): number {
  const at = ((Math.atan2(dy, dx) / (2 * Math.PI) + 1) * DIRECTIONS) % DIRECTIONS;
  const below = Math.floor(at);
  const part = at - below;
  return (1 - part) * shape.outline[below % DIRECTIONS] + part * shape.outline[(below + 1) % DIRECTIONS];
}
