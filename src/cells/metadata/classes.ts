import { DataError } from "../../errors.ts";

/** What joins the localizations of a cell where nothing else is said; also how the store joins them. */
export const JOINED = "|";

/** Signs that may join localizations, or stand within a name. */
const OTHERS = [";", ","];

/** Localizations from their text: sorted by code unit, each once, joined by `|`; null where there is none. */
export function joinClasses(text: string, separator: string): string | null {
  const classes = new Set(splitClasses(text, separator));
  return classes.size === 0 ? null : [...classes].sort().join(JOINED);
}

export function splitClasses(text: string, separator: string): string[] {
  return text
    .split(separator)
    .map((c) => c.trim())
    .filter((c) => c !== "");
}

/**
 * Finds out what joins several localizations: the separator that is given, else `|`.
 * @returns the separator, and a note where names hold a semicolon or comma
 * @throws DataError where none is given and the parts of a text with a semicolon or comma stand elsewhere as names of
 * their own, so that both readings are possible, or where a name holds the `|` that the store joins by
 */
export function findSeparator(
  texts: readonly string[],
  given: string | undefined,
  path: string,
  place: (row: number) => string,
): { separator: string; notes: string[] } {
  const separator = given ?? JOINED;
  if (separator !== JOINED) {
    const row = texts.findIndex((t) => t.includes(JOINED));
    if (row >= 0)
      throw new DataError(
        `has the localization ${texts[row]} in ${place(row)}, and --separator is "${separator}"; a name cannot hold |, write another sign`,
        { path },
      );
    return { separator, notes: [] };
  }
  if (given !== undefined) return { separator, notes: [] };
  const whole = new Set(texts.flatMap((text) => splitClasses(text, JOINED)));
  const notes: string[] = [];
  for (const sign of OTHERS) {
    const held = [...whole].filter((name) => name.includes(sign));
    if (held.length === 0) continue;
    const joined = held.find((name) => splitClasses(name, sign).some((part) => whole.has(part)));
    if (joined === undefined) {
      notes.push(
        `${held.length} localization(s) hold a "${sign}" and are taken as names (${held[0]}); if it joins several, say --separator "${sign}".`,
      );
      continue;
    }
    const part = splitClasses(joined, sign).find((p) => whole.has(p));
    const row = texts.findIndex((text) => splitClasses(text, JOINED).includes(joined));
    throw new DataError(
      `has the localization ${joined} in ${place(row)}, and ${part} alone elsewhere: several joined by "${sign}", or one name? Say --separator "${sign}" or --separator "|"`,
      { path },
    );
  }
  return { separator, notes };
}
