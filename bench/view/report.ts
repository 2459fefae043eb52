import type { ReportInput } from "../../src/report/data.ts";
import { SETTINGS } from "../../src/settings.ts";

/** A PNG of one pixel, filled up to the size of a crop's. */
const PNG = `data:image/png;base64,${"A".repeat(3000)}`;

/**
 * A report as large as that of a study of these classes and encoders: every pair in every setting (of many classes, each
 * with the next), and pictures.
 */
export function drawnReport(
  classes: readonly string[],
  encoders: readonly string[],
  backgrounds: readonly string[] = classes,
): ReportInput {
  const partners = classes.length > 100 ? 1 : classes.length;
  const pairs = classes.flatMap((a, i) => classes.slice(i + 1, i + 1 + partners).map((b) => [a, b] as const));
  const settings = [null, ...backgrounds].flatMap((background) =>
    SETTINGS.map((setting) => ({ setting, background })),
  );
  const each = <T>(make: (encoder: string) => T[]) => encoders.flatMap(make);
  const panels = [{ channel: "GFP", png: PNG }];
  const numbers = {
    low: -0.08,
    high: 0.02,
    level: 0.95,
    cells: 5000,
    clusters: 50,
    groups: 5,
    method: "drawn",
  };
  return {
    version: 2,
    title: "Drawn cells",
    preset: "recommended",
    createdBy: "cellswap",
    classes: [...classes],
    aggregation: "even",
    encoders: encoders.map((name) => ({ name, description: "drawn numbers", dimension: 384, warnings: [] })),
    scores: each((encoder) =>
      settings.flatMap((s) =>
        pairs.map(([class1, class2]) => ({
          encoder,
          ...s,
          class1,
          class2,
          accuracy: 0.912345,
          sd: 0.0123456,
          folds: [0.91, 0.92, 0.93, 0.91, 0.9],
          gap: 1e-6,
          cells: 10_000,
        })),
      ),
    ),
    answers: encoders.map((encoder) => ({
      encoder,
      badge: "undecided",
      sentence: "Drawn numbers.",
      caveats: [],
      published: null,
    })),
    estimates: each((encoder) =>
      [null, ...classes].flatMap((c) =>
        ["neighbor", "medium", "paste"].map((of) => ({
          encoder,
          of,
          kind: "difference" as const,
          class: c,
          value: -0.03,
          ...numbers,
          why: null,
          q: null,
        })),
      ),
    ),
    comparisons: [],
    zone: 0.02,
    flags: [],
    heat: each((encoder) =>
      classes.flatMap((c) =>
        backgrounds
          .filter((b) => b !== c)
          .map((background) => ({ encoder, class: c, background, value: 0.1, cells: 5000 })),
      ),
    ),
    flips: each((encoder) =>
      Array.from({ length: 12 }, (_, i) => ({
        encoder,
        cell: `P${i}_field0_${i}`,
        class: classes[0],
        background: classes[1],
        donor: "P1_field0_1",
        before: { prediction: classes[0], probability: 0.9 },
        after: { prediction: classes[1], probability: 0.8 },
        images: (["original", "different", "donor"] as const).map((role) => ({ role, panels })),
      })),
    ),
    curve: [],
    facts: {
      date: null,
      command: null,
      dataset: "drawn",
      clusterName: "field",
      clusters: 50,
      groups: 5,
      cellsPerClass: 5000,
    },
    gallery: classes.slice(0, 20).map((c, i) => ({
      cell: `P${i}_field0_${i}`,
      class: c,
      images: SETTINGS.map((setting) => ({ setting, background: null, donor: null, panels })),
    })),
    cells: { total: 1, used: 1, leftOut: {} },
    plan: null,
    provenance: [],
  };
}
