import * as Plot from "@observablehq/plot";
import { quantileSorted } from "../../core/statistics.ts";
import { encoderColor, type FigureOptions } from "./svg.ts";

/** Number of bins of Figure 3A. */
const DIVERGENCE_BINS = 50;

/** A histogram of equal bins from the least to the largest value (numpy.histogram; the last bin is closed). */
export interface Histogram {
  /** Bin limits, one more than bins. */
  readonly limits: readonly number[];
  readonly counts: readonly number[];
  /** 25, 50 and 75 % quantiles. */
  readonly quartiles: readonly [number, number, number];
}

/** Bins values as numpy.histogram does; all values equal: one unit-wide range around them. */
export function histogram(values: readonly number[], bins = DIVERGENCE_BINS): Histogram {
  if (values.length === 0) throw new RangeError("a histogram needs at least one value");
  const sorted = Float64Array.from(values).sort();
  let low = sorted[0];
  let high = sorted[sorted.length - 1];
  if (low === high) {
    low -= 0.5;
    high += 0.5;
  }
  const limits = Array.from({ length: bins + 1 }, (_, i) =>
    i === bins ? high : low + (i * (high - low)) / bins,
  );
  const counts = new Array<number>(bins).fill(0);
  let bin = 0;
  for (const value of sorted) {
    while (bin < bins - 1 && value >= limits[bin + 1]) bin++;
    counts[bin]++;
  }
  const at = (q: number) => quantileSorted(sorted, q);
  return { limits, counts, quartiles: [at(0.25), at(0.5), at(0.75)] };
}

/** Ticks at whole numbers where there are few of them (proteins come whole), else about five. */
function wholeTicks(top: number): number | number[] {
  return top > 6 ? 5 : Array.from({ length: top + 1 }, (_, i) => i);
}

/** Figure 3A: divergences of the proteins (nats), quartiles marked. */
export function divergenceFigure(kl: readonly number[], index = 0): FigureOptions {
  const { limits, counts, quartiles } = histogram(kl);
  const top = Math.max(...counts);
  const bars = counts.map((count, i) => ({ x1: limits[i], x2: limits[i + 1], count }));
  const names = ["25 %", "median", "75 %"];
  const marks = quartiles.map((x, i) => ({
    x,
    y: top * (1.16 - 0.06 * i),
    name: `${names[i]} ${x.toFixed(3)}`,
  }));
  return {
    title: "Divergence of localization proportions",
    description: `histogram of ${kl.length} proteins in ${counts.length} bins; quartiles ${quartiles.map((q) => q.toFixed(3)).join(", ")} nats`,
    width: 440,
    height: 300,
    marginLeft: 48,
    marginBottom: 42,
    marginTop: 24,
    marginRight: 16,
    x: { label: "KL(original || masked), nats", labelAnchor: "center", labelArrow: "none" },
    y: {
      domain: [0, top * 1.22],
      label: "proteins",
      tickFormat: "d",
      labelArrow: "none",
      grid: true,
      ticks: wholeTicks(top),
    },
    marks: [
      Plot.rectY(bars, {
        x1: "x1",
        x2: "x2",
        y: "count",
        fill: encoderColor(index),
        insetLeft: 0.5,
        insetRight: 0.5,
      }),
      Plot.ruleY([0]),
      Plot.ruleX(marks, { x: "x", y1: 0, y2: "y", strokeDasharray: "4 3" }),
      Plot.text(marks, { x: "x", y: "y", text: "name", textAnchor: "start", dx: 4, fontSize: 11 }),
    ],
  };
}
