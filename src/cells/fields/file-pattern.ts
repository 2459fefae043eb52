import { StudyError } from "../../errors.ts";

/** A pattern of file names: `{Name}` stands for one value, `{Name:REGEX}` for one of this form, `*` for anything. */
export interface FilePattern {
  readonly text: string;
  /** Option that gave it, for messages. */
  readonly option: string;
  readonly names: readonly string[];
  /** Values by name, null where the file's name does not match; `ambiguous` where it can be read in two ways. */
  match(file: string): Readonly<Record<string, string>> | null | "ambiguous";
  /** The file's name of these values, with `*` for what is not said. */
  fill(values: Readonly<Record<string, string>>): string;
  /** Parts of the pattern that stand for themselves. */
  readonly literals: readonly string[];
}

/** Names that mean something, written like this whatever their case in a pattern. */
const KNOWN = ["Plate", "Well", "Site", "Field", "Protein", "Localization", "Channel", "Z", "T"];

const TOKEN = /\{(\w+)(?::((?:[^{}]|\{[\d,]*\})+))?\}|\*/g;

/**
 * Reads a pattern such as `{Plate}/{Well}_{Site}_{Channel}.tif`; no value reaches over a `/`.
 * @throws StudyError where a brace is open, a name comes twice or an expression is none.
 */
export function parsePattern(text: string, option: string): FilePattern {
  const names: string[] = [];
  const literals: string[] = [];
  const tokens: ((lazy: boolean) => string)[] = [];
  const literal = (part: string) => {
    if (/[{}]/.test(part))
      throw new StudyError(
        `${option} ${text} has a brace that is not a {Name}; write for instance {Well}_{Site}_{Channel}.tif`,
      );
    if (part !== "") literals.push(part);
    tokens.push(() => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  };
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    literal(text.slice(at, match.index));
    at = match.index + match[0].length;
    const [, written, form] = match;
    const name = KNOWN.find((known) => known.toLowerCase() === written?.toLowerCase()) ?? written;
    if (name === undefined) {
      tokens.push((lazy) => (lazy ? "[^/]*?" : "[^/]*"));
      continue;
    }
    if (names.includes(name))
      throw new StudyError(`${option} ${text} has {${name}} twice; name the second otherwise`);
    names.push(name);
    tokens.push((lazy) => `(?<${name}>${form ?? (lazy ? "[^/]+?" : "[^/]+")})`);
  }
  literal(text.slice(at));
  const compile = (lazy: boolean) => {
    try {
      return new RegExp(`^${tokens.map((token) => token(lazy)).join("")}$`);
    } catch (cause) {
      throw new StudyError(`${option} ${text} is no pattern (${(cause as Error).message})`, { cause });
    }
  };
  const [short, long] = [compile(true), compile(false)];
  return {
    ...{ text, option, names, literals },
    match: (file) => {
      const values = short.exec(file)?.groups;
      if (values === undefined) return names.length === 0 && short.test(file) ? {} : null;
      const other = long.exec(file)?.groups ?? {};
      return names.every((name) => values[name] === other[name]) ? { ...values } : "ambiguous";
    },
    fill: (values) => {
      let next = 0;
      return text.replace(TOKEN, (_, written) =>
        written === undefined ? "*" : (values[names[next++]] ?? "*"),
      );
    },
  };
}

/** The names most like what a pattern looks for: those that hold most of its fixed parts, in their order. */
export function nearestNames(pattern: FilePattern, files: readonly string[], count = 3): string[] {
  const score = (file: string) => {
    let at = 0;
    let held = 0;
    for (const part of pattern.literals) {
      const found = file.indexOf(part, at);
      if (found < 0) continue;
      held += part.length;
      at = found + part.length;
    }
    return held;
  };
  return files
    .map((file, i) => ({ file, i, score: score(file) }))
    .sort((a, b) => b.score - a.score || a.i - b.i)
    .slice(0, count)
    .map(({ file }) => file);
}
