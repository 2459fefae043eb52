import { type ReactNode, useMemo, useState } from "react";
import type { CsvRows } from "../../src/report/csv.ts";
import { Downloads } from "./downloads.tsx";
import "../style/figures.css";

export interface Column<Row> {
  readonly name: string;
  /** Below the name. */
  readonly unit?: string;
  /** What it is sorted by, and the CSV has. */
  readonly value: (row: Row) => string | number | null;
  /** How it is shown; without it, text as it is. */
  readonly show?: (row: Row) => ReactNode;
}

interface Props<Row> {
  readonly label: string;
  /** Of the table in file names. */
  readonly name: string;
  readonly encoder?: string | null;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  /** What the CSV has, where it is more than the columns. */
  readonly csv?: () => CsvRows;
  readonly children?: ReactNode;
}

/** Rows that are drawn. */
const SHOWN = 400;

const collator = new Intl.Collator("en", { numeric: true });

/** A table that can be sorted by every column and taken away as CSV with all digits. */
export function DataTable<Row>({
  label,
  name,
  encoder = null,
  columns,
  rows,
  rowKey,
  csv,
  children,
}: Props<Row>) {
  const [by, setBy] = useState<{ column: number; down: boolean } | null>(null);
  const sorted = useMemo(() => {
    if (by === null) return rows;
    const { value } = columns[by.column];
    return [...rows].sort((a, b) => compare(value(a), value(b), by.down));
  }, [rows, columns, by]);
  const own = () => [
    columns.map((c) => (c.unit === undefined ? c.name : `${c.name} (${c.unit})`)),
    ...rows.map((row) => columns.map((c) => c.value(row))),
  ];
  const kinds = useMemo(() => columns.map((c) => kindOf(rows.map(c.value))), [rows, columns]);
  return (
    <div className="data">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section className="scroll" aria-label={label} tabIndex={0}>
        <table>
          <thead>
            <tr>
              {columns.map((column, i) => (
                <th
                  key={column.name}
                  scope="col"
                  className={kinds[i]}
                  aria-sort={by?.column !== i ? "none" : by.down ? "descending" : "ascending"}
                >
                  <button
                    type="button"
                    onClick={() =>
                      setBy({ column: i, down: by?.column === i ? !by.down : kinds[i] === "number" })
                    }
                  >
                    {column.name}
                    <span aria-hidden="true">{by?.column !== i ? "" : by.down ? " ▼" : " ▲"}</span>
                  </button>
                  {column.unit === undefined ? null : <span className="unit">{column.unit}</span>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, SHOWN).map((row) => (
              <tr key={rowKey(row)}>
                {columns.map((column, i) => {
                  const shown = column.show?.(row) ?? column.value(row) ?? "–";
                  return i === 0 ? (
                    <th key={column.name} scope="row">
                      {shown}
                    </th>
                  ) : (
                    <td key={column.name} className={kinds[i]}>
                      {shown}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {rows.length <= SHOWN ? null : (
        <p className="read">
          The first {SHOWN} of {rows.length.toLocaleString("en")} rows in this order; the CSV has all.
        </p>
      )}
      {children}
      <Downloads name={name} about={label} encoder={encoder} rows={csv ?? own} />
    </div>
  );
}

/** Letters over which texts are wrapped. */
const LONG = 40;

/** How a column is set: numbers to the right, long texts in lines. */
function kindOf(values: readonly (string | number | null)[]): "number" | "long" | undefined {
  if (values.some((v) => typeof v === "number")) return "number";
  return values.some((v) => String(v ?? "").length > LONG) ? "long" : undefined;
}

/** What is unknown comes last either way. */
function compare(a: string | number | null, b: string | number | null, down: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const order = typeof a === "number" && typeof b === "number" ? a - b : collator.compare(`${a}`, `${b}`);
  return down ? -order : order;
}
