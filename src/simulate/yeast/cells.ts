import { normal, type Random } from "../../core/rng.ts";
import type { Localization } from "../../names.ts";
import type { SimulatedCell } from "../field.ts";
import type { Scene } from "../organism.ts";
import { levelOf } from "../proteins.ts";
import { mottleTile, TILE } from "../texture.ts";
import { structureShare, Whereabouts } from "../whereabouts.ts";
import { drawAnatomy } from "./anatomy.ts";
import { LOCALIZATION_LEVELS } from "./levels.ts";
import { packCells } from "./packing.ts";
import { cutPatch, type Patch } from "./patch.ts";
import { middle } from "./shape.ts";
import { cytosol, PAINTERS } from "./structures.ts";

/** Places yeast cells, draws their organelles and the protein, and lights them up. */
export function populateYeast(scene: Scene): SimulatedCell[] {
  const { physics, culture, labels, light, defocused } = scene;
  const { size } = physics;
  const shapes = packCells(scene.stream("cells"), physics);
  const random = scene.stream("protein");
  const deepest = new Float32Array(size * size);
  const structure = new Float32Array(96 * 96);
  const diffuse = new Float32Array(96 * 96);
  const cells: SimulatedCell[] = [];
  const whereabouts = new Whereabouts(culture, shapes, scene.stream("culture"));
  shapes.forEach((shape, k) => {
    const { protein, localization } = whereabouts.draw(k, random);
    const visible = random() < protein.penetrance;
    const { level, contrast } = levelOf(protein, localization, LOCALIZATION_LEVELS);
    const amount = level * Math.exp(protein.spread * normal(random)) * (visible ? 1 : 0.7);
    const marker = Math.exp(0.2 * normal(random));
    const focused = random() >= physics.defocused;
    const patch = cutPatch(shape);
    const n = patch.width * patch.height;
    const subject = {
      patch,
      anatomy: drawAnatomy(shape, random),
      number: protein.number,
      size: protein.size,
    };
    structure.fill(0, 0, n);
    diffuse.fill(0, 0, n);
    cytosol(diffuse, subject, 0.55, 0.95);
    section(diffuse, patch, physics.depth, random);
    if (visible) PAINTERS[localization as Localization](structure, subject, random);
    if (localization === "cytoplasm") section(structure, patch, physics.depth, random);
    const total = [sumInside(diffuse, patch), sumInside(structure, patch)];
    const sharpness = contrast === 1 ? 1 : 0.5 + 0.5 * Math.sqrt(random());
    const drawn = total[1] > 0 ? contrast * sharpness : 0;
    const share = structureShare(drawn, total, amount);
    const area = insideArea(patch);
    const [into, markerInto] = focused ? light : defocused;
    const x0 = Math.max(0, patch.left);
    const x1 = Math.min(size, patch.left + patch.width);
    for (let y = Math.max(0, patch.top); y < Math.min(size, patch.top + patch.height); y++)
      for (let x = x0; x < x1; x++) {
        const q = (y - patch.top) * patch.width + x - patch.left;
        const d = patch.depth[q];
        if (d <= 0) continue;
        const p = y * size + x;
        const gfp = area * (share[0] * diffuse[q] + share[1] * structure[q]);
        const flat = (area / total[0]) * diffuse[q];
        const g = gfp + physics.autofluorescence[0] * scene.autofluorescence * flat;
        const r = (marker + physics.autofluorescence[1] * scene.autofluorescence) * flat;
        if (labels[p] === 0 || d > deepest[p]) {
          labels[p] = k + 1;
          deepest[p] = d;
          into[p] = g;
          markerInto[p] = r;
          const [other, markerOther] = focused ? defocused : light;
          other[p] = 0;
          markerOther[p] = 0;
        }
      }
    const [x, y] = middle(shape);
    cells.push({ label: k + 1, x, y, phase: shape.phase, protein, localization, visible, amount, focused });
  });
  return cells;
}

/** What a thin optical section shows of a volume: brighter inwards, mottled by organelles that are not drawn. */
function section(out: Float32Array, patch: Patch, depth: number, random: Random): void {
  const tile = mottleTile();
  const shift = Math.floor(random() * TILE * TILE);
  for (let y = 0, p = 0; y < patch.height; y++)
    for (let x = 0; x < patch.width; x++, p++)
      if (patch.depth[p] > 0)
        out[p] *=
          (1 - 0.7 * Math.exp(-patch.depth[p] / depth)) *
          (1 + 0.1 * tile[(shift + y * TILE + x) & (TILE * TILE - 1)]);
}

function sumInside(values: Float32Array, patch: Patch): number {
  let sum = 0;
  const n = patch.width * patch.height;
  for (let p = 0; p < n; p++) if (patch.depth[p] > 0) sum += values[p];
  return sum;
}

function insideArea(patch: Patch): number {
  let area = 0;
  const n = patch.width * patch.height;
  for (let p = 0; p < n; p++) if (patch.depth[p] > 0) area++;
  return area;
}
