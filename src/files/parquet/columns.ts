import type { ParquetFile } from "./file.ts";

/** Different texts of a column above which equal ones are no longer held once. */
const SHARED = 65_536;

/** Text of rows `from` to `to` (not included) of a column; null where it is missing. */
export async function textOf(
  file: ParquetFile,
  column: string,
  from = 0,
  to = file.rows,
): Promise<(string | null)[]> {
  const held = new Map<unknown, string>();
  const texts: (string | null)[] = [];
  const textOf = (v: unknown): string | null => {
    if (v === null || v === undefined) return null;
    let text = held.get(v);
    if (text === undefined) {
      text = String(v);
      if (held.size < SHARED) held.set(v, text);
    }
    return text;
  };
  await file.read(column, from, to, (values) => {
    for (let i = 0; i < values.length; i++) texts.push(textOf(values[i]));
  });
  return texts;
}

/** Numbers of rows `from` to `to` (not included) of a column; NaN where one is missing. */
export async function numbersOf(
  file: ParquetFile,
  column: string,
  from = 0,
  to = file.rows,
): Promise<Float64Array> {
  const out = new Float64Array(to - from);
  await file.read(column, from, to, (values, row) => {
    for (let i = 0; i < values.length; i++) {
      const v = values[i];
      out[row - from + i] = v === null || v === undefined ? Number.NaN : Number(v);
    }
  });
  return out;
}
