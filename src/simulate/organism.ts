import type { Random } from "../core/rng.ts";
import type { Liftable } from "../masks/verdict.ts";
import type { SimulatedCell } from "./field.ts";
import type { Physics } from "./parameters.ts";
import type { Levels, SimulatedLocalization } from "./proteins.ts";
import type { Culture } from "./whereabouts.ts";

/** A field while its cells are drawn. */
export interface Scene {
  readonly physics: Physics;
  readonly culture: Culture;
  /** Multiplies the autofluorescence of this field. */
  readonly autofluorescence: number;
  /** The field's own stream of random numbers of a name. */
  readonly stream: (name: string) => Random;
  /** size x size, to be filled: 0 background, k the cell with label k. */
  readonly labels: Uint16Array;
  /** size x size, to be filled where the organism has a nuclear channel: the nuclei of the cell with label k. */
  readonly nuclei: Uint16Array;
  /** Light of the cells in focus and out of it, one image (size x size) per channel, to be filled. */
  readonly light: readonly Float32Array[];
  readonly defocused: readonly Float32Array[];
}

export const ORGANISM_NAMES = ["yeast", "human"] as const;
export type OrganismName = (typeof ORGANISM_NAMES)[number];

/** What is simulated: how its cells look, and how they are imaged. */
export interface Organism {
  readonly name: OrganismName;
  /** Names of the channels, in order. */
  readonly channels: readonly string[];
  /** Channel that carries the tagged protein; the others are markers. */
  readonly proteinChannel: string;
  /** Side of a crop, pixels. */
  readonly side: number;
  /** Typical diameter of a cell, pixels, where it is not half the crop's side. */
  readonly diameter?: number;
  /** Limits on masks (reasons of a verdict) that do not hold for its cells. */
  readonly allowed: readonly Liftable[];
  readonly localizations: readonly SimulatedLocalization[];
  readonly levels: Levels;
  /** Standard optics, camera and culture. */
  readonly physics: Physics;
  /** Whether a channel shows nuclei, so that their masks are part of the truth. */
  readonly nuclei: boolean;
  /** Draws the cells of a field into its scene; gives the truth about them, in label order. */
  readonly populate: (scene: Scene) => SimulatedCell[];
}
