import type { Setting } from "./settings.ts";

/** Names and shape of the crops of one set: `channels.length` x `height` x `width`, float32, row-major. */
export interface CropShape {
  readonly channels: readonly string[];
  /** Pixels. */
  readonly height: number;
  /** Pixels. */
  readonly width: number;
  /** Typical diameter of the cells, px; half the crop's shorter side where it is not known. */
  readonly diameter?: number | undefined;
}

/** What the label masks know: nothing, the center cell only, or the center cell and its neighbors. */
export type MaskKind = "none" | "center" | "full";

/** Label of a pixel in a label mask. */
export const BACKGROUND = 0;
export const CENTER = 1;
export const NEIGHBOR = 2;

/** Crops and label masks, one cell at a time; in memory or on disk. */
export interface CropSource extends CropShape {
  /** Number of cells. */
  readonly count: number;
  readonly masks: MaskKind;
  /** Copies crop `cell` (0..count-1) into `out` (channels x height x width). */
  readCrop(cell: number, out: Float32Array): void;
  /** Copies the label mask of `cell` into `out` (height x width; 0 background, 1 center cell, 2 other cells). */
  readMask(cell: number, out: Uint8Array): void;
}

/** One column of a table; `null` stands for "not known". */
export type Column = string[] | (string | null)[] | Float64Array | Float32Array | Int32Array | Uint8Array;

/** A table by columns, all of one length, in file order. */
export interface Table {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, Column>;
}

/**
 * Who the cells are. Every array has one entry per cell.
 * `field` is unique in the whole set (for instance `AAC1_3`), so that cells with one value share an image.
 * `localization` holds the class, several of them joined by `|` for a multiply localized protein, null where unknown.
 */
export interface Cells {
  readonly count: number;
  readonly id: readonly string[];
  /** Null where the cells have none: a screen of compounds, for instance. */
  readonly protein: readonly string[] | null;
  readonly field: readonly string[];
  readonly localization: readonly (string | null)[];
  /** 1 where the mask passed its quality checks. */
  readonly usable: Uint8Array;
  /** Every metadata column as stored (`Metadata_` prefix), the ones above included. */
  readonly metadata: Table;
}

/**
 * Which cell gets which donor in which setting; plain data, one entry per composite.
 * Rows are sorted by setting (order of SETTINGS), background, cell.
 */
export interface SwapPlan {
  /** Seed that the donors were drawn with; null for a plan made elsewhere. */
  readonly seed: number | null;
  /** Number of composites. */
  readonly count: number;
  /** Class names; backgrounds point into them. */
  readonly classes: readonly string[];
  /** Setting and background of all rows: runs of rows that have the same, one behind the other. */
  readonly runs: readonly PlanRun[];
  /** Row of the center cell in the cell store. */
  readonly cell: Int32Array;
  /** Row of the donor in the cell store, -1 where the setting has none; the cell itself for `self`. */
  readonly donor: Int32Array;
  /** Where the medium of cell-free composites comes from, if some donors have none (see `lendMedium`). */
  readonly medium?: LentMedium | undefined;
}

/** Rows `start` to `end` - 1 of a plan, which have one setting with one background. */
export interface PlanRun {
  /** Index into SETTINGS. */
  readonly setting: number;
  /** Class that the backgrounds come from, -1 where the setting has none. */
  readonly background: number;
  readonly start: number;
  readonly end: number;
}

/** Medium that crops full of cells take from others of their field. */
export interface LentMedium {
  /** Row of the crop whose medium composite i shows in place of its donor's, which may be the donor; -1: not crowded. */
  readonly of: Int32Array;
  /** Names all that decides who lends to whom, besides masks and seed; null where nothing is lent. */
  readonly key: string | null;
}

/** How a composite is made. */
export interface CompositeOptions {
  /** `hard`: the mask decides (published). `soft`: alpha is the Gaussian of the mask. */
  readonly edge: "hard" | "soft";
  /** Standard deviation of the soft edge, pixels. */
  readonly sigma: number;
  /** What becomes of the donor's own center cell: kept (published) or removed and filled from around it. */
  readonly donorCenter: "keep" | "fill";
  /** Width of the rim around a cell that is removed with it, pixels. */
  readonly halo: number;
  /**
   * `field`: backgrounds are brought to the levels of the cell's field, the cell stays as imaged. `protein` (published),
   * `crop`: every crop is scaled before pasting, by the levels of its protein, or from its minimum to its maximum.
   */
  readonly intensity: "none" | "crop" | "field" | "protein";
  /**
   * Range after the intensity step, where 0 is the level of the medium and 1 that of cells: of backgrounds of another
   * field by `field`, else of every crop; null: not clipped. Unused by `none`.
   */
  readonly clip: readonly [number, number] | null;
  /** Names the random draws of fills. */
  readonly seed: number;
}

/** Feature vectors, row-major float32 (rows x dimension). */
export interface Features {
  readonly rows: number;
  readonly dimension: number;
  readonly data: Float32Array;
}

/** Result of one pair of classes in one setting with one background. */
export interface PairScore {
  readonly encoder: string;
  readonly setting: Setting;
  /** Class that both backgrounds come from; null where each class keeps its own or there is none. */
  readonly background: string | null;
  readonly class1: string;
  readonly class2: string;
  /** Mean over the folds, 0..1. */
  readonly accuracy: number;
  /** Population standard deviation over the folds. */
  readonly sd: number;
  readonly folds: readonly number[];
  /** Largest relative duality gap of the folds' fits; null in tables made elsewhere. */
  readonly gap: number | null;
  /** Cells of the two classes together; null in tables made elsewhere. */
  readonly cells: number | null;
}

/**
 * What a guard found. `refuse`: the study is not run. `warning`: what is said of the encoder (null: of the study) does
 * not hold as it stands, or may mislead. `note`: what a reader should know.
 */
export interface Flag {
  /** Name of the finding, the same in every study (docs/study.md lists them). */
  readonly id: string;
  readonly severity: "refuse" | "warning" | "note";
  /** Name of the encoder or of its output; null: the finding is about cells, plan or choices. */
  readonly encoder: string | null;
  /** One sentence: what was found, with its numbers, and the remedy. */
  readonly text: string;
}
