import { mulberry32, namedSeed, shuffle } from "../../src/core/rng.ts";
import { cutCrops } from "../../src/simulate/crops.ts";
import { simulateField } from "../../src/simulate/field.ts";
import { drawBatch, takeImage } from "../../src/simulate/imaging.ts";
import { expose } from "../../src/simulate/optics.ts";
import { ORGANISMS } from "../../src/simulate/organisms.ts";
import type { Physics } from "../../src/simulate/parameters.ts";
import { type Protein, type SimulatedLocalization, singleProteins } from "../../src/simulate/proteins.ts";

/** A simulated cell, and the same as it would have been imaged without any other cell in its field. */
export interface RenderedCell {
  readonly id: string;
  readonly protein: string;
  readonly field: string;
  readonly localization: SimulatedLocalization;
  /** As it was imaged, channels x 64 x 64 counts, and its label mask. */
  readonly crop: Float32Array;
  readonly mask: Uint8Array;
  /** Mean of what the camera gives, without its noise: with the other cells of the field, and without. */
  readonly full: Float32Array;
  readonly alone: Float32Array;
}

/** What is rendered. */
export interface Rendering {
  readonly localizations: readonly SimulatedLocalization[];
  readonly proteins: number;
  readonly fields: number;
  readonly cellsPerField: number;
  readonly seed: number;
}

const YEAST = ORGANISMS.yeast;
const PHYSICS: Physics = YEAST.physics;

/** So much light that photon noise is below a millionth. */
const MUCH = 1e8;

/** Simulates fields of yeast and renders each of their cells once more without its neighbors: same cell, same optics. */
export function* renderCells(rendering: Rendering): Generator<RenderedCell> {
  for (const protein of singleProteins(rendering.proteins, rendering.localizations, 1))
    for (let field = 0; field < rendering.fields; field++) yield* renderField(protein, field, rendering);
}

function* renderField(
  protein: Protein,
  field: number,
  { seed, cellsPerField }: Rendering,
): Generator<RenderedCell> {
  const { size } = PHYSICS;
  const imaged = simulateField({ protein, field, seed });
  const stream = (name: string) => mulberry32(namedSeed(seed, name, protein.name, field));
  const batch = drawBatch(stream("batch"), PHYSICS);
  const dark = () => YEAST.channels.map(() => new Float32Array(size * size));
  const [light, defocused] = [dark(), dark()];
  const labels = new Uint16Array(size * size);
  YEAST.populate({
    physics: PHYSICS,
    culture: { proteins: [protein], patchiness: 0, correlation: 0 },
    autofluorescence: batch.autofluorescence,
    stream,
    labels,
    nuclei: new Uint16Array(size * size),
    light,
    defocused,
  });
  if (labels.some((label, p) => label !== imaged.labels[p])) throw new Error("the field is another one");
  const bright = {
    ...PHYSICS,
    photons: PHYSICS.photons.map((v) => v * MUCH),
    medium: PHYSICS.medium.map((v) => v * MUCH),
    readNoise: 0,
    gain: PHYSICS.gain / MUCH,
  };
  /** The field with the light of one cell, or of all (0). */
  const render = (label: number): Float32Array => {
    const image = new Float32Array(YEAST.channels.length * size * size);
    const of = (planes: Float32Array[], c: number) =>
      label === 0 ? planes[c].slice() : planes[c].map((v, p) => (labels[p] === label ? v : 0));
    for (let c = 0; c < YEAST.channels.length; c++) {
      const exposure = { light: of(light, c), defocused: of(defocused, c), channel: c, seed: 1 };
      takeImage(image.subarray(c * size * size, (c + 1) * size * size), exposure, bright, batch);
    }
    return image;
  };
  const cut = (image: Float32Array) =>
    new Map(cutCrops({ ...imaged, image }, YEAST.side).map((crop) => [crop.cell.label, crop.crop]));
  const full = cut(render(0));
  const picked = shuffle(cutCrops(imaged, YEAST.side), stream("pick")).slice(0, cellsPerField);
  picked.sort((a, b) => a.cell.label - b.cell.label);
  for (const { cell, crop, mask } of picked) {
    const name = `${protein.name}_${field}`;
    yield {
      id: `${name}_${cell.label}`,
      protein: protein.name,
      field: name,
      localization: cell.localization,
      crop,
      mask,
      full: full.get(cell.label)!,
      alone: cut(render(cell.label)).get(cell.label)!,
    };
  }
}

/** One more exposure of a crop whose noiseless counts are known. */
export function exposed(counts: Float32Array, seed: number): Float32Array {
  const photons = counts.map((v) => Math.max(0, v - PHYSICS.offset) / PHYSICS.gain);
  expose(photons, seed, PHYSICS);
  return photons;
}
