import { join } from "node:path";
import type { Block } from "./block.ts";

/** Version of the study folder's layout. */
export const LAYOUT = 2;

/** Files of the explorer, those of the study first; `sources.json` says where cells and encoders are. */
export const VIEW_FILES = {
  study: ["study.json", "summary.json", "cells.parquet", "plan.parquet", "scales.json", "sources.json"],
  encoder: ["composites.parquet", "probabilities.npy", "probes.npy"],
} as const;
export type ViewFile = (typeof VIEW_FILES)[keyof typeof VIEW_FILES][number];

/** Where everything of a study folder stands; the only place that knows. */
export class StudyLayout {
  /** The study folder. */
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** What the study was made from, and the keys of stages whose files cannot hold their own. */
  get record(): string {
    return join(this.path, "record.json");
  }
  /** The swap plan, without ending. */
  get plan(): string {
    return join(this.path, "plan");
  }
  get scales(): string {
    return join(this.path, "scales.csv");
  }
  /** Features, unless the study names another folder for them. */
  get features(): string {
    return join(this.path, "features");
  }
  /** Pair probes of one block. */
  block(set: string, block: Block): string {
    return join(this.path, "stages", "blocks", set, `${blockName(block)}.json`);
  }
  /** Pair probes that were trained on fewer cells; the same blocks, one folder per number of cells per class. */
  curve(cells: number): Pick<StudyLayout, "block"> {
    return {
      block: (set, block) =>
        join(this.path, "stages", "curve", String(cells), set, `${blockName(block)}.json`),
    };
  }
  /** Pair probes of remedied features; the same blocks. */
  remedies(): Pick<StudyLayout, "block"> {
    return {
      block: (set, block) => join(this.path, "stages", "remedies", set, `${blockName(block)}.json`),
    };
  }
  /** Pair probes of composites that are made otherwise; the same blocks. */
  sensitivity(): Pick<StudyLayout, "block"> {
    return {
      block: (set, block) => join(this.path, "stages", "sensitivity", set, `${blockName(block)}.json`),
    };
  }
  /** Scales and summary of masks that have an error. */
  wrongMasks(variant: string): string {
    return join(this.path, "stages", "sensitivity", `${variant}.json`);
  }
  /** Another stage with one output per feature set. */
  stage(kind: "transfer" | "proportions" | "view", set: string): string {
    return join(this.path, "stages", kind, `${set}.json`);
  }
  /** Further evidence of one feature set. */
  evidence(kind: string, set: string): string {
    return join(this.path, "stages", "evidence", set, `${kind}.json`);
  }
  /** What a look at every crop found. */
  get survey(): string {
    return join(this.path, "stages", "survey.json");
  }
  /** What programs print on their standard error. */
  get logs(): string {
    return join(this.path, "logs");
  }
  get results(): string {
    return join(this.path, "results");
  }
  /** Scores of all pairs, without ending. */
  get pairs(): string {
    return join(this.path, "results", "pairs");
  }
  /** Every number that is stated, without ending. */
  get effects(): string {
    return join(this.path, "results", "effects");
  }
  /** What remedies leave and cost, without ending. */
  get remedyTable(): string {
    return join(this.path, "results", "remedies");
  }
  /** What effects become when composites are made otherwise, without ending. */
  get sensitivityTable(): string {
    return join(this.path, "results", "sensitivity");
  }
  /** Shares of the localizations among the cells of every protein with several, without ending. */
  get shares(): string {
    return join(this.path, "results", "proportions");
  }
  /** How they change, without ending. */
  get changes(): string {
    return join(this.path, "results", "proportion-changes");
  }
  /** One row per encoder and composite. */
  get cells(): string {
    return join(this.path, "results", "cells.parquet");
  }
  /** The authors' tables of one feature set. */
  published(set: string): string {
    return join(this.path, "results", set);
  }
  /** A file of what the explorer shows: of the study, or of one feature set. */
  view(name: ViewFile, set?: string): string {
    return join(this.path, "view", ...(set === undefined ? [] : [set]), name);
  }
  /** The report, without ending. */
  get report(): string {
    return join(this.path, "report");
  }
}

/** Names in `results` and `view` that are taken, so that no encoder can have them. */
export const RESERVED: ReadonlySet<string> = new Set([
  "pairs.csv",
  "pairs.parquet",
  "effects.csv",
  "effects.parquet",
  "remedies.csv",
  "remedies.parquet",
  "sensitivity.csv",
  "sensitivity.parquet",
  "proportions.csv",
  "proportions.parquet",
  "proportion-changes.csv",
  "proportion-changes.parquet",
  "cells.parquet",
  ...VIEW_FILES.study,
]);

function blockName({ setting, background }: Block): string {
  return background === null ? setting : `${setting}.${safe(background)}`;
}

/** A name that is a file name everywhere and never that of another name, whatever their case. */
function safe(name: string): string {
  const plain = name.replace(/[^a-z0-9_-]/gu, (c) =>
    c === " " ? "+" : `~${c.codePointAt(0)!.toString(16)}`,
  );
  return plain.slice(0, 150);
}
