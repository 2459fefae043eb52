import { LOCALIZATIONS } from "../../names.ts";
import type { Organism } from "../organism.ts";
import { PHYSICS } from "../parameters.ts";
import { populateYeast } from "./cells.ts";
import { LOCALIZATION_LEVELS } from "./levels.ts";

/** Budding yeast as a confocal screen shows it: GFP is the protein, RFP a marker of the cytosol. */
export const YEAST: Organism = {
  name: "yeast",
  channels: ["GFP", "RFP"],
  proteinChannel: "GFP",
  side: 64,
  allowed: [],
  localizations: LOCALIZATIONS,
  levels: LOCALIZATION_LEVELS,
  physics: PHYSICS,
  nuclei: false,
  populate: populateYeast,
};
