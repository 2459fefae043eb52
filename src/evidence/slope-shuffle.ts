import { type Random, shuffle } from "../core/rng.ts";
import { dot } from "../core/statistics.ts";
import { type ClassSlope, residuals } from "./slope.ts";

/** What the doses are dealt anew for: outcomes by class. */
export interface Shuffled {
  readonly prepared: readonly (ClassSlope | null)[];
  readonly outcomes: readonly (readonly Float64Array[])[];
  readonly draws: number;
  readonly random: Random;
}

/**
 * Deals the doses, less what controls say of them, anew among the cells of every stratum, takes out what controls say of
 * those by chance, and compares |mean slope| with the one at hand (Smith's method in Winkler et al. 2014, NeuroImage 92,
 * within strata). Dealt doses are brought to the length that they had, so that few cells beside many controls do not make
 * drawn slopes smaller than the one at hand.
 * @returns per outcome the two-sided p value, (1 + draws at least as far from 0) / (1 + draws), of the mean and by class
 */
export function shuffledP({
  prepared,
  outcomes,
  draws,
  random,
}: Shuffled): { mean: number; perClass: number[] }[] {
  const left = outcomes.map((outcome) =>
    prepared.map((of, c) => (of === null ? null : residuals(of, outcome[c]))),
  );
  // Outcomes hold nothing of the controls: of the doses only the length changes with them.
  const slopes = (doses: readonly (Float64Array | null)[], lengths: readonly number[]) =>
    left.map((of) => of.map((y, c) => (y === null ? Number.NaN : dot(doses[c]!, y) / lengths[c])));
  const mean = (values: readonly number[]) => {
    const known = values.filter((v) => !Number.isNaN(v));
    return known.reduce((sum, v) => sum + v, 0) / known.length;
  };
  const observed = slopes(
    prepared.map((of) => of?.dose ?? null),
    prepared.map((of) => of?.squares ?? Number.NaN),
  );
  const dealt = prepared.map((of) => of?.dose.slice() ?? null);
  const members = prepared.map((of) =>
    of === null ? [] : rowsByStratum(of).map((rows) => ({ rows, values: new Float64Array(rows.length) })),
  );
  const seen = observed.map(mean);
  const beyond = observed.map((of) => ({ mean: 1, perClass: of.map(() => 1) }));
  // Differences of rounding are no differences.
  const far = (drawn: number, found: number) => Math.abs(drawn) >= Math.abs(found) * (1 - 1e-12);
  for (let draw = 0; draw < draws; draw++) {
    members.forEach((strata, c) => {
      const from = prepared[c]?.dose;
      const to = dealt[c];
      if (from === undefined || to === null) return;
      for (const { rows, values } of strata) {
        for (let k = 0; k < values.length; k++) values[k] = from[rows[k]];
        shuffle(values, random);
        for (let k = 0; k < values.length; k++) to[rows[k]] = values[k];
      }
    });
    const lengths = prepared.map((of, c) =>
      of === null ? Number.NaN : Math.sqrt(of.squares * remaining(of, dealt[c]!)),
    );
    slopes(dealt, lengths).forEach((of, o) => {
      if (far(mean(of), seen[o])) beyond[o].mean++;
      of.forEach((v, c) => {
        if (far(v, observed[o][c])) beyond[o].perClass[c]++;
      });
    });
  }
  return beyond.map(({ mean: all, perClass }) => ({
    mean: all / (1 + draws),
    perClass: perClass.map((n) => n / (1 + draws)),
  }));
}

/** Sum of squares of dealt doses beside the controls. */
function remaining({ squares, controls }: ClassSlope, dealt: Float64Array): number {
  return controls.reduce((rest, column) => rest - dot(column, dealt) ** 2, squares);
}

function rowsByStratum({ stratum, strata }: ClassSlope): number[][] {
  const rows: number[][] = Array.from({ length: strata }, () => []);
  stratum.forEach((s, row) => {
    rows[s].push(row);
  });
  return rows;
}
