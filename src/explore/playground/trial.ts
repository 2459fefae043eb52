import { traitsOf } from "../../settings.ts";
import type { CompositeOptions } from "../../types.ts";

/**
 * What a trial shows. `imaged`: the cell's crop. `neighbors`: the cell among the donor's cells (settings `self`, `same`,
 * `different`). `medium`: on the donor's medium, its cells removed (`cell-free`). `nothing`: nothing around it
 * (`masked`). `alone`: the cell's surroundings, the cell removed (`background-only`).
 */
export const SCENES = ["imaged", "neighbors", "medium", "nothing", "alone"] as const;
export type Scene = (typeof SCENES)[number];

/** A cell of another crop that is put into the donor's: where it lies in its own, moved by (dx, dy) px. */
export interface Added {
  readonly from: number;
  readonly dx: number;
  readonly dy: number;
}

/** One composite that is tried by hand; cells and donors by row of the store. */
export interface Trial {
  readonly scene: Scene;
  readonly donor: number;
  /** How far the cell is moved: right and down, px. */
  readonly dx: number;
  readonly dy: number;
  readonly options: CompositeOptions;
  /** How far the outlines of all center cells lie too far out; negative: too far in, px. */
  readonly outline: number;
  /** Neighbors that are taken out of the donor, by number (`neighborsOf`), ascending. */
  readonly erased: readonly number[];
  readonly added: readonly Added[];
}

/** A row of the study's plan. */
export interface PlannedRow {
  readonly setting: Parameters<typeof traitsOf>[0];
  readonly cell: number;
  readonly donor: number;
  /** Whose medium it shows; see `mediumOf`. */
  readonly medium: number;
}

/**
 * The trial that is a composite of the study. The donor of a cell-free one is the crop whose medium it shows, where that
 * is another than the plan's donor.
 */
export function trialOf({ setting, cell, donor, medium }: PlannedRow, options: CompositeOptions): Trial {
  const traits = traitsOf(setting);
  const scene: Scene =
    traits.cell === "imaged"
      ? "imaged"
      : traits.cell === "removed"
        ? "alone"
        : traits.background === "none"
          ? "nothing"
          : traits.removes === "all"
            ? "medium"
            : "neighbors";
  const lender = scene === "medium" ? medium : donor;
  return {
    scene,
    donor: lender < 0 ? cell : lender,
    dx: 0,
    dy: 0,
    options,
    outline: 0,
    erased: [],
    added: [],
  };
}

/** Whose crop is around the cell: the donor's, or its own. */
export function lenderOf({ scene, donor }: Pick<Trial, "scene" | "donor">, cell: number): number {
  return scene === "imaged" || scene === "alone" ? cell : donor;
}

/** Rows of the crops that a trial is made of, each once. */
export function cropsOf(trial: Trial, cell: number): number[] {
  return [...new Set([cell, lenderOf(trial, cell), ...trial.added.map((a) => a.from)])];
}

/** What a change of a trial does to it. */
export type Change = Partial<Omit<Trial, "options">> & { readonly options?: Partial<CompositeOptions> };

/**
 * The trial after a change. What is changed around a cell as imaged is changed on its own crop; another donor, whose
 * neighbors are others, brings back those that were erased.
 */
export function changed(trial: Trial, cell: number, change: Change): Trial {
  const imaged = trial.scene === "imaged" && change.scene === undefined;
  const next: Trial = {
    ...trial,
    ...(imaged ? { scene: "neighbors" as const, donor: cell } : {}),
    ...change,
    options: { ...trial.options, ...change.options },
  };
  const other = lenderOf(next, cell) !== lenderOf(trial, cell);
  return other && change.erased === undefined ? { ...next, erased: [] } : next;
}

/** The trial with nothing changed by hand: the same cell on the same donor, as the study makes it. */
export function unedited(trial: Trial, options: CompositeOptions): Trial {
  return { ...trial, dx: 0, dy: 0, options, outline: 0, erased: [], added: [] };
}

/** What is changed by hand, in words; empty where a trial is what the study makes. */
export function editsOf({ dx, dy, outline, erased, added, options }: Trial, own: CompositeOptions): string[] {
  const keys = (Object.keys(own) as (keyof CompositeOptions)[]).filter(
    (key) => JSON.stringify(options[key]) !== JSON.stringify(own[key]),
  );
  return [
    ...(dx === 0 && dy === 0 ? [] : ["place of the cell"]),
    ...(outline === 0 ? [] : ["outline"]),
    ...(erased.length === 0 ? [] : [`${erased.length} erased`]),
    ...(added.length === 0 ? [] : [`${added.length} added`]),
    ...keys,
  ];
}

/** A trial as choices of a study file (docs/study.md), and what of it no study can be told. */
export function studyChoices(
  trial: Trial,
  own: CompositeOptions,
): { readonly json: string; readonly left: readonly string[] } {
  const { edge, sigma, donorCenter, halo, intensity, clip, seed } = trial.options;
  const choices = { edge, sigma, donorCenter, halo, intensity, clip, seed };
  const lines = Object.entries(choices).map(
    ([key, value]) => `  "${key}": ${JSON.stringify(value).replace(",", ", ")}`,
  );
  const json = `{\n${lines.join(",\n")}\n}\n`;
  const left = [
    ...(trial.dx === 0 && trial.dy === 0 ? [] : ["the place of the cell"]),
    ...(trial.erased.length === 0 ? [] : ["single neighbors that are erased"]),
    ...(trial.added.length === 0 ? [] : ["neighbors that are added"]),
    ...(seed === own.seed ? [] : ["the fill seed alone: `seed` also names the draws of donors"]),
    ...(trial.outline === 0
      ? []
      : [
          "the outline of the mask, which `cellswap sensitivity` moves in every cell (variants erode-N and dilate-N)",
        ]),
  ];
  return { json, left };
}
