import { HUMAN_LOCALIZATIONS } from "../../names.ts";
import type { Organism } from "../organism.ts";
import { HUMAN_PHYSICS } from "../parameters.ts";
import { populateHuman } from "./cells.ts";
import { HUMAN_LEVELS } from "./levels.ts";

/** Adherent human cells as the Human Protein Atlas stains them: three markers and the protein. */
export const HUMAN: Organism = {
  name: "human",
  channels: ["DNA", "Microtubules", "ER", "Protein"],
  proteinChannel: "Protein",
  side: 128,
  diameter: 56,
  allowed: ["ragged"],
  localizations: HUMAN_LOCALIZATIONS,
  levels: HUMAN_LEVELS,
  physics: HUMAN_PHYSICS,
  nuclei: true,
  populate: populateHuman,
};
