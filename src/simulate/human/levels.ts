import type { HumanLocalization } from "../../names.ts";
import type { Levels } from "../proteins.ts";

/** Levels of the human localizations; chosen, as those of yeast, so that small structures are dim as a whole. */
export const HUMAN_LEVELS: Levels & Readonly<Record<HumanLocalization, unknown>> = {
  Nucleoplasm: { level: 0.55, contrast: 0.75 },
  "Nuclear speckles": { level: 0.4, contrast: 0.5 },
  Nucleoli: { level: 0.4, contrast: 0.55 },
  "Nuclear membrane": { level: 0.4, contrast: 0.55 },
  Cytosol: { level: 1.3, contrast: 1 },
  "Endoplasmic reticulum": { level: 0.8, contrast: 0.75 },
  "Golgi apparatus": { level: 0.45, contrast: 0.55 },
  Mitochondria: { level: 0.7, contrast: 0.7 },
  Vesicles: { level: 0.45, contrast: 0.5 },
  Centrosome: { level: 0.3, contrast: 0.15 },
  Microtubules: { level: 0.8, contrast: 0.7 },
  "Actin filaments": { level: 0.7, contrast: 0.65 },
  "Plasma membrane": { level: 0.6, contrast: 0.6 },
};
