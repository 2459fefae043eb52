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
 * Deals the doses, less what controls say of them, anew among the cells of every stratum, and compares |mean slope| with
 * the one at hand (Freedman and Lane 1983 within strata).
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
  const slopes = (doses: readonly (Float64Array | null)[]) =>
    left.map((of) => of.map((y, c) => (y === null ? Number.NaN : dot(doses[c]!, y) / prepared[c]!.squares)));
  const mean = (values: readonly number[]) => {
    const known = values.filter((v) => !Number.isNaN(v));
    return known.reduce((sum, v) => sum + v, 0) / known.length;
  };
  const observed = slopes(prepared.map((of) => of?.dose ?? null));
  const dealt = prepared.map((of) => of?.dose.slice() ?? null);
  const members = prepared.map((of) => (of === null ? [] : rowsByStratum(of)));
  const beyond = observed.map((of) => ({ mean: 1, perClass: of.map(() => 1) }));
  // Differences of rounding are no differences.
  const far = (drawn: number, seen: number) => Math.abs(drawn) >= Math.abs(seen) * (1 - 1e-12);
  for (let draw = 0; draw < draws; draw++) {
    members.forEach((strata, c) => {
      for (const rows of strata) {
        const values = shuffle(
          rows.map((row) => prepared[c]!.dose[row]),
          random,
        );
        rows.forEach((row, k) => {
          dealt[c]![row] = values[k];
        });
      }
    });
    slopes(dealt).forEach((of, o) => {
      if (far(mean(of), mean(observed[o]))) beyond[o].mean++;
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

function rowsByStratum({ stratum, strata }: ClassSlope): number[][] {
  const rows: number[][] = Array.from({ length: strata }, () => []);
  stratum.forEach((s, row) => {
    rows[s].push(row);
  });
  return rows;
}
