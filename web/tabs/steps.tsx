import { useMemo } from "react";
import { waterfallFigure, waterfallReach, waterfallRows } from "../../src/report/figures/waterfall.ts";
import { hasStandardErrors } from "../../src/report/numbers.ts";
import type { Context } from "../../src/report/section.ts";
import { Figure } from "../parts/figure.tsx";

/** Encoders whose steps are shown at once; of more only the one that is looked at. */
const SHOWN = 4;

/** What each step from original to different costs. */
export function Steps({ context, encoder }: { context: Context; encoder: string }) {
  const figures = useMemo(() => {
    const all = context.encoders
      .map((name) => ({ name, rows: waterfallRows(context, name) }))
      .filter(({ rows }) => rows.length > 1);
    const reach = all.flatMap(({ rows }) => waterfallReach(rows));
    const [low, high] = [Math.min(...reach), Math.max(...reach)];
    const pad = 0.05 * (high - low || 0.1);
    return (all.length > SHOWN ? all.filter(({ name }) => name === encoder) : all).map(({ name, rows }) => ({
      name,
      rows,
      figure: waterfallFigure(context, name, rows, [low - pad, high + pad]),
    }));
  }, [context, encoder]);
  if (figures.length === 0) return null;
  return (
    <section aria-labelledby="steps">
      <h2 id="steps">What each step costs</h2>
      <p className="read">
        Accuracy after each step (change in points); filled: a loss, hollow: a gain; whisker:{" "}
        {hasStandardErrors(context) ? "± 3 standard errors over classes" : "the interval of the step"}, where
        there is one. The axis does not start at zero. self: cut out and pasted back; cell-free: another
        localization's medium without neighbors; different: with its neighbors.
      </p>
      <div className="panels">
        {figures.map(({ name, rows, figure }) => (
          <Figure
            key={name}
            name="steps"
            encoder={name}
            figure={figure}
            rows={() => [
              ["encoder", "setting", "accuracy", "step", "step_low", "step_high"],
              ...rows.map((r) => [
                name,
                r.setting,
                r.accuracy,
                r.effect?.value ?? null,
                r.effect?.low ?? null,
                r.effect?.high ?? null,
              ]),
            ]}
          />
        ))}
      </div>
    </section>
  );
}
