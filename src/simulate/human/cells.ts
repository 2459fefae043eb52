import { normal } from "../../core/rng.ts";
import type { HumanLocalization } from "../../names.ts";
import type { SimulatedCell } from "../field.ts";
import type { Scene } from "../organism.ts";
import { levelOf } from "../proteins.ts";
import { structureShare, Whereabouts } from "../whereabouts.ts";
import { drawHumanAnatomy } from "./anatomy.ts";
import { HUMAN_LEVELS } from "./levels.ts";
import { packHumanCells } from "./packing.ts";
import { cutHumanPatch, type HumanPatch, PATCH_PIXELS } from "./patch.ts";
import { chromatin, cytosol, HUMAN_PAINTERS, microtubules, reticulum } from "./structures.ts";

const images = Array.from({ length: 5 }, () => new Float32Array(PATCH_PIXELS));

/**
 * Places human cells, draws their organelles, markers and the protein, and lights them up: DNA with a mean of about 1
 * in the nucleus, microtubules and endoplasmic reticulum with a mean of about 1 over the cell, the protein by its amount.
 */
export function populateHuman(scene: Scene): SimulatedCell[] {
  const { physics, culture, labels, nuclei, light, defocused } = scene;
  const { size } = physics;
  const packing = packHumanCells(scene.stream("cells"), physics);
  const random = scene.stream("protein");
  const cells: SimulatedCell[] = [];
  const whereabouts = new Whereabouts(culture, packing.shapes, scene.stream("culture"));
  packing.shapes.forEach((shape, k) => {
    const { protein, localization } = whereabouts.draw(k, random);
    const visible = random() < protein.penetrance;
    const { level, contrast } = levelOf(protein, localization, HUMAN_LEVELS);
    const amount = level * Math.exp(protein.spread * normal(random)) * (visible ? 1 : 0.7);
    const markers = [0.12, 0.2, 0.2].map((spread) => Math.exp(spread * normal(random)));
    const focused = random() >= physics.defocused;
    const patch = cutHumanPatch(packing, k);
    if (patch === null) return;
    const n = patch.width * patch.height;
    const anatomy = drawHumanAnatomy(patch, random);
    const subject = { patch, anatomy, number: protein.number, size: protein.size };
    for (const image of images) image.fill(0, 0, n);
    const [dna, tubules, er, diffuse, structure] = images;
    chromatin(dna, patch, anatomy, random);
    microtubules(tubules, patch, anatomy, 1, random);
    reticulum(er, patch, anatomy, 1, random);
    cytosol(diffuse, patch, anatomy, 0.7, random);
    if (visible) HUMAN_PAINTERS[localization as HumanLocalization](structure, subject, random);
    const total = [tubules, er, diffuse, structure].map((image) => sumInside(image, patch));
    const sharpness = contrast === 1 ? 1 : 0.6 + 0.4 * Math.sqrt(random());
    const drawn = total[3] > 0 ? contrast * sharpness : 0;
    const share = structureShare(drawn, total.slice(2), amount);
    // A round cell is thicker: more light per pixel from as much protein.
    const thick = patch.area * (shape.mitotic ? 1.7 : 1);
    const into = focused ? light : defocused;
    const label = cells.length + 1;
    let counted = 0;
    for (let y = Math.max(0, patch.top); y < Math.min(size, patch.top + patch.height); y++)
      for (let x = Math.max(0, patch.left); x < Math.min(size, patch.left + patch.width); x++) {
        const q = (y - patch.top) * patch.width + x - patch.left;
        if (patch.depth[q] === 0) continue;
        const p = y * size + x;
        labels[p] = label;
        counted++;
        const chromosomes = anatomy.plates.length > 0 && dna[q] > 0.3;
        if (anatomy.nuclear[q] > 0 || chromosomes) nuclei[p] = label;
        const own = scene.autofluorescence * anatomy.thickness[q];
        const values = [
          markers[0] * dna[q] * (shape.mitotic ? 1.5 : 1),
          (markers[1] * thick * tubules[q]) / total[0],
          (markers[2] * thick * er[q]) / total[1],
          thick * (share[0] * diffuse[q] + share[1] * structure[q]),
        ];
        values.forEach((value, c) => (into[c][p] = value + physics.autofluorescence[c] * own));
      }
    if (counted === 0) return;
    cells.push({
      label,
      x: shape.x,
      y: shape.y,
      phase: shape.mitotic ? "mitosis" : "interphase",
      nuclei: shape.mitotic ? anatomy.plates.length : shape.nuclei,
      protein,
      localization,
      visible,
      amount,
      focused,
    });
  });
  return cells;
}

function sumInside(values: Float32Array, patch: HumanPatch): number {
  let sum = 0;
  const n = patch.width * patch.height;
  for (let p = 0; p < n; p++) if (patch.depth[p] > 0) sum += values[p];
  return sum;
}
