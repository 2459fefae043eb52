/** A float as Python prints it (`1.0`, `1e-05`), so that files equal those that pandas writes. */
export function formatFloat(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e16) return Object.is(value, -0) ? "-0.0" : `${value}.0`;
  const small = value !== 0 && Math.abs(value) < 1e-4;
  const text = small ? value.toExponential() : String(value);
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

/** A share in points with one decimal and a true minus sign, without the word: `−2.1`. */
export function points(share: number): string {
  const text = (100 * share).toFixed(1);
  return text === "-0.0" ? "0.0" : text.replace("-", "−");
}

/** Names in a sentence, the first `most` of them: `a, b and 7 more`. */
export function listed(names: readonly string[], most: number): string {
  const more = names.length - most;
  return `${names.slice(0, most).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

const withCommas = new Intl.NumberFormat("en-US");

/** A number as messages have it: 16,384. */
export function countText(value: number): string {
  return withCommas.format(value);
}
