import { type ResultTable, resultTable } from "../evidence/tables.ts";
import type { Estimate, ReportData } from "./data.ts";
import { type Html, html } from "./escape.ts";
import { encoderColor } from "./figures/svg.ts";
import { shownClasses } from "./many-classes.ts";

/** What every section is drawn from. */
export interface Context {
  readonly data: ReportData;
  /** Table 1 and the drops, from the scores. */
  readonly table: ResultTable;
  /** Every encoder that has a number or an answer; its place gives its color. */
  readonly encoders: readonly string[];
  /** What must be said where not all classes are shown one by one. */
  readonly note: string | null;
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

/** Gathers what sections share. @param table that of the scores, where it is known */
export function makeContext(
  all: ReportData,
  ofAll: ResultTable = resultTable(all.scores, all.aggregation),
): Context {
  const { data, table, note } = shownClasses(all, ofAll);
  const named = [
    ...table.encoders.map((e) => e.encoder),
    ...data.encoders.map((e) => e.name),
    ...data.answers.map((a) => a.encoder),
    ...data.estimates.map((e) => e.encoder),
  ];
  return { data, table, encoders: [...new Set(named)], note };
}

/** That not all classes are shown, and where the others are: beside the report, in its study folder. */
export function noteOf({ note }: Context): Html | null {
  return note === null
    ? null
    : html`<p class="read">${note} All are in <a href="results/effects.csv">results/effects.csv</a> of the study folder.</p>`;
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

/** `60 cells and 3 fields per class, 3 groups (folds)`: of these estimates, or, where there are none, of the study. */
export function sampleSize(
  { facts }: ReportData,
  estimates: readonly Pick<Estimate, "cells" | "clusters" | "groups" | "sampled">[],
): string {
  const { cellsPerClass, clusters, groups, clusterName } = facts;
  const all = estimates.length > 0 ? estimates : [{ cells: cellsPerClass, clusters, groups }];
  const range = (key: "cells" | "clusters" | "groups", noun: string) => {
    const values = all.map((e) => e[key]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const text = low.toLocaleString("en-US");
    const numbers = low === high ? text : `${text} to ${high.toLocaleString("en-US")}`;
    return `${numbers} ${high === 1 ? noun : plural(noun)}`;
  };
  return `${range("cells", "cell")} and ${range("clusters", clusterName)} per class, ${range("groups", "group")} (folds)${pairsDrawn(all)}`;
}

/** `; 4,500 of 1,124,250 pairs of classes drawn, ...`, and of single classes how many of their partners. */
function pairsDrawn(estimates: readonly Pick<Estimate, "sampled">[]): string {
  const found = estimates.flatMap((e) => e.sampled ?? []);
  if (found.length === 0) return "";
  const counts = distinct(
    found.map(({ pairs, of }) => `${pairs.toLocaleString("en-US")} of ${of.toLocaleString("en-US")}`),
  );
  const errors = found.flatMap(({ se }) => se ?? []).map((se) => 100 * se);
  const [low, high] = [Math.min(...errors), Math.max(...errors)].map((se) => se.toFixed(1));
  const number =
    counts.length <= 3 ? counts.join(" or ") : `${counts[0]} (and fewer where classes lack a setting)`;
  const error =
    errors.length === 0
      ? "too few to tell how far they stand for all"
      : `standard error of the draw ${low === high ? low : `${low} to ${high}`} points, which intervals hold`;
  return `; pairs of classes drawn: ${number}, ${error}`;
}

/** Plural of a noun of the data: a cluster column may be called anything. */
export function plural(noun: string): string {
  return /(?:s|x|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
}
