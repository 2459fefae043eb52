import { DataError } from "../errors.ts";
import { diameterOf, measuredDiameter } from "../masks/diameter.ts";
import { LIFTABLE, MEASURES, type Measures, passes, verdictOf, worthLifting } from "../masks/verdict.ts";
import type { Column, MaskKind } from "../types.ts";
import { CellIds, type IdOrigin } from "./cell-ids.ts";
import type { CropValues } from "./crop-type.ts";
import type { CellFacts } from "./facts.ts";
import type { Labels } from "./metadata/labels.ts";
import type { Quality } from "./quality.ts";
import { countReasons, type ImportSummary, Tally } from "./summary.ts";
import { cutOut, type RimShape, Surroundings } from "./surroundings.ts";
import { repeated, type TwinCells, Twins } from "./twins.ts";
import type { CellRecord } from "./writer.ts";

/** Where cells come from that are gathered. */
export interface Origin extends IdOrigin {
  readonly source: string;
  readonly channels: readonly string[];
  readonly masks: MaskKind | "auto";
}

/** What all cells together say of a store. */
export interface Gathering {
  /** Null without masks. */
  readonly quality: Quality | null;
  readonly masks: MaskKind;
  /** Diameter of the cells, px, where it is given or measured. */
  readonly diameter: number | undefined;
  readonly summary: Omit<ImportSummary, "out">;
}

/** What is known of a store only when all of its cells are there: they are added one after the other, in their order. */
export class Gathered {
  readonly #origin: Origin;
  readonly #tally: Tally;
  readonly #twins: Twins;
  readonly #ids: CellIds;
  readonly #constant: boolean[] = [];
  readonly #measures = MEASURES.map((): number[] => []);
  #surroundings: Surroundings | undefined;
  #neighbors = false;
  #count = 0;

  constructor(origin: Origin, cells: TwinCells) {
    this.#origin = origin;
    this.#tally = new Tally(origin.labels);
    this.#ids = new CellIds(origin);
    this.#twins = new Twins(cells);
  }

  /** @throws DataError where the id of the next cell was there already, or it has no protein that labels are joined by */
  check(record: CellRecord): void {
    this.#ids.add(this.#count, record);
  }

  /** Adds the next cell. @param record with its localization */
  add(record: CellRecord, facts: CellFacts, shape: Pick<RimShape, "height" | "width">): void {
    const { channels } = this.#origin;
    this.#tally.add(record, facts.constant);
    this.#surroundings ??= new Surroundings({ channels, height: shape.height, width: shape.width });
    this.#surroundings.count(facts.emptyRim);
    if (facts.measures !== null) {
      facts.measures.forEach((value, m) => void this.#measures[m].push(value));
      this.#constant.push(facts.constant);
      this.#neighbors ||= facts.neighbors;
    }
    this.#count++;
  }

  /** Looks for crops that are there twice: the values of the cell that was added last, in the type that all have now. */
  compare(crop: CropValues): void {
    this.#twins.add(this.#count - 1, crop);
  }

  /** The crops that were compared lie in another type now. */
  renew(): void {
    this.#twins.renew();
  }

  /**
   * What all cells together say.
   * @param given diameter, px @param notes of the source @throws DataError where no mask is usable
   */
  finish(
    { height, width }: Pick<RimShape, "height" | "width">,
    given: number | undefined,
    notes: readonly string[],
  ): Gathering {
    const { path, source, channels, masks } = this.#origin;
    const measures = this.#measures;
    const masked = masks !== "none";
    const known = given ?? (masked ? measuredDiameter(height, width, measures[AREA]) : undefined);
    const diameter = diameterOf({ height, width, diameter: known });
    const verdicts = this.#constant.map((flat, cell) => judge(measures, cell, diameter, flat));
    const reasons = countReasons(verdicts);
    if (masked && !verdicts.some((v) => passes(v, LIFTABLE)))
      throw new DataError(
        `has no cell with a usable mask (${reasons.map(([why, n]) => `${why}: ${n}`).join(", ")}); check what the mask files hold`,
        { path },
      );
    const kind = masks === "auto" ? (this.#neighbors ? "full" : "center") : masks;
    const flags = [
      this.#surroundings === undefined ? null : cutOut(this.#surroundings, channels),
      repeated(this.#twins, "localization"),
    ].filter((flag) => flag !== null);
    return {
      quality: masked
        ? {
            verdict: verdicts,
            measures: new Map<string, Column>(MEASURES.map((k, m) => [k, Float64Array.from(measures[m])])),
          }
        : null,
      masks: kind,
      diameter: known,
      summary: {
        source,
        cells: this.#count,
        ...this.#tally.who(),
        channels,
        height,
        width,
        diameter,
        masks: kind,
        usable: masked ? verdicts.filter((v) => v === "ok").length : null,
        reasons: Object.fromEntries(reasons),
        ...this.#tally.what(),
        notes: [
          ...notes,
          ...diameterNotes(known, given),
          ...limitNotes(verdicts),
          ...flags.map(({ text }) => `Warning: ${text}.`),
        ],
      },
    };
  }
}

/** The localization of a cell: that of its protein in the labels, else its own. */
export function localizationOf(record: CellRecord, labels: Labels | undefined): string | number | null {
  const { Metadata_Protein, Metadata_Localization } = record;
  return labels?.get(String(Metadata_Protein)) ?? Metadata_Localization ?? null;
}

/** Place of the center cells' areas among the measures. */
const AREA = MEASURES.indexOf("Quality_CenterArea");

/** Verdict on one mask of the import. */
function judge(measures: readonly number[][], cell: number, diameter: number, flat: boolean): string {
  const own = Object.fromEntries(MEASURES.map((name, m) => [name, measures[m][cell]])) as Measures;
  const verdict = verdictOf(own, diameter);
  return flat ? (verdict === "ok" ? "constant" : `${verdict};constant`) : verdict;
}

function diameterNotes(known: number | undefined, given: number | undefined): string[] {
  if (known === undefined || given !== undefined) return [];
  return [
    `Cells are ${known.toFixed(0)} px across (median of the masks): limits and fills go by it; --diameter says otherwise.`,
  ];
}

/** Says how a study takes cells that are left out by limits alone, where these are many. */
function limitNotes(verdicts: readonly string[]): string[] {
  const limits = worthLifting(verdicts);
  if (limits.length === 0) return [];
  const held = verdicts.filter((v) => v !== "ok" && passes(v, LIFTABLE)).length;
  return [
    `Warning: ${held} of ${verdicts.length} cells are left out by limits only; where their masks are right, "allow": ${JSON.stringify(limits).replaceAll(",", ", ")} in the study takes them, or --diameter says how large the cells are.`,
  ];
}
