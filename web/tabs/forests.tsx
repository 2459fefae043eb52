import { useMemo } from "react";
import { EFFECTS, type EffectId } from "../../src/evidence/tables.ts";
import { describeGaps, describeRanges, nameOf, numberOf } from "../../src/report/numbers.ts";
import { type Context, sampleSize } from "../../src/report/section.ts";
import { type ForestEntry, forestFigure, forestLegend } from "../figures/forest.ts";
import { Choice } from "../parts/choice.tsx";
import { Figure } from "../parts/figure.tsx";
import { go, useView } from "../state.ts";

/** Effects that any encoder has a number of. */
function effectsOf(context: Context): EffectId[] {
  return EFFECTS.map((e) => e.id).filter((of) =>
    context.encoders.some((encoder) => numberOf(context, encoder, of) !== null),
  );
}

function entryOf(
  context: Context,
  row: string,
  encoder: string,
  of: string,
  name: string | null,
): ForestEntry[] {
  const number = numberOf(context, encoder, of, name);
  return number === null ? [] : [{ row, encoder, index: context.encoders.indexOf(encoder), number }];
}

const csvOf = (entries: readonly ForestEntry[], first: string) => () => [
  [first, "encoder", "accuracy_lost", "low", "high"],
  ...entries.map(({ row, encoder, number }) => [row, encoder, number.value, number.low, number.high]),
];

/** Every effect of every encoder, and one effect of the encoder that is looked at, class by class. */
export function Forests({ context, encoder }: { context: Context; encoder: string }) {
  const { effect: asked } = useView();
  const effects = useMemo(() => effectsOf(context), [context]);
  const first = (["neighbor", "published-drop", "total", "context"] as const).find((of) =>
    effects.includes(of),
  );
  const effect = effects.find((of) => of === asked) ?? first ?? effects[0];
  const over = useMemo(() => {
    const entries = effects.flatMap((of) =>
      context.encoders.flatMap((name) => entryOf(context, nameOf(of), name, of, null)),
    );
    return { entries, figure: forestFigure("Effects of all encoders", entries, context.data.zone) };
  }, [context, effects]);
  const classes = useMemo(() => {
    const entries = context.data.classes
      .flatMap((name) => (effect === undefined ? [] : entryOf(context, name, encoder, effect, name)))
      .sort((a, b) => b.number.value - a.number.value);
    const title = `${effect === undefined ? "" : nameOf(effect)} per class, ${encoder}`;
    return { entries, figure: forestFigure(title, entries, context.data.zone) };
  }, [context, encoder, effect]);
  if (over.entries.length === 0) return <p>The study has no effects: it lacks settings to compare.</p>;
  const numbers = effects.flatMap((of) =>
    context.encoders.map((name) => ({ of, number: numberOf(context, name, of) })),
  );
  const sample = sampleSize(
    context.data,
    numbers.flatMap(({ number }) => number?.estimate ?? []),
  );
  const meaning = EFFECTS.find((e) => e.id === effect);
  return (
    <section aria-labelledby="forests" className="panels">
      <h2 id="forests" className="unseen">
        What the surroundings do to accuracy
      </h2>
      <Figure
        name="effects"
        figure={over.figure}
        legend={forestLegend(over.entries)}
        rows={csvOf(over.entries, "effect")}
        about={
          <>
            Band: the zone of equivalence of ±{(100 * context.data.zone).toFixed(1)} points; an effect whose
            interval lies within it is smaller than that.{" "}
            {describeRanges(
              context,
              numbers.map((n) => n.number),
            )}{" "}
            Sample: {sample}.{describeGaps(numbers).map((gap) => ` ${gap}.`)}
          </>
        }
      />
      {classes.entries.length === 0 ? null : (
        <div className="wide">
          <Choice
            label="Effect per class"
            value={effect}
            options={effects.map((of) => ({ value: of, text: nameOf(of) }))}
            onChange={(value) => go({ effect: value })}
          />
          <Figure
            name={`${effect}-per-class`}
            encoder={encoder}
            figure={classes.figure}
            legend={forestLegend(classes.entries).slice(1)}
            rows={csvOf(classes.entries, "class")}
            about={
              meaning === undefined
                ? undefined
                : `Accuracy in ${meaning.from} minus accuracy in ${meaning.to}, largest first: ${meaning.meaning}. Intervals of single classes are not adjusted for their number.`
            }
          />
        </div>
      )}
    </section>
  );
}
