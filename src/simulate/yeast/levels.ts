import type { Localization } from "../../names.ts";

/**
 * What separates the localizations besides their structure.
 * `level`: mean GFP over the cell at abundance 1, 1 being 120 photons per pixel (low-copy structures are dim as a
 * whole although bright where they are; orders of magnitude from Ghaemmaghami et al. 2003, Nature 425:737).
 * `contrast`: share of the protein that is in the structure, the rest is diffuse in the cytosol.
 */
export const LOCALIZATION_LEVELS: Readonly<Record<Localization, { level: number; contrast: number }>> = {
  actin: { level: 0.4, contrast: 0.55 },
  "bud neck": { level: 0.28, contrast: 0.36 },
  "cell periphery": { level: 0.7, contrast: 0.72 },
  cytoplasm: { level: 2.2, contrast: 1 },
  endosome: { level: 0.35, contrast: 0.5 },
  ER: { level: 0.6, contrast: 0.75 },
  Golgi: { level: 0.35, contrast: 0.55 },
  mitochondrion: { level: 0.5, contrast: 0.62 },
  nucleus: { level: 0.55, contrast: 0.6 },
  "nuclear periphery": { level: 0.4, contrast: 0.58 },
  nucleolus: { level: 0.4, contrast: 0.55 },
  "spindle pole": { level: 0.25, contrast: 0.2 },
  peroxisome: { level: 0.3, contrast: 0.42 },
  "vacuolar membrane": { level: 0.5, contrast: 0.68 },
  vacuole: { level: 0.55, contrast: 0.75 },
};
