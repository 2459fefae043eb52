import { useMemo } from "react";
import { donorSentence } from "../../src/remedy/donor-curve.ts";
import type { EncoderRemedies } from "../../src/report/data.ts";
import { LEFT_EFFECTS, remedyFigure, remedyLegend } from "../../src/report/figures/remedies.ts";
import { formatNumber, formatRange } from "../../src/report/numbers.ts";
import {
  aboutRemedies,
  placeOfEffect,
  REMEDY_COLUMNS,
  remedyColumns,
  remedyGaps,
  remedyRows,
  remedyUnit,
} from "../../src/report/remedy-words.ts";
import { type Context, colorOf } from "../../src/report/section.ts";
import { useReport } from "../data/report.ts";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { Figure } from "../parts/figure.tsx";
import { useStudy } from "../state.ts";
import "../style/effects.css";

const EFFECTS = ["neighbor", "medium"] as const;

/** What remedies leave of neighbors and medium, what they cost, and which is recommended. */
export function RemediesTab() {
  const context = useReport();
  const { encoder } = useStudy();
  const { remedies } = context.data;
  const { rule, backgrounds, notes } = useMemo(() => aboutRemedies(context.data), [context]);
  // An encoder with a remedy is an encoder of the page; its measures stand with the encoder as it is.
  const shown = remedies.filter((r) => r.encoder === encoder);
  if (remedies.length === 0) return <p>The study measured no remedies.</p>;
  return (
    <div className="effects">
      <p className="read">
        {rule} {backgrounds}.
      </p>
      {(shown.length > 0 ? shown : remedies).map((of) => (
        <Measured key={of.encoder} of={of} context={context} />
      ))}
      <h2>What the intervals say</h2>
      {notes.map((note) => (
        <p key={note} className="read">
          {note}
        </p>
      ))}
    </div>
  );
}

type Row = EncoderRemedies["measured"][number];

function Measured({ of, context }: { of: EncoderRemedies; context: Context }) {
  const { encoder, measured, recommended, refused, sentence } = of;
  const { zone } = context.data;
  const color = colorOf(context, encoder);
  const figures = useMemo(
    () =>
      EFFECTS.map((effect) => ({
        effect,
        figure: {
          ...remedyFigure(of, effect, zone, color),
          title: `Accuracy kept against ${LEFT_EFFECTS[effect]}, ${of.encoder}`,
        },
      })),
    [of, zone, color],
  );
  const shown = remedyColumns(measured);
  const numberOf = (row: Row, name: string) => row.numbers.find((n) => n.of === name);
  const columns: Column<Row>[] = [
    {
      name: "remedy",
      value: (r) => r.remedy,
      show: (r) => (r.remedy === recommended ? <strong>{r.remedy} ★ recommended</strong> : r.remedy),
    },
    { name: "within the zone", value: (r) => placeOfEffect(numberOf(r, "neighbor"), zone) },
    ...shown.map((name) => ({
      name: REMEDY_COLUMNS[name],
      unit: remedyUnit(measured, name),
      value: (r: Row) => numberOf(r, name)?.value ?? null,
      show: (r: Row) => {
        const number = numberOf(r, name);
        if (number === undefined) return null;
        const range = formatRange(number);
        return (
          <>
            {formatNumber(number.value, number.kind)}{" "}
            <span className="range">{range === null ? "no interval" : `(${range})`}</span>
          </>
        );
      },
    })),
  ];
  return (
    <section aria-label={`Remedies of ${encoder}`}>
      <h2>{encoder}</h2>
      <p>{sentence}</p>
      <div className="panels">
        {figures.map(({ effect, figure }) => (
          <Figure
            key={effect}
            name={`remedies-${effect}`}
            encoder={encoder}
            stretch={false}
            figure={figure}
            legend={remedyLegend(color)}
            rows={() => remedyRows([of])}
            about={`Best is high, within the shaded zone of ±${(100 * zone).toFixed(1)} points. Bars: intervals in both directions, where there are any.`}
          />
        ))}
      </div>
      <DataTable
        label={`Remedies of ${encoder}`}
        name="remedies"
        encoder={encoder}
        columns={columns}
        rows={measured}
        rowKey={(r) => r.remedy}
        csv={() => remedyRows([of])}
      >
        {[
          ...remedyGaps(measured, shown),
          ...measured.flatMap(({ remedy, donors }) =>
            donors === null ? [] : [donorSentence(remedy, donors)],
          ),
          ...refused.map(({ remedy, why }) => `Could not be had: ${remedy}: ${why}`),
        ].map((text) => (
          <p key={text} className="read">
            {text}
          </p>
        ))}
      </DataTable>
    </section>
  );
}
