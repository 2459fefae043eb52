import { type Confusion, shareAt } from "../../src/explore/confusion.ts";
import type { CsvRows } from "../../src/report/csv.ts";
import type { Setting } from "../../src/settings.ts";
import { DataTable } from "../parts/data-table.tsx";

/** How often cells of one class are called another, or their own. */
export interface ConfusedPair {
  readonly own: string;
  readonly called: string;
  readonly originals: number;
  readonly ofOriginals: number | null;
  readonly composites: number;
  readonly ofComposites: number | null;
  readonly captured: number;
}

/**
 * Every class that originals or composites of a class are called, class by class.
 * @param worst the pairs of different classes first of which most composites are called so
 */
export function confusions(
  classes: readonly string[],
  original: Confusion,
  other: Confusion,
  worst: boolean,
): ConfusedPair[] {
  const found: (readonly [number, number])[] = [];
  original.counts.each((own, called) => void found.push([own, called]));
  other.counts.each(
    (own, called) => void (original.counts.at(own, called) === 0 && found.push([own, called])),
  );
  const wrong = ([own, called]: readonly [number, number]) =>
    own === called || !worst ? 0 : other.counts.at(own, called) + original.counts.at(own, called) / 1e9;
  found.sort((a, b) => wrong(b) - wrong(a) || a[0] - b[0] || a[1] - b[1]);
  const known = (share: number) => (Number.isNaN(share) ? null : share);
  return found.map(([own, called]) => ({
    own: classes[own],
    called: classes[called],
    originals: original.counts.at(own, called),
    ofOriginals: known(shareAt(original, own, called)),
    composites: other.counts.at(own, called),
    ofComposites: known(shareAt(other, own, called)),
    captured: other.captured.at(own, called),
  }));
}

export function csvOf(table: readonly ConfusedPair[], encoder: string, setting: Setting): CsvRows {
  return [
    [
      "encoder",
      "setting",
      "class",
      "called",
      "originals",
      "share_of_originals",
      "composites",
      "share_of_composites",
      "captured",
    ],
    ...table.map((t) => [
      encoder,
      setting,
      t.own,
      t.called,
      t.originals,
      t.ofOriginals,
      t.composites,
      t.ofComposites,
      t.captured,
    ]),
  ];
}

const percent = (share: number | null) => (share === null ? "–" : `${(100 * share).toFixed(1)} %`);

/** The confusions as numbers; shown at once where matrices have not all classes. */
export function Confused({
  table,
  csv,
  encoder,
  setting,
  many,
}: {
  table: readonly ConfusedPair[];
  csv: () => CsvRows;
  encoder: string;
  setting: Setting;
  many: boolean;
}) {
  return (
    <details open={many}>
      <summary>{many ? "All classes as numbers, the commonest confusions first" : "As numbers"}</summary>
      <DataTable
        label={`Confusions on originals and in ${setting}`}
        name={`confusion-${setting}`}
        encoder={encoder}
        rowKey={(t) => JSON.stringify([t.own, t.called])}
        rows={table}
        csv={csv}
        columns={[
          { name: "class", value: (t) => t.own },
          { name: "called", value: (t) => t.called },
          { name: "originals", value: (t) => t.originals },
          { name: "of its originals", value: (t) => t.ofOriginals, show: (t) => percent(t.ofOriginals) },
          { name: `in ${setting}`, value: (t) => t.composites },
          { name: "of its composites", value: (t) => t.ofComposites, show: (t) => percent(t.ofComposites) },
          { name: "on the background called", value: (t) => t.captured },
        ]}
      />
    </details>
  );
}
