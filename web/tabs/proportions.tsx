import { useMemo } from "react";
import type { Change, Claim } from "../../src/proportions/claim.ts";
import {
  ABOUT_CLAIMS,
  ABOUT_PUBLISHED,
  claimNote,
  claimSummary,
  largestChanges,
  shareRows,
} from "../../src/report/claim-words.ts";
import type { CsvRows } from "../../src/report/csv.ts";
import type { ReportProportions } from "../../src/report/data.ts";
import { changeFigure, shareFigure, shareLegend } from "../../src/report/figures/changes.ts";
import { divergenceFigure } from "../../src/report/figures/divergence.ts";
import { type Context, colorOf } from "../../src/report/section.ts";
import { useReport } from "../data/report.ts";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { Figure } from "../parts/figure.tsx";
import { go, useStudy, useView } from "../state.ts";
import "../style/effects.css";

const TO = ["masked", "recomposed"] as const;

const points = (share: number | null) => (share === null ? null : (100 * share).toFixed(1));
const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

/** Shares of localizations of proteins that have several, seen in several ways, and whether they change. */
export function ProportionsTab() {
  const context = useReport();
  const { encoder } = useStudy();
  const { data } = context;
  const claim = data.claims.find((c) => c.encoder === encoder);
  const published = data.proportions.find((p) => p.encoder === encoder);
  return (
    <div className="effects">
      {data.claims.length === 0 ? null : (
        <p className="read">
          {ABOUT_CLAIMS.what} <strong>{ABOUT_CLAIMS.limit}</strong>
          {ABOUT_CLAIMS.why}
        </p>
      )}
      {claim === undefined ? null : <Claimed claim={claim} context={context} />}
      {data.proportions.length === 0 ? null : <p className="read">{ABOUT_PUBLISHED}</p>}
      {published === undefined ? null : <Published of={published} context={context} />}
      {claim === undefined && published === undefined ? (
        <p>The study says nothing of {encoder} here.</p>
      ) : null}
    </div>
  );
}

function Claimed({ claim, context }: { claim: Claim; context: Context }) {
  const { encoder } = claim;
  const { classes } = context.data;
  const { protein: asked } = useView();
  const changes = useMemo(
    () =>
      TO.flatMap((to) => {
        const of = largestChanges(claim, to);
        return of.length === 0
          ? []
          : [{ to, of, figure: changeFigure(encoder, to, of, colorOf(context, encoder)) }];
      }),
    [claim, encoder, context],
  );
  const shares = useMemo(() => {
    const first = changes[0]?.of ?? [];
    const chosen = first.filter(({ protein }) => protein.protein === asked);
    const of = chosen.length > 0 ? chosen : first.slice(0, 4);
    return of.length === 0 ? null : { of, figure: shareFigure(encoder, of, classes) };
  }, [changes, asked, encoder, classes]);
  const all = claim.proteins.flatMap((protein) => protein.changes.map((change) => ({ protein, change })));
  return (
    <section aria-labelledby="claims">
      <h2 id="claims">Proteins with several localizations, {encoder}</h2>
      <p>{TO.flatMap((to) => claimSummary(claim, to) ?? []).join(" ")}</p>
      <p className="read">{claimNote(claim)}</p>
      <div className="panels">
        {changes.map(({ to, figure }) => (
          <Figure
            key={to}
            name={`proportions-${to}`}
            encoder={encoder}
            figure={figure}
            rows={() => changeRows(claim, to, classes)}
          />
        ))}
        {shares === null ? null : (
          <Figure
            name="shares"
            encoder={encoder}
            figure={shares.figure}
            legend={shareLegend(shares.of)}
            about={
              shares.of.some(({ protein }) => protein.protein === asked)
                ? undefined
                : "The proteins whose shares change most; choose a protein on the left or in the table to see another."
            }
            rows={() => shareRows(claim, classes)}
          />
        )}
      </div>
      <DataTable
        label={`Changes of proportions, ${encoder}`}
        name="proportion-changes"
        encoder={encoder}
        rows={all}
        rowKey={({ protein, change }) => `${protein.protein} ${change.to} ${change.background}`}
        columns={changeColumns(classes)}
        csv={() => changeRows(claim, null, classes)}
      />
      <h3>Shares in every way to see them</h3>
      <DataTable
        label={`Shares of localizations, ${encoder}`}
        name="shares"
        encoder={encoder}
        rows={claim.proteins.flatMap((protein) => protein.seen.map((seen) => ({ protein, seen })))}
        rowKey={({ protein, seen }) => `${protein.protein} ${seen.representation} ${seen.background}`}
        columns={[
          { name: "protein", value: (r) => r.protein.protein },
          {
            name: "seen",
            value: (r) =>
              r.seen.background === null
                ? r.seen.representation
                : `${r.seen.representation} on ${r.seen.background}`,
          },
          { name: "cells", value: (r) => r.protein.cells },
          ...classes.map((name, c) => ({
            name,
            unit: "%",
            value: (r: Shown) => r.seen.shares[c],
            show: (r: Shown) => (
              <>
                {points(r.seen.shares[c])}
                {r.seen.low === null || r.seen.high === null ? null : (
                  <span className="range">
                    {" "}
                    ({points(r.seen.low[c])} to {points(r.seen.high[c])})
                  </span>
                )}
              </>
            ),
          })),
        ]}
        csv={() => [
          ["protein", "representation", "background", "cells", "fields", "class", "share", "low", "high"],
          ...claim.proteins.flatMap((p) =>
            p.seen.flatMap((s) =>
              classes.map((name, c) => [
                p.protein,
                s.representation,
                s.background,
                p.cells,
                p.fields,
                name,
                s.shares[c],
                s.low?.[c] ?? null,
                s.high?.[c] ?? null,
              ]),
            ),
          ),
        ]}
      />
    </section>
  );
}

interface Shown {
  readonly protein: Claim["proteins"][number];
  readonly seen: Claim["proteins"][number]["seen"][number];
}

interface Changed {
  readonly protein: Claim["proteins"][number];
  readonly change: Change;
}

function changeColumns(classes: readonly string[]): Column<Changed>[] {
  return [
    {
      name: "protein",
      value: (r) => r.protein.protein,
      show: (r) => (
        <button type="button" className="link" onClick={() => go({ protein: r.protein.protein })}>
          {r.protein.protein}
        </button>
      ),
    },
    {
      name: "change",
      value: (r) =>
        `${r.change.from} to ${r.change.to}${r.change.background === null ? "" : ` on ${r.change.background}`}`,
    },
    { name: "verdict", value: (r) => r.change.verdict },
    {
      name: "total variation",
      unit: "points",
      value: (r) => r.change.variation,
      show: ({ change }) => (
        <>
          {points(change.variation)}
          {change.low === null ? null : (
            <span className="range">
              {" "}
              ({points(change.low)} to {points(change.high)})
            </span>
          )}
        </>
      ),
    },
    {
      name: "95 % point of the null",
      unit: "points",
      value: (r) => r.change.null?.limit ?? null,
      show: (r) => points(r.change.null?.limit ?? null),
    },
    { name: "q", value: (r) => r.change.q, show: (r) => r.change.q?.toFixed(3) },
    {
      name: "falls most",
      value: ({ change: { moved } }) => `${classes[moved.loses]} ${percent(moved.lost)}`,
    },
    {
      name: "rises most",
      value: ({ change: { moved } }) => `${classes[moved.gains]} ${percent(moved.gained)}`,
    },
    { name: "cells", value: (r) => r.protein.cells },
    { name: "why", value: (r) => r.change.why },
  ];
}

/** Changes to be taken away, one row each. @param to only to these; null: all */
function changeRows(
  { encoder, proteins }: Claim,
  to: Change["to"] | null,
  classes: readonly string[],
): CsvRows {
  const head =
    "encoder protein cells fields from to background verdict variation low high null_median null_limit refit paste donors p q falls_most fall rises_most rise why";
  return [
    head.split(" "),
    ...proteins.flatMap(({ protein, cells, fields, changes }) =>
      changes
        .filter((c) => to === null || c.to === to)
        .map((c) => [
          encoder,
          protein,
          cells,
          fields,
          c.from,
          c.to,
          c.background,
          c.verdict,
          c.variation,
          c.low,
          c.high,
          c.null?.median ?? null,
          c.null?.limit ?? null,
          c.refit,
          c.paste,
          c.donors,
          c.p,
          c.q,
          classes[c.moved.loses],
          c.moved.lost,
          classes[c.moved.gains],
          c.moved.gained,
          c.why,
        ]),
    ),
  ];
}

/** Proportions as the paper has them: divergences of the proteins. */
function Published({ of, context }: { of: ReportProportions; context: Context }) {
  const { classes } = context.data;
  const { encoder, proteins, summary } = of;
  const figure = useMemo(
    () =>
      proteins.length === 0
        ? null
        : divergenceFigure(
            proteins.map((p) => p.kl),
            Math.max(0, context.encoders.indexOf(encoder)),
          ),
    [proteins, context, encoder],
  );
  const csv = (): CsvRows => [
    ["protein", "kl_nats", "cells", ...classes.flatMap((c) => [`original ${c}`, `masked ${c}`])],
    ...proteins.map((p) => [
      p.protein,
      p.kl,
      p.cells,
      ...classes.flatMap((_, c) => [p.original[c] ?? null, p.masked[c] ?? null]),
    ]),
  ];
  const top = (shares: readonly number[]) => {
    const most = shares.reduce((best, v, i) => (v > shares[best] ? i : best), 0);
    return `${classes[most] ?? "–"} ${percent(shares[most] ?? 0)}`;
  };
  return (
    <section aria-labelledby="divergence">
      <h2 id="divergence">Divergence of proportions, {encoder}</h2>
      {figure === null ? null : (
        <Figure
          name="divergence"
          encoder={encoder}
          figure={figure}
          rows={csv}
          about={`${proteins.length} proteins; mean ${summary.mean.toFixed(3)}, SD ${summary.sd.toFixed(3)}, minimum ${summary.min.toFixed(3)}, quartiles ${summary.q1.toFixed(3)} / ${summary.median.toFixed(3)} / ${summary.q3.toFixed(3)}, maximum ${summary.max.toFixed(3)} nats.`}
        />
      )}
      <DataTable
        label={`Divergences, ${encoder}`}
        name="divergences"
        encoder={encoder}
        rows={proteins}
        rowKey={(p) => p.protein}
        csv={csv}
        columns={[
          { name: "protein", value: (p) => p.protein },
          { name: "KL(original || masked)", unit: "nats", value: (p) => p.kl, show: (p) => p.kl.toFixed(3) },
          { name: "largest share, original", value: (p) => top(p.original) },
          { name: "largest share, masked", value: (p) => top(p.masked) },
          { name: "cells", value: (p) => p.cells },
        ]}
      />
    </section>
  );
}
