import { encode } from "fast-png";
import { mulberry32, normal } from "../../src/core/rng.ts";
import { mean, quantile, standardDeviation } from "../../src/core/statistics.ts";
import { LOCALIZATIONS } from "../../src/names.ts";
import type { ReportData, ReportInput } from "../../src/report/data.ts";
import { parseReport } from "../../src/report/data.ts";
import type { Setting } from "../../src/settings.ts";
import type { PairScore } from "../../src/types.ts";
import { DRAWN_REMEDIES, drawRemedies } from "./sample-remedies.ts";
import { drawStatistics } from "./sample-statistics.ts";

/** The classes of a whole localization screen. */
export const CLASSES: string[] = [...LOCALIZATIONS];

/** Mean accuracy per setting of a drawn encoder; settings that are absent give no scores. */
export type Levels = Partial<Record<Setting, number>>;

/** Scores of all pairs (and all backgrounds where the setting has them) drawn around the given levels. */
export function drawScores(
  encoder: string,
  classes: readonly string[],
  levels: Levels,
  seed: number,
): PairScore[] {
  const random = mulberry32(seed);
  const ease = new Map(classes.map((c) => [c, 0.03 * normal(random)]));
  const scores: PairScore[] = [];
  for (const [setting, level] of Object.entries(levels) as [Setting, number][])
    for (let a = 0; a < classes.length; a++)
      for (let b = a + 1; b < classes.length; b++)
        for (const background of setting === "different" || setting === "cell-free" ? classes : [null]) {
          const own = background === classes[a] || background === classes[b] ? 0.02 : 0;
          const at =
            level +
            own +
            ease.get(classes[a])! +
            ease.get(classes[b])! +
            (setting === "self" ? 0 : 0.012 * normal(random));
          const folds = Array.from({ length: 5 }, () =>
            Math.min(1, Math.max(0, Math.round((at + 0.015 * normal(random)) * 200) / 200)),
          );
          scores.push({
            encoder,
            setting,
            background,
            class1: classes[a],
            class2: classes[b],
            accuracy: mean(folds),
            sd: standardDeviation(folds),
            folds,
            gap: 1e-7 * random(),
            cells: 400,
          });
        }
  return scores;
}

/** A drawn cell among drawn neighbors, 32 x 32, as a PNG data URI. */
export function drawPng(seed: number, neighbors: boolean, texture: number): string {
  const size = 32;
  const random = mulberry32(seed);
  const blobs = [{ x: 16, y: 16, r: 7, t: 0.6 }];
  if (neighbors)
    for (let i = 0; i < 5; i++)
      blobs.push({ x: 32 * random(), y: 32 * random(), r: 4 + 3 * random(), t: texture });
  const data = new Uint8Array(size * size);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      let v = 12 + 8 * random();
      for (const b of blobs) {
        const d = Math.hypot(x - b.x, y - b.y) / b.r;
        if (d < 1) v = 90 + 130 * Math.abs(Math.cos(b.t * 6 * d)) * (1 - 0.5 * d);
      }
      data[y * size + x] = Math.min(255, v);
    }
  return `data:image/png;base64,${Buffer.from(encode({ width: size, height: size, channels: 1, depth: 8, data })).toString("base64")}`;
}

function gallery(classes: readonly string[]): ReportInput["gallery"] {
  const settings: [Setting, string | null, string | null][] = [
    ["original", null, null],
    ["self", null, "AAC1_1_07"],
    ["same", null, "AAH1_4_31"],
    ["cell-free", classes[2], "AAP1_2_11"],
    ["different", classes[2], "AAP1_2_11"],
    ["different", classes[4], "AAR2_3_02"],
    ["masked", null, null],
    ["background-only", null, null],
  ];
  return classes.slice(0, 3).map((name, i) => ({
    cell: `AAC1_${i + 1}_0${7 + i}`,
    class: name,
    images: settings.map(([setting, background, donor], s) => ({
      setting,
      background,
      donor,
      panels: ["GFP", "RFP"].map((channel, c) => ({
        channel,
        png: drawPng(100 * i + 10 * s + c, !["masked", "cell-free"].includes(setting), 0.3 + 0.1 * s + c),
      })),
    })),
  }));
}

function proportions(classes: readonly string[]): ReportInput["proportions"] {
  const random = mulberry32(11);
  const shares = () => {
    const raw = classes.map(() => random() ** 4);
    const sum = raw.reduce((a, b) => a + b, 0);
    return raw.map((v) => v / sum);
  };
  const proteins = Array.from({ length: 300 }, (_, i) => ({
    protein: `ORF${i}`,
    kl: Math.exp(-0.7 + 1.1 * normal(random)),
    original: shares(),
    masked: shares(),
    cells: 20 + Math.floor(60 * random()),
  }));
  const kl = proteins.map((p) => p.kl);
  const summary = {
    mean: mean(kl),
    sd: standardDeviation(kl, 1),
    min: Math.min(...kl),
    q1: quantile(kl, 0.25),
    median: quantile(kl, 0.5),
    q3: quantile(kl, 0.75),
    max: Math.max(...kl),
  };
  return [{ encoder: "pifia", proteins, summary }];
}

/** A whole report with drawn numbers and images: three encoders that lean differently. */
export function sampleReport(changes: Partial<ReportInput> = {}): ReportData {
  const levels: Record<string, Levels> = {
    deeploc: {
      original: 0.79,
      self: 0.785,
      same: 0.84,
      "cell-free": 0.76,
      different: 0.71,
      masked: 0.74,
      "background-only": 0.68,
    },
    pifia: {
      original: 0.93,
      self: 0.925,
      same: 0.935,
      "cell-free": 0.905,
      different: 0.895,
      masked: 0.88,
      "background-only": 0.61,
    },
    pci: {
      original: 0.88,
      self: 0.87,
      same: 0.88,
      "cell-free": 0.868,
      different: 0.868,
      masked: 0.85,
      "background-only": 0.58,
    },
  };
  const scores = Object.entries(levels).flatMap(([name, own], i) => drawScores(name, CLASSES, own, 40 + i));
  const pictures = gallery(CLASSES);
  return parseReport({
    version: 2,
    title: "Yeast localization, drawn numbers",
    preset: "recommended",
    createdBy: "cellswap 0.1.0",
    classes: CLASSES,
    aggregation: "even",
    encoders: [
      { name: "deeploc", description: "DeepLoc, conv5, spatial maximum", dimension: 256, warnings: [] },
      { name: "pifia", description: "PIFiA, conv8, spatial maximum", dimension: 64, warnings: [] },
      {
        name: "pci",
        description: "Paired Cell Inpainting, conv4_1, spatial maximum",
        dimension: 256,
        warnings: ["The encoder was trained on 64 px crops; these are 60 px."],
      },
    ],
    scores,
    ...drawStatistics(scores, CLASSES, pictures),
    gallery: pictures,
    proportions: proportions(CLASSES),
    remedies: [
      drawRemedies("deeploc", DRAWN_REMEDIES, 5),
      drawRemedies("pifia", DRAWN_REMEDIES.slice(0, 3), 6),
    ],
    cells: {
      total: 1642,
      used: 1519,
      leftOut: { "no center cell": 23, "center cell touches the border": 61, "too small": 39 },
    },
    plan: { rows: 31_280, sameFieldDonors: 12, seed: 7 },
    provenance: [
      { name: "cellswap", value: "0.1.0" },
      { name: "seed", value: "7" },
      { name: "cells (SHA-256)", value: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" },
    ],
    ...changes,
  });
}
