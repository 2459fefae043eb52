import { mulberry32, namedSeed, normal } from "../core/rng.ts";
import type { Localization } from "../names.ts";
import { drawAnatomy } from "./anatomy.ts";
import { addDoubled, blur, expose, halve, normals } from "./optics.ts";
import { packCells } from "./packing.ts";
import { PHYSICS, type Physics } from "./parameters.ts";
import { cutPatch, type Patch } from "./patch.ts";
import { levelOf, type Protein } from "./proteins.ts";
import { type CellShape, middle, type Phase } from "./shape.ts";
import { cytosol, PAINTERS } from "./structures.ts";

/** What is simulated: one image in which every cell carries the same protein. */
export interface FieldOptions {
  readonly protein: Protein;
  /** Names the field among those of a seed. */
  readonly field: number;
  readonly seed: number;
  /** Departures from the standard optics, camera and culture. */
  readonly physics?: Partial<Physics>;
  /**
   * Chance that a cell of a heterogeneous protein takes the localization of its nearest neighbor placed before it
   * instead of drawing its own; 0 (the standard) makes cells independent of their neighbors.
   */
  readonly correlation?: number;
}

/** The truth about one cell of a field. */
export interface SimulatedCell {
  /** Value of its pixels in `labels`. */
  readonly label: number;
  /** Middle of the cell, pixels. */
  readonly x: number;
  readonly y: number;
  readonly phase: Phase;
  /** Where this cell has the protein. */
  readonly localization: Localization;
  /** Whether it shows the structure; if not, the protein is diffuse. */
  readonly visible: boolean;
  /** Mean GFP of the cell before optics, in units of 120 photons per pixel. */
  readonly amount: number;
  /** Whether the cell is in focus. */
  readonly focused: boolean;
}

/** One field. */
export interface SimulatedField {
  readonly size: number;
  readonly channels: readonly ["GFP", "RFP"];
  /** Counts, 2 x size x size. */
  readonly image: Float32Array;
  /** size x size: 0 background, k the cell with label k. */
  readonly labels: Uint16Array;
  readonly cells: readonly SimulatedCell[];
}

const mottle = new Map<string, Float32Array>();
const TILE = 128;

/** A periodic tile of smooth noise (mean 0, SD 1) that mottles the cytosol; the same in every run. */
function mottleTile(): Float32Array {
  let tile = mottle.get("");
  if (tile === undefined) {
    tile = new Float32Array(TILE * TILE);
    const draw = normals(7);
    for (let p = 0; p < tile.length; p++) tile[p] = draw();
    blur(tile, TILE, 1.6);
    const sd = Math.sqrt(tile.reduce((s, v) => s + v * v, 0) / tile.length);
    for (let p = 0; p < tile.length; p++) tile[p] /= sd;
    mottle.set("", tile);
  }
  return tile;
}

/**
 * Simulates one field: places cells, draws organelles and the protein, and images them. Same options, same bytes.
 * @throws RangeError where the field's side is below 64 px or no multiple of 8.
 */
export function simulateField(options: FieldOptions): SimulatedField {
  const physics = { ...PHYSICS, ...options.physics };
  const { protein, seed, field, correlation = 0 } = options;
  const { size } = physics;
  if (size < 64 || size % 8 !== 0)
    throw new RangeError(`a field of ${size} px is smaller than a crop (64 px) or no multiple of 8`);
  const names = [protein.name, field] as const;
  const batch = drawBatch(mulberry32(namedSeed(seed, "batch", ...names)), physics);
  const shapes = packCells(mulberry32(namedSeed(seed, "cells", ...names)), physics);
  const random = mulberry32(namedSeed(seed, "protein", ...names));
  const labels = new Uint16Array(size * size);
  const { deepest, light, defocused, structure, diffuse } = scratchFor(size);
  const cells: SimulatedCell[] = [];
  const whereabouts: Localization[] = [];
  shapes.forEach((shape, k) => {
    const localization = drawLocalization(protein, shapes, whereabouts, k, correlation, random);
    whereabouts.push(localization);
    const visible = random() < protein.penetrance;
    const { level, contrast } = levelOf(protein, localization);
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
    if (visible) PAINTERS[localization](structure, subject, random);
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
        const g = gfp + physics.autofluorescence[0] * batch.autofluorescence * flat;
        const r = (marker + physics.autofluorescence[1] * batch.autofluorescence) * flat;
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
    cells.push({ label: k + 1, x, y, phase: shape.phase, localization, visible, amount, focused });
  });
  const image = new Float32Array(2 * size * size);
  for (const c of [0, 1]) {
    const channel = image.subarray(c * size * size, (c + 1) * size * size);
    takeImage(channel, light[c], defocused[c], physics, batch, c, namedSeed(seed, "camera", c, ...names));
  }
  return { size, channels: ["GFP", "RFP"], image, labels, cells };
}

interface Scratch {
  readonly size: number;
  readonly deepest: Float32Array;
  readonly light: readonly [Float32Array, Float32Array];
  readonly defocused: readonly [Float32Array, Float32Array];
  readonly structure: Float32Array;
  readonly diffuse: Float32Array;
}
let scratch: Scratch | undefined;

/** Cleared buffers for fields of one size; kept from field to field. */
function scratchFor(size: number): Scratch {
  if (scratch?.size !== size) {
    const image = () => new Float32Array(size * size);
    const patch = () => new Float32Array(96 * 96);
    scratch = {
      size,
      deepest: image(),
      light: [image(), image()],
      defocused: [image(), image()],
      structure: patch(),
      diffuse: patch(),
    };
  }
  for (const image of [...scratch.light, ...scratch.defocused]) image.fill(0);
  return scratch;
}

/** What differs between fields besides their cells. */
interface Batch {
  readonly gain: readonly [number, number];
  readonly medium: number;
  readonly autofluorescence: number;
  readonly haze: number;
  readonly psf: number;
  /** Brightest point of the illumination, parts of the field's side. */
  readonly light: readonly [number, number];
  /** Haze of cells below and above the section: center (parts of the side), width (pixels), amount. */
  readonly clouds: readonly (readonly [x: number, y: number, sigma: number, amount: number])[];
}

/** Standard deviation of the blur of a cell out of focus, pixels. */
const DEFOCUS = 4;

function drawBatch(random: () => number, physics: Physics): Batch {
  const factor = (scale = 1) => Math.exp(scale * physics.batch * normal(random));
  return {
    gain: [factor(), factor()],
    medium: factor(1.5),
    autofluorescence: factor(),
    haze: factor(1.5),
    psf: factor(0.4),
    light: [0.2 + 0.6 * random(), 0.2 + 0.6 * random()],
    clouds: Array.from(
      { length: Math.round(physics.clouds * (physics.size / 256) ** 2 * 2 * random()) },
      () => [random(), random(), 8 + 14 * random(), 0.16 * random() * random()] as const,
    ),
  };
}

function takeImage(
  out: Float32Array,
  light: Float32Array,
  defocused: Float32Array,
  physics: Physics,
  batch: Batch,
  channel: number,
  seed: number,
): void {
  const { size, halo, haloShare, haze, hazeShare } = physics;
  const sharp = 1 - haloShare;
  const lost = halve(defocused, size);
  const wide = halve(light, size);
  for (let p = 0; p < wide.length; p++) wide[p] += lost[p];
  const far = halve(halve(wide, size / 2), size / 4);
  for (const [x, y, sigma, amount] of batch.clouds) {
    for (let p = 0; p < far.length; p++) {
      const dx = (p % (size / 8)) - (x * size) / 8;
      const dy = Math.floor(p / (size / 8)) - (y * size) / 8;
      far[p] += (amount / hazeShare) * Math.exp((-32 * (dx * dx + dy * dy)) / (sigma * sigma));
    }
  }
  blur(far, size / 8, haze / 8);
  blur(wide, size / 2, halo / 2);
  blur(lost, size / 2, DEFOCUS / 2);
  for (let p = 0; p < wide.length; p++) wide[p] = haloShare * wide[p] + 0.8 * sharp * lost[p];
  const middle = new Float32Array((size / 4) ** 2);
  addDoubled(middle, far, size / 4, hazeShare * batch.haze);
  addDoubled(wide, middle, size / 2, 1);
  out.set(light);
  blur(out, size, physics.psf * batch.psf);
  for (let p = 0; p < out.length; p++) out[p] *= sharp;
  addDoubled(out, wide, size, 1);
  const photons = physics.photons[channel] * batch.gain[channel];
  const medium = physics.medium[channel] * batch.medium;
  const [lx, ly] = [batch.light[0] * size, batch.light[1] * size];
  const fall = physics.vignette / (size * size);
  for (let y = 0, p = 0; y < size; y++) {
    const dy = (y - ly) ** 2;
    for (let x = 0; x < size; x++, p++) {
      const dx = x - lx;
      out[p] = (out[p] * photons + medium) * (1 - fall * (dx * dx + dy));
    }
  }
  expose(out, seed, physics);
}

function drawLocalization(
  protein: Protein,
  shapes: readonly CellShape[],
  before: readonly Localization[],
  k: number,
  correlation: number,
  random: () => number,
): Localization {
  const copies = random() < correlation;
  let u = random();
  if (copies && k > 0) {
    let nearest = 0;
    const distance = (o: number) => (shapes[o].x - shapes[k].x) ** 2 + (shapes[o].y - shapes[k].y) ** 2;
    for (let o = 1; o < k; o++) if (distance(o) < distance(nearest)) nearest = o;
    return before[nearest];
  }
  for (const { localization, share } of protein.shares) {
    if (u < share) return localization;
    u -= share;
  }
  return protein.shares[protein.shares.length - 1].localization;
}

/** Weights of the diffuse and the structured part per pixel sum, so that the cell's mean becomes `amount`. */
function structureShare(contrast: number, total: readonly number[], amount: number): [number, number] {
  return [(amount * (1 - contrast)) / total[0], contrast === 0 ? 0 : (amount * contrast) / total[1]];
}

/** What a thin optical section shows of a volume: brighter inwards, mottled by organelles that are not drawn. */
function section(out: Float32Array, patch: Patch, depth: number, random: () => number): void {
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
