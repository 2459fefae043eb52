import { expect, test } from "vitest";
import type { ImportSummary } from "../../src/cells/importer.ts";
import { describe } from "../../src/commands/import.ts";

const summary: ImportSummary = {
  out: "cells",
  source: "folder",
  cells: 12_345,
  proteins: 3,
  fields: 1,
  channels: ["GFP", "RFP", "BF"],
  height: 64,
  width: 48,
  diameter: 24,
  masks: "center",
  usable: 12_000,
  reasons: { border: 300, "no-center": 45 },
  constant: { cells: 11, first: Array.from({ length: 10 }, (_, i) => `c${i}`) },
  labels: {
    cellsWithLocalization: 12_000,
    localizations: 2,
    matched: 2,
    unknown: 1,
    firstUnknown: ["AAC1"],
    unused: 4,
  },
  columns: ["Protein", "Field", "Localization"],
  notes: ["A note."],
};

test("the summary says what came in, what is left out and what to type next", () => {
  expect(describe(summary, true)).toEqual([
    "12,345 cells of 3 proteins in 1 field, GFP, RFP, and BF, 64 x 48 px: cells",
    "12,000 cells with 2 localizations.",
    "1 protein not named in the labels: AAC1",
    "4 proteins of the labels without cells here.",
    "Masks (center cell only): 12,000 of 12,345 usable (left out: border 300, no-center 45; see cells/quality.csv).",
    "Warning: 11 cells with a constant channel: c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ...",
    "A note.",
    "Next: cellswap segment cells --neighbors",
  ]);
});

test("without labels and masks, both ways on are named", () => {
  const bare: ImportSummary = {
    ...summary,
    masks: "none",
    usable: null,
    reasons: {},
    constant: { cells: 0, first: [] },
    labels: { ...summary.labels, cellsWithLocalization: 0 },
    columns: ["Protein", "Field", "Localization"],
    notes: [],
  };
  expect(describe(bare, false).slice(1)).toEqual([
    'No localizations: give them with --labels, or set "class": "Protein" in the study.',
    "Next: cellswap segment cells",
  ]);
});

test("without proteins the columns are named, and a stain of nuclei is pointed to", () => {
  const screen: ImportSummary = {
    ...summary,
    proteins: 0,
    channels: ["OrigDNA", "OrigER", "OrigAGP"],
    masks: "none",
    usable: null,
    reasons: {},
    constant: { cells: 0, first: [] },
    labels: { ...summary.labels, cellsWithLocalization: 0 },
    columns: ["Field", "Well", "Compound"],
    notes: [],
  };
  expect(describe(screen, false)).toEqual([
    "12,345 cells in 1 field, OrigDNA, OrigER, and OrigAGP, 64 x 48 px: cells",
    'No localizations: set "class" in the study to a column (Field, Well, Compound).',
    "Next: cellswap segment cells --nuclei OrigDNA --channel CHANNEL (a stain of the whole cell: OrigER, OrigAGP)",
  ]);
});
