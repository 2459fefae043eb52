import { table } from "../../files/table.ts";
import type { Claim, ProteinClaim } from "../../proportions/claim.ts";
import type { ReportProportions } from "../../report/data.ts";
import type { Column, Table } from "../../types.ts";

type Seen = ProteinClaim["seen"][number];

/** One share: `results/proportions`. */
interface ShareRow extends Pick<ProteinClaim, "protein" | "cells"> {
  readonly encoder: string;
  readonly method: string;
  readonly representation: Seen["representation"];
  readonly background: string | null;
  readonly class: string;
  readonly share: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly fields: number | null;
}

/** `results/proportions`: a row per encoder, protein, way to see it, background and class. */
export function shareTable(
  classes: readonly string[],
  claims: readonly Claim[],
  published: readonly ReportProportions[],
): Table {
  const rows = [
    ...claims.flatMap(({ encoder, method, proteins }) =>
      proteins.flatMap(({ protein, cells, fields, seen }) =>
        seen.flatMap(({ representation, background, shares, low, high }) =>
          classes.map(
            (name, c): ShareRow => ({
              encoder,
              protein,
              method,
              representation,
              background,
              class: name,
              share: shares[c],
              low: low?.[c] ?? null,
              high: high?.[c] ?? null,
              cells,
              fields,
            }),
          ),
        ),
      ),
    ),
    ...published.flatMap(({ encoder, proteins }) =>
      proteins.flatMap(({ protein, cells, ...of }) =>
        (["original", "masked"] as const).flatMap((representation) =>
          classes.map(
            (name, c): ShareRow => ({
              encoder,
              protein,
              method: "published",
              representation,
              background: null,
              class: name,
              share: of[representation][c],
              low: null,
              high: null,
              cells,
              fields: null,
            }),
          ),
        ),
      ),
    ),
  ];
  return table(
    new Map<string, Column>([
      ["encoder", rows.map((r) => r.encoder)],
      ["Metadata_Protein", rows.map((r) => r.protein)],
      ["representation", rows.map((r) => r.representation)],
      ["background", rows.map((r) => r.background)],
      ["class", rows.map((r) => r.class)],
      ["share", Float64Array.from(rows, (r) => r.share)],
      ["low", Float64Array.from(rows, (r) => r.low ?? Number.NaN)],
      ["high", Float64Array.from(rows, (r) => r.high ?? Number.NaN)],
      ["n", Int32Array.from(rows, (r) => r.cells)],
      ["fields", Float64Array.from(rows, (r) => r.fields ?? Number.NaN)],
      ["method", rows.map((r) => r.method)],
    ]),
  );
}

/** `results/proportion-changes`: a row per encoder, protein and two ways to see it. */
export function changeTable(classes: readonly string[], claims: readonly Claim[]): Table {
  const rows = claims.flatMap(({ encoder, method, unit, folds, proteins }) =>
    proteins.flatMap((protein) =>
      protein.changes.map((change) => ({
        encoder,
        method: `${method}, calibrated on held-out ${unit}s (${folds} folds)`,
        ...protein,
        ...change,
      })),
    ),
  );
  type Row = (typeof rows)[number];
  const numbers = (of: (row: Row) => number | null | undefined) =>
    Float64Array.from(rows, (row) => of(row) ?? Number.NaN);
  return table(
    new Map<string, Column>([
      ["encoder", rows.map((r) => r.encoder)],
      ["Metadata_Protein", rows.map((r) => r.protein)],
      ["from", rows.map((r) => r.from)],
      ["to", rows.map((r) => r.to)],
      ["background", rows.map((r) => r.background)],
      ["verdict", rows.map((r) => r.verdict)],
      ["variation", numbers((r) => r.variation)],
      ["low", numbers((r) => r.low)],
      ["high", numbers((r) => r.high)],
      ["p", numbers((r) => r.p)],
      ["q", numbers((r) => r.q)],
      ["null_median", numbers((r) => r.null?.median)],
      ["null_limit", numbers((r) => r.null?.limit)],
      ["refit", numbers((r) => r.refit)],
      ["paste", numbers((r) => r.paste)],
      ["donors", numbers((r) => r.donors)],
      ["kl", numbers((r) => r.divergence)],
      ["kl_null_limit", numbers((r) => r.null?.divergence)],
      ["loses", rows.map((r) => classes[r.moved.loses] ?? null)],
      ["lost", numbers((r) => r.moved.lost)],
      ["gains", rows.map((r) => classes[r.moved.gains] ?? null)],
      ["gained", numbers((r) => r.moved.gained)],
      ["n", Int32Array.from(rows, (r) => r.cells)],
      ["fields", Int32Array.from(rows, (r) => r.fields)],
      ["draws", Int32Array.from(rows, (r) => r.null?.draws ?? 0)],
      ["method", rows.map((r) => r.method)],
      ["why", rows.map((r) => r.why)],
    ]),
  );
}
