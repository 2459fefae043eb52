import { guarded } from "../files/formula.ts";

/** A table to be taken away: rows of text, numbers or gaps, first row the header. */
export type CsvRows = readonly (readonly (string | number | null)[])[];

/** RFC 4180 with line feeds; numbers with all digits, null as an empty field. */
export function csvText(rows: CsvRows): string {
  const field = (value: string | number | null) => {
    const text = typeof value === "string" ? guarded(value) : value === null ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(field).join(",")}\n`).join("");
}
