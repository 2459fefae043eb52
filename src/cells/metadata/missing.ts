/** Texts that pandas.read_csv takes for a missing value. */
const MISSING: ReadonlySet<string> = new Set(
  "#N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|<NA>|N/A|NA|NULL|NaN|None|n/a|nan|null".split(
    "|",
  ),
);

/** A text that may be a value of its own or a missing one. */
export interface Doubtful {
  readonly text: string;
  readonly count: number;
}

/** True for a text that stands for a missing value in tables that pandas, R or Excel write. */
export const maybeMissing = (text: string): boolean => MISSING.has(text);

/** A number as tables write it; a comma as decimal sign where `comma` is set. */
export function parseNumber(text: string, comma = false): number {
  const plain = comma ? text.replace(",", ".") : text;
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : Number.NaN;
}

/** A number whose comma may stand before thousandths or behind thousands: 1,234, but not 0,234 or 1,23. */
export const maybeThousands = (text: string): boolean => /^[-+]?[1-9]\d{0,2},\d{3}$/.test(text);

/** The first value with a comma of a column where that may be the sign of thousands in all that have one. */
export function thousandsIn(values: readonly string[]): string | undefined {
  const commas = values.filter((v) => v.includes(","));
  return commas.every(maybeThousands) ? commas[0] : undefined;
}

/** True for a number that loses nothing as one: 01 and 1E5 may be names, and integers beyond 2^53 ids. */
export function isPlain(text: string, comma = false): boolean {
  if (!/^-?(0|[1-9]\d*)(\.\d+)?(e[-+]\d+)?$/.test(comma ? text.replace(",", ".") : text)) return false;
  return /[e.,]/.test(text) || Number.isSafeInteger(Number(text));
}

/**
 * Empties the values that are missing: `nan`, `NA`, `None` and the like in a column that holds numbers or nothing
 * besides; in others, where one of these can be a name, the texts of `missing`, else none.
 * @returns the values, and the doubtful texts that were left as they are, in order of appearance
 */
export function emptyMissing(
  values: readonly string[],
  { missing, comma }: { readonly missing?: ReadonlySet<string> | undefined; readonly comma?: boolean },
): { values: string[]; doubtful: Doubtful[] } {
  const certain = values.every((v) => v === "" || MISSING.has(v) || !Number.isNaN(parseNumber(v, comma)));
  const counts = new Map<string, number>();
  const emptied = values.map((v) => {
    if (missing?.has(v) || (certain && MISSING.has(v))) return "";
    if (missing === undefined && MISSING.has(v)) counts.set(v, (counts.get(v) ?? 0) + 1);
    return v;
  });
  return { values: emptied, doubtful: [...counts].map(([text, count]) => ({ text, count })) };
}
