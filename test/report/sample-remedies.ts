import { mulberry32, normal } from "../../src/core/rng.ts";
import type { ReportInput } from "../../src/report/data.ts";

type Drawn = NonNullable<ReportInput["remedies"]>[number];
type DrawnNumber = Drawn["measured"][number]["numbers"][number];

/** Names of remedies as a study may ask for them, the longest included. */
export const DRAWN_REMEDIES = [
  "recompose",
  "masked",
  "pool",
  "clear",
  "masked-2",
  "masked-4",
  "masked-8",
  "augmented",
  "dfr",
  "project",
  "whiten",
  "leace",
  "retrained",
  "retrained+recompose-16",
];

/** Remedies of one encoder with drawn numbers; the last statement of every remedy has no interval. */
export function drawRemedies(encoder: string, remedies: readonly string[], seed: number): Drawn {
  const random = mulberry32(seed);
  const sample = { cells: 100, clusters: 6, groups: 3, method: "cluster-robust t over fields" };
  const number = (
    of: string,
    kind: DrawnNumber["kind"],
    value: number,
    half: number | null,
  ): DrawnNumber => ({
    of,
    kind,
    value,
    low: half === null ? null : value - half,
    high: half === null ? null : value + half,
    ...sample,
    why: half === null ? "only 1 cell is judged differently" : null,
  });
  const asItIs = 0.93 + 0.02 * normal(random);
  const measured = ["none", ...remedies].map((remedy, i) => {
    const fails = /none|project|whiten|leace/.test(remedy);
    const kept = i === 0 ? asItIs : asItIs - 0.03 + 0.02 * normal(random);
    const half = 0.004 + 0.006 * random();
    return {
      remedy,
      donors:
        remedy === "recompose"
          ? {
              donors: 4,
              residual: [
                { donors: 1, residual: 0.09 },
                { donors: 4, residual: 0.045 },
              ],
            }
          : null,
      numbers: [
        number("original", "accuracy", kept, 0.01 + 0.01 * random()),
        ...(i === 0 ? [] : [number("cost", "difference", asItIs - kept, 0.01 + 0.01 * random())]),
        number("neighbor", "difference", (fails ? 0.06 : 0) + 0.006 * normal(random), half),
        number("medium", "difference", (fails ? 0.04 : 0.005) + 0.006 * normal(random), half),
        number("transfer/original", "share", kept - 0.1, 0.03),
        number("transfer/different", "share", kept - (fails ? 0.4 : 0.12), 0.03),
        number("capture/different", "share", fails ? 0.31 : 0.03, 0.02),
        number("capture-neighbor", "difference", fails ? 0.2 : 0.001, fails ? 0.02 : null),
      ],
    };
  });
  const recommended = remedies[0] ?? null;
  return {
    encoder,
    backgrounds: ["actin", "Golgi", "vacuole"],
    level: 0.95,
    recommended,
    sentence: `${recommended}: the neighbor effect left is 0.1 points [−0.9, 1.1], within 2.0 points, and it costs 1.9 points [0.4, 3.4] on original crops.`,
    measured,
    refused: [{ remedy: "pool", why: "its features were made elsewhere, so that nothing can be pooled" }],
  };
}
