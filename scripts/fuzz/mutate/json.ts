import type { Random } from "../../../src/core/rng.ts";
import type { Mutator } from "../reader.ts";
import { draw, pick } from "./draw.ts";
import { ODD_TEXTS, oddNumber, TEXT_NUMBER, TEXT_ODD } from "./text.ts";

/** A mark in the text where raw JSON is put afterwards. */
const RAW = "\u0001raw\u0001";

/** Values of every kind, as JSON. */
const VALUES: readonly string[] = [
  ...[
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1.5",
    "1e400",
    "-1e400",
    "9007199254740993",
    "1e-400",
    '""',
    "[]",
    "{}",
  ],
  ...[
    "[[]]",
    "[null]",
    '{"__proto__":{"x":1}}',
    '{"toString":1}',
    '"__proto__"',
    '{"length":1e9}',
    "[1,2,3]",
  ],
];

function odd(random: Random): string {
  const kind = random();
  if (kind < 0.6) return pick(random, VALUES);
  if (kind < 0.8) return JSON.stringify(pick(random, ODD_TEXTS));
  if (kind < 0.9) return oddNumber(random).replace(/^\+|^00/, "");
  const depth = pick(random, [50, 2000, 200_000]);
  return random() < 0.5
    ? "[".repeat(depth) + "]".repeat(depth)
    : `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
}

type Container = Record<string, unknown> | unknown[];

function containers(value: unknown, out: Container[] = []): Container[] {
  if (typeof value !== "object" || value === null) return out;
  out.push(value as Container);
  for (const inner of Object.values(value)) containers(inner, out);
  return out;
}

const onValues = (name: string, change: (at: Container, random: Random) => string | null): Mutator => ({
  name,
  apply: (bytes, random) => {
    let value: unknown;
    try {
      value = JSON.parse(bytes.toString("utf8"));
    } catch {
      return null;
    }
    const all = containers(value).filter((c) => Object.keys(c).length > 0);
    if (all.length === 0) return null;
    const raw = change(random() < 0.4 ? all[0] : pick(random, all), random);
    const text = JSON.stringify(value, null, random() < 0.5 ? 2 : 0);
    return Buffer.from(raw === null ? text : text.replace(JSON.stringify(RAW), () => raw));
  },
});

/** Changes of JSON: any value another one, keys away, twice or new, types, depth. */
export const JSON_CHANGES: readonly Mutator[] = [
  TEXT_NUMBER,
  TEXT_ODD,
  onValues("json value", (at, random) => {
    const key = pick(random, Object.keys(at));
    (at as Record<string, unknown>)[key] = RAW;
    return odd(random);
  }),
  onValues("json key away", (at, random) => {
    const key = pick(random, Object.keys(at));
    if (Array.isArray(at)) at.splice(Number(key), 1);
    else delete at[key];
    return null;
  }),
  onValues("json key new", (at, random) => {
    if (Array.isArray(at)) at.push(RAW);
    else at[pick(random, ODD_TEXTS)] = RAW;
    return odd(random);
  }),
  onValues("json value from elsewhere", (at, random) => {
    const keys = Object.keys(at);
    const target = at as Record<string, unknown>;
    target[pick(random, keys)] = target[pick(random, keys)];
    return null;
  }),
  {
    name: "json whole",
    apply: (bytes, random) => {
      const text = bytes.toString("utf8");
      return Buffer.from(
        pick(random, [odd(random), `[${text}]`, text + text, `\ufeff${text}`, text.replaceAll('"', "'"), ""]),
      );
    },
  },
  {
    name: "json key twice",
    apply: (bytes, random) => {
      const text = bytes.toString("utf8");
      const keys = [...text.matchAll(/"[^"\n]{1,40}"\s*:/g)];
      if (keys.length === 0) return null;
      const at = pick(random, keys);
      return Buffer.from(`${text.slice(0, at.index)}${at[0]} ${odd(random)}, ${text.slice(at.index)}`);
    },
  },
];

/** Changes of one character, as a slip of the hand. */
export const JSON_SLIP: Mutator = {
  name: "json slip",
  apply: (bytes, random) => {
    const out = Buffer.from(bytes);
    if (out.length === 0) return null;
    out[draw(random, out.length)] = pick(random, [...Buffer.from('{}[]",:0nt\\')]);
    return out;
  },
};
