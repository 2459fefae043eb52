import { mulberry32, namedSeed } from "../core/rng.ts";
import { drawBatch, drawFactors, onPlate, takeImage } from "./imaging.ts";
import type { OrganismName, Scene } from "./organism.ts";
import { ORGANISMS } from "./organisms.ts";
import type { Physics } from "./parameters.ts";
import type { Protein, SimulatedLocalization } from "./proteins.ts";

/** What is simulated: one image in which every cell carries the same protein, or one of several. */
export interface FieldOptions {
  /** Standard yeast. */
  readonly organism?: OrganismName;
  readonly protein: Protein;
  /** Co-culture: proteins whose cells grow among those of `protein`; a cell carries any of them all with equal chance. */
  readonly others?: readonly Protein[];
  /** Chance that a cell of a co-culture carries the protein of its nearest neighbor placed before it; 0: mixed at random. */
  readonly patchiness?: number;
  /** Plate that the field is on (a whole number): all fields of a seed on a plate share its factors, `Physics.plate`. */
  readonly plate?: number;
  /** Names the field among those of a seed. */
  readonly field: number;
  readonly seed: number;
  /** Departures from the standard optics, camera and culture. */
  readonly physics?: Partial<Physics>;
  /**
   * Chance that a cell of a heterogeneous protein takes the localization of its nearest neighbor (of its protein) placed
   * before it instead of drawing its own; 0 (the standard) makes cells independent of their neighbors.
   */
  readonly correlation?: number;
  /** Label of the only cell that gives light: the field with all others taken out, its medium and noise as they are. */
  readonly alone?: number;
}

/** The truth about one cell of a field. */
export interface SimulatedCell {
  /** Value of its pixels in `labels`. */
  readonly label: number;
  /** Middle of the cell, pixels. */
  readonly x: number;
  readonly y: number;
  /** Where it is in its cycle: yeast G1, S, G2 or M, human interphase or mitosis. */
  readonly phase: string;
  /** Nuclei in the cell, where the organism's nuclei are part of the truth. */
  readonly nuclei?: number;
  readonly protein: Protein;
  /** Where this cell has the protein. */
  readonly localization: SimulatedLocalization;
  /** Whether it shows the structure; if not, the protein is diffuse. */
  readonly visible: boolean;
  /** Mean of the protein channel over the cell before optics, in units of its photons per pixel. */
  readonly amount: number;
  /** Whether the cell is in focus. */
  readonly focused: boolean;
}

/** One field. */
export interface SimulatedField {
  readonly size: number;
  readonly channels: readonly string[];
  /** Counts, channels x size x size. */
  readonly image: Float32Array;
  /** size x size: 0 background, k the cell with label k. */
  readonly labels: Uint16Array;
  /** size x size: 0 elsewhere, k the nuclei of the cell with label k; null where the organism shows none. */
  readonly nuclei: Uint16Array | null;
  readonly cells: readonly SimulatedCell[];
}

/**
 * Simulates one field: places cells, draws organelles and the protein, and images them. Same options, same bytes.
 * @throws RangeError where the field's side is below that of a crop or no multiple of 8.
 */
export function simulateField(options: FieldOptions): SimulatedField {
  const { seed, field, plate, patchiness = 0, correlation = 0 } = options;
  const proteins = [options.protein, ...(options.others ?? [])];
  const organism = ORGANISMS[options.organism ?? "yeast"];
  const physics = { ...organism.physics, ...options.physics };
  const { size } = physics;
  if (size < organism.side || size % 8 !== 0)
    throw new RangeError(
      `a field of ${size} px is smaller than a crop (${organism.side} px) or no multiple of 8`,
    );
  const names = [proteins.map(({ name }) => name).join("+"), field] as const;
  const stream = (name: string) => mulberry32(namedSeed(seed, name, ...names));
  const own = drawBatch(stream("batch"), physics);
  const shared = mulberry32(namedSeed(seed, "plate", plate ?? 0));
  const batch =
    plate === undefined ? own : onPlate(own, drawFactors(shared, physics.photons.length, physics.plate));
  const image = () => new Uint16Array(size * size);
  const scene = {
    physics,
    culture: { proteins, patchiness, correlation },
    autofluorescence: batch.autofluorescence,
    stream,
    labels: image(),
    nuclei: image(),
    ...lightFor(organism.channels.length, size),
  };
  const cells = organism.populate(scene);
  if (options.alone !== undefined) darken(scene, options.alone);
  const out = new Float32Array(organism.channels.length * size * size);
  organism.channels.forEach((_, channel) => {
    const plane = out.subarray(channel * size * size, (channel + 1) * size * size);
    const exposure = {
      light: scene.light[channel],
      defocused: scene.defocused[channel],
      channel,
      seed: namedSeed(seed, "camera", channel, ...names),
    };
    takeImage(plane, exposure, physics, batch);
  });
  return {
    size,
    channels: organism.channels,
    image: out,
    labels: scene.labels,
    nuclei: organism.nuclei ? scene.nuclei : null,
    cells,
  };
}

/** Puts out the light of every cell but one. */
function darken({ labels, light, defocused }: Scene, alone: number): void {
  for (const image of [...light, ...defocused])
    for (let p = 0; p < labels.length; p++) if (labels[p] !== alone) image[p] = 0;
}

let scratch: Float32Array[] = [];

/** Dark buffers for fields of one size; kept from field to field. */
function lightFor(channels: number, size: number): Pick<Scene, "light" | "defocused"> {
  if (scratch.length !== 2 * channels || scratch[0].length !== size * size)
    scratch = Array.from({ length: 2 * channels }, () => new Float32Array(size * size));
  for (const image of scratch) image.fill(0);
  return { light: scratch.slice(0, channels), defocused: scratch.slice(channels) };
}
