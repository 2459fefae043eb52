import type { Random } from "../core/rng.ts";
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
  const seen = observed.map(mean);
  const beyond = observed.map((of) => ({ mean: 1, perClass: of.map(() => 1) }));
  // Differences of rounding are no differences.
  const far = (drawn: number, found: number) => Math.abs(drawn) >= Math.abs(found) * (1 - 1e-12);
  const dealers = prepared.map((of, c) =>
    of === null ? null : dealer(of, [...left.map((values) => values[c]!), ...of.controls]),
  );
  const drawn = left.map((of) => of.map(() => Number.NaN));
  for (let draw = 0; draw < draws; draw++) {
    dealers.forEach((deal, c) => {
      if (deal === null) return;
      const along = deal(random);
      let rest = prepared[c]!.squares;
      for (let k = left.length; k < along.length; k++) rest -= along[k] ** 2;
      const length = Math.sqrt(prepared[c]!.squares * rest);
      for (let o = 0; o < left.length; o++) drawn[o][c] = along[o] / length;
    });
    drawn.forEach((of, o) => {
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

/**
 * Deals the doses of a class anew among the cells of every stratum, at every call, and gives the inner products of the
 * dealt ones with `columns`.
 */
function dealer(of: ClassSlope, columns: readonly Float64Array[]): (random: Random) => Float64Array {
  const strata = rowsByStratum(of);
  // Cells stratum by stratum, so that those of one are dealt where they lie.
  const order = Int32Array.from(strata.flat());
  const doses = Float64Array.from(order, (row) => of.dose[row]);
  const place = new Int32Array(order.length);
  order.forEach((row, at) => {
    place[row] = at;
  });
  const ends = strata.map((rows) => rows.length);
  const dealt = new Float64Array(order.length);
  const room = doses.slice();
  const along = new Float64Array(columns.length);
  return (random) => {
    room.set(doses);
    for (let s = 0, start = 0; s < ends.length; start += ends[s++])
      for (let i = ends[s] - 1; i > 0; i--) {
        const j = start + Math.floor(random() * (i + 1));
        const held = room[start + i];
        room[start + i] = room[j];
        room[j] = held;
      }
    for (let row = 0; row < dealt.length; row++) dealt[row] = room[place[row]];
    let k = 0;
    // Four sums side by side do not wait for each other.
    for (; k + 4 <= columns.length; k += 4) {
      const [a, b, c, d] = [columns[k], columns[k + 1], columns[k + 2], columns[k + 3]];
      let [sa, sb, sc, sd] = [0, 0, 0, 0];
      for (let row = 0; row < dealt.length; row++) {
        const dose = dealt[row];
        sa += dose * a[row];
        sb += dose * b[row];
        sc += dose * c[row];
        sd += dose * d[row];
      }
      along[k] = sa;
      along[k + 1] = sb;
      along[k + 2] = sc;
      along[k + 3] = sd;
    }
    for (; k < columns.length; k++) along[k] = dot(dealt, columns[k]);
    return along;
  };
}

function rowsByStratum({ stratum, strata }: ClassSlope): number[][] {
  const rows: number[][] = Array.from({ length: strata }, () => []);
  stratum.forEach((s, row) => {
    rows[s].push(row);
  });
  return rows;
}
