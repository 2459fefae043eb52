import { parse } from "csv-parse/sync";
import { DataError, isCellswapError } from "../errors.ts";
import { withoutGuard } from "./formula.ts";
import { readText } from "./text.ts";

/** A CSV file as text columns. */
export interface Csv {
  readonly columns: Map<string, string[]>;
  /** Line of the file, from 1, that every row starts on. */
  readonly lines: number[];
  readonly separator: Separator;
}

/** What stands between the columns of a table. */
export type Separator = "," | ";" | "\t";

const SEPARATORS: readonly Separator[] = [",", ";", "\t"];
const NAMES: Record<Separator, string> = { ",": "commas", ";": "semicolons", "\t": "tabs" };

/** Characters of a record at most, and its fields: what has more is no table, or has a quote that never ends. */
export const MOST_RECORD = 1 << 24;
const MOST_COLUMNS = 100_000;

/** Records, and characters, that the separator is found out from at most. */
const SAMPLE = 50;
const SAMPLED = 1 << 20;

/**
 * Reads a CSV file as text columns: apart by commas, semicolons or tabs, whichever the file has; UTF-8, or UTF-16 with
 * a byte order mark. Blank lines, lines of separators alone, lines before the header that start with # and the line
 * `sep=;` are passed over. A column without a name and without values is left out; one with values is named as pandas
 * does (`Unnamed: 0`).
 * @throws DataError with the line where rows have other lengths than the header, or as `decodeText`
 */
export function readCsvFile(path: string): Csv {
  return parseCsvFile(readText(path), path);
}

/** True for the row numbers that pandas writes into a first column without a name. */
export function isRowIndex({ columns }: Csv, name: string): boolean {
  return name === "Unnamed: 0" && columns.get(name)?.every((v, row) => v === String(row)) === true;
}

/** The columns of {@link readCsvFile}. */
export function readCsv(path: string): Map<string, string[]> {
  return readCsvFile(path).columns;
}

/** As {@link readCsv}, from text; `path` names it in errors. */
export function parseCsv(text: string, path: string): Map<string, string[]> {
  return parseCsvFile(text.replace(/^\uFEFF/, ""), path).columns;
}

function parseCsvFile(text: string, path: string): Csv {
  const start = preamble(text);
  const separator = start.separator ?? findSeparator(start.text);
  const { header, records } = parseRecords(start.text, start.lines, separator, path);
  const columns = new Map<string, string[]>();
  nameColumns(header, path).forEach((name, c) => {
    const values = records.map(({ record }) => withoutGuard(record[c]));
    if (header[c] !== "" || values.some((v) => v !== "")) columns.set(name, values);
  });
  return { columns, lines: records.map(({ line }) => line), separator };
}

/** The names of a header, those that are empty as pandas names them. @throws DataError where one comes twice */
export function nameColumns(header: readonly string[], path: string): string[] {
  if (header.length > MOST_COLUMNS)
    throw new DataError(
      `has ${header.length} columns, at most ${MOST_COLUMNS} are read; check that it is the table you mean`,
      { path },
    );
  const names = header.map((name, c) => (name === "" ? `Unnamed: ${c}` : withoutGuard(name)));
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined) throw new DataError(`has the column ${twice} twice; rename one`, { path });
  return names;
}

/** True for a record of the header's width, false for a comment between records. @throws DataError for any other */
export function fits(
  record: readonly string[],
  width: number,
  line: number,
  separator: Separator,
  path: string,
): boolean {
  if (record.length === width) return true;
  if (record[0].startsWith("#")) return false;
  throw new DataError(
    `has ${record.length} field(s) in line ${line}, its header has ${width} (read as apart by ${NAMES[separator]}); quote fields that hold one, or mend the line`,
    { path },
  );
}

/** Line ends within the fields of a record. */
export function linesWithin(record: readonly string[]): number {
  return record.reduce((n, field) => n + (field.match(/\r\n|\n|\r/g)?.length ?? 0), 0);
}

/** What comes before the header: blank lines, comments, and Excel's line `sep=;`. */
export function preamble(text: string): { text: string; lines: number; separator: Separator | undefined } {
  let at = 0;
  let lines = 0;
  let separator: Separator | undefined;
  for (;;) {
    const end = text.indexOf("\n", at);
    const line = text.slice(at, end < 0 ? text.length : end).trim();
    const sep = /^"?sep=([,;\t]|$)"?$/i.exec(line);
    if (sep !== null && at < text.length) separator = SEPARATORS.find((s) => s === sep[1]) ?? "\t";
    else if (end < 0 || !(line === "" || line.startsWith("#")))
      return { text: text.slice(at), lines, separator };
    if (end < 0) return { text: "", lines, separator };
    at = end + 1;
    lines++;
  }
}

/**
 * The separator that gives the most columns among those that give every row of the first fifty as many as the header;
 * where none does, the one that the header holds most of.
 */
export function findSeparator(whole: string): Separator {
  const text =
    whole.length > SAMPLED ? whole.slice(0, whole.lastIndexOf("\n", SAMPLED) + 1 || SAMPLED) : whole;
  const tried = SEPARATORS.map((separator) => {
    // The sample may end, or the file be damaged, within quotes: then the header has to do.
    const rows = sample(text, separator, SAMPLE) ?? sample(text, separator, 1) ?? [];
    const columns = rows[0]?.length ?? 0;
    const even = rows.every((r) => r.length === columns || r[0].startsWith("#"));
    return { separator, columns, even: even && columns > 1 };
  });
  return tried.sort((a, b) => Number(b.even) - Number(a.even) || b.columns - a.columns)[0].separator;
}

function sample(text: string, separator: Separator, records: number): string[][] | null {
  try {
    return parse(text, { ...dialectOf(text, separator), to: records }) as string[][];
  } catch {
    return null;
  }
}

/** How records are read, whatever stands between their fields. */
const DIALECT = {
  skip_empty_lines: true,
  skip_records_with_empty_values: true,
  trim: true,
  relax_column_count: true,
  max_record_size: MOST_RECORD,
} as const;

/** How the records of `text` are read, with `delimiter` between their fields; lines end as the first of them does. */
export function dialectOf(text: string, delimiter: Separator) {
  return { ...DIALECT, delimiter, record_delimiter: [lineEnd(text)] };
}

/** What ends the first record. The parser finds it as well, but takes a second for each million characters before it. */
function lineEnd(text: string): string {
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 34) quoted = !quoted;
    else if (!quoted && (c === 10 || c === 13)) return c === 13 && text[i + 1] === "\n" ? "\r\n" : text[i];
  }
  return "\n";
}

function parseRecords(
  text: string,
  before: number,
  separator: Separator,
  path: string,
): { header: string[]; records: { record: string[]; line: number }[] } {
  let header: string[] | undefined;
  const records: { record: string[]; line: number }[] = [];
  try {
    parse(text, {
      ...dialectOf(text, separator),
      on_record: (record: string[], { lines }) => {
        const line = before + lines - linesWithin(record);
        if (header === undefined) header = record;
        else if (fits(record, header.length, line, separator, path)) records.push({ record, line });
        return null;
      },
    });
  } catch (cause) {
    throw isCellswapError(cause) ? cause : malformed(cause, path);
  }
  if (header === undefined) throw new DataError("is empty; a header line and rows are needed", { path });
  return { header, records };
}

/** The error for text that csv-parse does not read. */
export function malformed(cause: unknown, path: string): DataError {
  const { code, message, lines } = cause as Error & { code?: string; lines?: number };
  const why =
    code === "CSV_MAX_RECORD_SIZE"
      ? `line ${lines ?? 1} goes on for more than ${MOST_RECORD} characters; a quote may be missing there`
      : message;
  return new DataError(`is not a well-formed CSV file (${why}); export it again`, { path, cause });
}
