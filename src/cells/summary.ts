import type { MaskKind } from "../types.ts";
import type { Labels } from "./metadata/labels.ts";
import type { CellRecord } from "./writer.ts";

/** What an import did; printed by `--json`. */
export interface ImportSummary {
  readonly out: string;
  readonly source: string;
  readonly cells: number;
  readonly proteins: number;
  readonly fields: number;
  readonly channels: readonly string[];
  readonly height: number;
  readonly width: number;
  /** Cell diameter that masks are judged and backgrounds filled by, px: given, of the masks, or half the shorter side. */
  readonly diameter: number;
  readonly masks: MaskKind;
  /** Cells whose mask passed; null without masks. */
  readonly usable: number | null;
  /** Cells by reason against their mask (a cell can have several). */
  readonly reasons: Readonly<Record<string, number>>;
  /** Cells with one value in a whole channel: ids, at most ten. */
  readonly constant: { readonly cells: number; readonly first: readonly string[] };
  readonly labels: {
    readonly cellsWithLocalization: number;
    readonly localizations: number;
    /** Proteins of the cells that the labels name, and that they do not name. */
    readonly matched: number;
    readonly unknown: number;
    readonly firstUnknown: readonly string[];
    /** Proteins of the labels that no cell has. */
    readonly unused: number;
  };
  /** Metadata columns without their prefix, for the study's class or clusters. */
  readonly columns: readonly string[];
  readonly notes: readonly string[];
}

/** Reasons against masks with their number of cells, most frequent first. */
export function countReasons(verdicts: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const verdict of verdicts)
    if (verdict !== "ok") for (const why of verdict.split(";")) counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

/** Counts for the summary; holds names of proteins and fields only. */
export class Tally {
  readonly #labels: Labels | undefined;
  readonly #proteins = new Set<string>();
  readonly #fields = new Set<string>();
  readonly #localizations = new Set<string>();
  readonly #columns = new Set<string>();
  readonly #constant: string[] = [];
  #constants = 0;
  #labeled = 0;

  constructor(labels: Labels | undefined) {
    this.#labels = labels;
  }

  add(record: CellRecord, constant: boolean): void {
    for (const [name, value] of Object.entries(record))
      if (value !== null) this.#columns.add(name.replace(/^Metadata_/, ""));
    if (record.Metadata_Protein !== null) this.#proteins.add(String(record.Metadata_Protein));
    this.#fields.add(String(record.Metadata_Field));
    if (record.Metadata_Localization !== null) {
      this.#labeled++;
      for (const name of String(record.Metadata_Localization).split("|")) this.#localizations.add(name);
    }
    if (!constant) return;
    this.#constants++;
    if (this.#constant.length < 10) this.#constant.push(String(record.Metadata_Cell));
  }

  who() {
    return { proteins: this.#proteins.size, fields: this.#fields.size };
  }

  what() {
    const unknown =
      this.#labels === undefined ? [] : [...this.#proteins].filter((p) => !this.#labels?.has(p));
    const matched = this.#labels === undefined ? 0 : this.#proteins.size - unknown.length;
    return {
      columns: [...this.#columns].filter((name) => name !== "Cell"),
      constant: { cells: this.#constants, first: this.#constant },
      labels: {
        cellsWithLocalization: this.#labeled,
        localizations: this.#localizations.size,
        matched,
        unknown: unknown.length,
        firstUnknown: unknown.slice(0, 10),
        unused: (this.#labels?.size ?? 0) - matched,
      },
    };
  }
}
