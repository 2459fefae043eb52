import { mulberry32, normal } from "../../src/core/rng.ts";
import { resultTable } from "../../src/evidence/tables.ts";
import type { ReportInput } from "../../src/report/data.ts";
import type { PairScore } from "../../src/types.ts";

type Statistics = Pick<
  ReportInput,
  "answers" | "estimates" | "comparisons" | "zone" | "flags" | "heat" | "flips" | "curve" | "facts"
>;
const METHOD = "cluster-robust t over fields";

/** Statistics that agree with the scores; intervals, shares and flips are drawn. */
export function drawStatistics(
  scores: readonly PairScore[],
  classes: readonly string[],
  gallery: ReportInput["gallery"],
): Statistics {
  const random = mulberry32(99);
  const table = resultTable(scores, "even");
  const names = table.encoders.map((e) => e.encoder);
  const sample = { level: 0.95, cells: 100, clusters: 6, groups: 3, method: METHOD, why: null };
  const estimates = table.encoders.flatMap(({ encoder, settings, drops }, e): ReportInput["estimates"] => {
    const entry = (
      of: string,
      kind: "accuracy" | "difference" | "share",
      name: string | null,
      value: number,
      half: number,
    ) => ({
      ...sample,
      encoder,
      of,
      kind,
      class: name,
      value,
      low: value - half,
      high: value + half,
      q: name !== null && kind === "difference" ? Math.min(1, random() ** 3) : null,
    });
    return [
      ...settings.flatMap((s) => [
        entry(s.setting, "accuracy", null, s.mean, 0.009 + 0.004 * random()),
        ...s.classes.map((c) => entry(s.setting, "accuracy", c.class, c.accuracy, 0.03)),
      ]),
      ...drops.flatMap((d) => [
        entry(d.effect, "difference", null, d.mean, 0.004 + 0.006 * random()),
        ...d.classes.map((c) => entry(d.effect, "difference", c.class, c.drop, 0.02 + 0.01 * random())),
      ]),
      entry("transfer", "accuracy", null, 0.62 - 0.04 * e, 0.03),
      entry("capture", "share", null, 0.27 - 0.04 * e, 0.02),
      entry("capture-base", "share", null, 0.061, 0.008),
    ];
  });
  const neighbor = (encoder: string) =>
    estimates.find((e) => e.encoder === encoder && e.of === "neighbor" && e.class === null);
  return {
    answers: names.map((encoder) => {
      const n = neighbor(encoder);
      const [value, low, high] = [n?.value ?? 0, n?.low ?? 0, n?.high ?? 0];
      const badge = low > 0.02 ? "neighbors" : high < 0.02 && low > -0.02 ? "cell" : "undecided";
      const numbers = `neighbor effect ${(100 * value).toFixed(1)} points, 95 % interval ${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)}`;
      const said = {
        neighbors: `${encoder}'s features depend on the neighbors: accuracy falls when neighbors of another localization are added to their medium (${numbers}).`,
        cell: `For ${encoder}, neighbors of another localization change accuracy by less than 2 points either way (${numbers}).`,
        undecided: `These data do not decide whether ${encoder} uses the neighbors (${numbers}; it reaches beyond 2 points and includes less).`,
      };
      return {
        encoder,
        badge,
        sentence: said[badge],
        caveats: [
          "The medium of another image alone changes accuracy: part of it may be the imaging batch.",
          "The estimate holds for 100 cells per class and 6 fields per class.",
        ],
        published: `Published drop (same − different) of ${encoder}: 4.2 points, 95 % interval 3.1 to 5.3; it counts gains in same as well.`,
      };
    }),
    estimates,
    comparisons: names.slice(1).map((second, i) => ({
      first: names[0],
      second,
      of: "neighbor",
      value: (neighbor(names[0])?.value ?? 0) - (neighbor(second)?.value ?? 0),
      low: i === 0 ? 0.021 : null,
      high: i === 0 ? 0.062 : null,
      method: "paired differences per field, Bonferroni t",
    })),
    zone: 0.02,
    flags: [
      ...names.slice(0, 2).map((encoder) => ({
        id: "paste-visible",
        severity: "warning" as const,
        encoder,
        text: "A probe tells original from self with accuracy 0.71: the paste is visible to this encoder, and effects may contain it.",
      })),
      {
        id: "same-field",
        severity: "warning",
        encoder: null,
        text: "12 of 31,280 composites have a donor from the center cell's own field.",
      },
      {
        id: "few-fields",
        severity: "note",
        encoder: null,
        text: "6 fields per class: intervals are wide, and effects below about 2 points cannot be found.",
      },
    ],
    heat: names.flatMap((encoder) =>
      classes.flatMap((name) =>
        classes
          .filter((background) => background !== name)
          .map((background) => ({
            encoder,
            class: name,
            background,
            value: (neighbor(encoder)?.value ?? 0) + 0.03 * normal(random),
            cells: 100,
          })),
      ),
    ),
    flips: names.flatMap((encoder, e) =>
      [...gallery, ...gallery]
        .slice(e % gallery.length)
        .slice(0, 2)
        .map((g, i) => ({
          encoder,
          cell: g.cell,
          class: g.class,
          background: classes[i + 2],
          donor: `AAP1_2_1${i}`,
          before: { prediction: g.class, probability: 0.91 - 0.07 * i },
          after: { prediction: classes[i + 2], probability: 0.66 + 0.08 * i },
          images: (["original", "different", "donor"] as const).map((role, r) => ({
            role,
            panels: g.images[[0, 4, 2][r]].panels,
          })),
        })),
    ),
    curve: names.flatMap((encoder, e) =>
      ["original", "neighbor"].flatMap((of) =>
        [12, 25, 50, 100].map((cells, i) => {
          const value = of === "original" ? 0.8 + 0.03 * i + 0.01 * e : 0.08 - 0.01 * i - 0.02 * e;
          return { encoder, of, cells, value, low: value - 0.02, high: value + 0.02 };
        }),
      ),
    ),
    facts: {
      date: "2025-11-25",
      command: "cellswap run study.json --out study",
      dataset: "Drawn cells, two channels (GFP, RFP), 32 × 32 px",
      clusterName: "field",
      clusters: 6,
      groups: 3,
      cellsPerClass: 100,
    },
  };
}
