/** Text that a spreadsheet would run or change as a formula: it begins so, behind apostrophes that were put before it. */
const FORMULA = /^'*[=+\-@\t\r]./s;
/** Numbers, which begin with a sign and are none. */
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/**
 * A text as it is written into a cell of a CSV file: with an apostrophe before it where a spreadsheet would take it for a
 * formula (OWASP, CSV Injection), which {@link withoutGuard} takes off again.
 */
export function guarded(text: string): string {
  return FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
}

/** The text that {@link guarded} was given. */
export function withoutGuard(cell: string): string {
  if (cell.charCodeAt(0) !== 39) return cell;
  const text = cell.slice(1);
  return guarded(text) === cell ? text : cell;
}
