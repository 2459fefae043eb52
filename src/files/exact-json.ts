const KEY = "$number";

/** Numbers that JSON does not know. */
const odd = (value: unknown) =>
  typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0));

/** Text of a plain value as JSON, in which also NaN, infinite numbers and -0 keep what they are. */
export function exactJson(value: unknown): string {
  return JSON.stringify(value, (_, v) => (odd(v) ? { [KEY]: Object.is(v, -0) ? "-0" : String(v) } : v));
}

/** The value of a text that {@link exactJson} made. */
export function parseExact(text: string): unknown {
  // Looking at every value takes longer than reading them.
  if (!text.includes(KEY)) return JSON.parse(text);
  return JSON.parse(text, (_, v) =>
    v !== null && typeof v === "object" && typeof v[KEY] === "string" ? Number(v[KEY]) : v,
  );
}
