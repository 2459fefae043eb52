import { type ResultTable, resultTable } from "../evidence/tables.ts";
import type { Estimate, ReportData } from "./data.ts";
import { type Html, html } from "./escape.ts";
import { encoderColor } from "./figures/svg.ts";

/** What every section is drawn from. */
export interface Context {
  readonly data: ReportData;
  /** Table 1 and the drops, from the scores. */
  readonly table: ResultTable;
  /** Every encoder that has a number or an answer; its place gives its color. */
  readonly encoders: readonly string[];
}

/** A part of the page. */
export interface Section {
  /** Anchor. */
  readonly id: string;
  /** In the list of sections. */
  readonly name: string;
  readonly page: "first" | "appendix";
  /** Heading (h2) and content; null where the data have nothing for it. */
  readonly render: (context: Context) => { title: string; body: Html } | null;
}

/** Gathers what sections share. */
export function makeContext(data: ReportData): Context {
  const table = resultTable(data.scores, data.aggregation);
  const named = [
    ...table.encoders.map((e) => e.encoder),
    ...data.encoders.map((e) => e.name),
    ...data.answers.map((a) => a.encoder),
    ...data.estimates.map((e) => e.encoder),
  ];
  return { data, table, encoders: [...new Set(named)] };
}

/** Color of an encoder, the same in every figure. */
export function colorOf({ encoders }: Context, encoder: string): string {
  return encoderColor(Math.max(0, encoders.indexOf(encoder)));
}

/** A table that scrolls sideways on a narrow screen, by keyboard too. */
export function scrollTable(label: string, table: Html): Html {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${table}</div>`;
}

/** A list of messages without repeats, those that are null left out. */
export function distinct(list: readonly (string | null)[]): string[] {
  return [...new Set(list.filter((text) => text !== null))];
}

/** `60 cells and 3 fields per class, 3 groups (folds)`, over all of these estimates; null where there are none. */
export function sampleSize(
  estimates: readonly Pick<Estimate, "cells" | "clusters" | "groups">[],
  clusterName: string,
): string | null {
  if (estimates.length === 0) return null;
  const range = (key: "cells" | "clusters" | "groups") => {
    const values = estimates.map((e) => e[key]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const text = low.toLocaleString("en-US");
    return { text: low === high ? text : `${text} to ${high.toLocaleString("en-US")}`, one: high === 1 };
  };
  const [cells, clusters, groups] = [range("cells"), range("clusters"), range("groups")];
  return `${cells.text} ${cells.one ? "cell" : "cells"} and ${clusters.text} ${clusters.one ? clusterName : plural(clusterName)} per class, ${groups.text} ${groups.one ? "group" : "groups"} (folds)`;
}

/** Plural of a noun of the data: a cluster column may be called anything. */
export function plural(noun: string): string {
  return /(?:s|x|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
}
