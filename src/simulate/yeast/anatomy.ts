import type { Random } from "../../core/rng.ts";
import type { CellShape } from "./shape.ts";
import { depthAt } from "./shape.ts";

/** A round organelle in the cell's own frame, pixels; `r` is the radius of its section. */
export interface Disc {
  readonly u: number;
  readonly v: number;
  readonly r: number;
}

/** Where the organelles of one cell are. */
export interface Anatomy {
  /** One, or two from anaphase on. */
  readonly nuclei: readonly Disc[];
  /** One to three in the mother and, in large buds, one there. */
  readonly vacuoles: readonly Disc[];
  /** Direction from the nucleus to the nucleolus, opposite the spindle pole; radians in the cell's frame. */
  readonly nucleolus: number;
  /** Spindle pole bodies. */
  readonly poles: readonly (readonly [u: number, v: number])[];
  /** Distance of the neck from the mother's center along the axis, 0 without a bud. */
  readonly neck: number;
}

/** Radius of a section that misses the center of a ball by up to 0.7 of its radius. */
function section(r: number, random: Random): number {
  const z = 0.7 * random() * random();
  return r * Math.sqrt(1 - z * z);
}

/**
 * Draws the organelles: the nucleus (7 % of the cell's volume; Jorgensen et al. 2007, Mol Biol Cell 18:3523) beside the
 * vacuoles, near the neck before mitosis and in both halves after it.
 */
export function drawAnatomy(shape: CellShape, random: Random): Anatomy {
  const r = Math.sqrt(shape.a * shape.b);
  const neck = shape.budA === 0 ? 0 : (shape.a + shape.budAt - shape.budA) / 2;
  const nuclearRadius = Math.min(7, 0.37 * r + 0.4 * random());
  const nuclei: Disc[] = [];
  const late = shape.phase === "M" && random() < 0.65;
  const side = 2 * Math.PI * random();
  let [nu, nv] = [0.5 * r * Math.cos(side), 0.5 * r * Math.sin(side)];
  if (shape.phase === "G2" || shape.phase === "M")
    [nu, nv] = [neck - nuclearRadius - 1, 0.15 * r * (random() - 0.5)];
  if (late) {
    nuclei.push({
      u: shape.a * (0.15 + 0.2 * random()),
      v: 0.3 * r * (random() - 0.5),
      r: section(0.85 * nuclearRadius, random),
    });
    nuclei.push({
      u: shape.budAt + shape.budA * 0.2 * random(),
      v: 0.3 * shape.budB * (random() - 0.5),
      r: Math.min(0.55 * shape.budB, section(0.78 * nuclearRadius, random)),
    });
  } else nuclei.push({ u: nu, v: nv, r: section(nuclearRadius, random) });

  const vacuoles: Disc[] = [];
  const wanted = random() < 0.55 ? 1 : random() < 0.7 ? 2 : 3;
  for (let tries = 0; tries < 60 && vacuoles.length < wanted; tries++) {
    const size = (wanted === 1 ? 0.44 + 0.2 * random() : 0.26 + 0.14 * random()) * r * (1 - 0.008 * tries);
    const away = (r - size - 2.5) * Math.sqrt(random());
    const at = 2 * Math.PI * random();
    const v: Disc = { u: away * Math.cos(at), v: away * Math.sin(at), r: size };
    const clear = (o: Disc) => Math.hypot(o.u - v.u, o.v - v.v) > (o.r + v.r) * (tries < 45 ? 0.98 : 0.85);
    if (depthAt(shape, v.u, v.v) > size + 1.5 && nuclei.every(clear) && vacuoles.every(clear))
      vacuoles.push(v);
  }
  if (vacuoles.length === 0) {
    const n = nuclei[0];
    const at = Math.atan2(-n.v, -n.u);
    vacuoles.push({ u: 0.45 * r * Math.cos(at), v: 0.45 * r * Math.sin(at), r: 0.3 * r });
  }
  if ((shape.phase === "M" || shape.phase === "G2") && random() < 0.7)
    vacuoles.push({
      u: shape.budAt + 0.25 * shape.budA,
      v: 0.4 * shape.budB * (random() - 0.5),
      r: 0.3 * shape.budB,
    });

  const n = nuclei[0];
  const toBud =
    shape.budA > 0 ? Math.atan2(-n.v, shape.budAt - n.u) + 0.5 * (random() - 0.5) : 2 * Math.PI * random();
  const poles: (readonly [number, number])[] = [];
  if (late) {
    poles.push([n.u - n.r, n.v], [nuclei[1].u + nuclei[1].r, nuclei[1].v]);
  } else {
    poles.push([n.u + n.r * Math.cos(toBud), n.v + n.r * Math.sin(toBud)]);
    if (shape.phase === "M" || (shape.phase === "G2" && random() < 0.6))
      poles.push([n.u - n.r * Math.cos(toBud), n.v - n.r * Math.sin(toBud)]);
  }
  return { nuclei, vacuoles, nucleolus: toBud + Math.PI + 0.6 * (random() - 0.5), poles, neck };
}
