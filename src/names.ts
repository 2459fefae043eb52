// Class lists of the published systems, as their data and tables have them.

/** The 15 localizations of the study, in the order of its tables. */
export const LOCALIZATIONS = [
  "actin",
  "bud neck",
  "cell periphery",
  "cytoplasm",
  "endosome",
  "ER",
  "Golgi",
  "mitochondrion",
  "nucleus",
  "nuclear periphery",
  "nucleolus",
  "spindle pole",
  "peroxisome",
  "vacuolar membrane",
  "vacuole",
] as const;
export type Localization = (typeof LOCALIZATIONS)[number];

/** Localizations of human cells that are simulated, as the Human Protein Atlas names them. */
export const HUMAN_LOCALIZATIONS = [
  "Nucleoplasm",
  "Nuclear speckles",
  "Nucleoli",
  "Nuclear membrane",
  "Cytosol",
  "Endoplasmic reticulum",
  "Golgi apparatus",
  "Mitochondria",
  "Vesicles",
  "Centrosome",
  "Microtubules",
  "Actin filaments",
  "Plasma membrane",
] as const;
export type HumanLocalization = (typeof HUMAN_LOCALIZATIONS)[number];

/** DeepLoc's 19 classes, in the order of its outputs and of the one-hot columns of its published sets. */
export const DEEPLOC_CLASSES = [
  "ACTIN",
  "BUDNECK",
  "BUDTIP",
  "CELLPERIPHERY",
  "CYTOPLASM",
  "ENDOSOME",
  "ER",
  "GOLGI",
  "MITOCHONDRIA",
  "NUCLEARPERIPHERY",
  "NUCLEI",
  "NUCLEOLUS",
  "PEROXISOME",
  "SPINDLE",
  "SPINDLEPOLE",
  "VACUOLARMEMBRANE",
  "VACUOLE",
  "DEAD",
  "GHOST",
] as const;
