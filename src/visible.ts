/**
 * Characters that do not show, or make a terminal or a page show something else: controls, line separators, marks of
 * direction, invisible ones, halves of characters.
 */
const HIDDEN =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Length of a message at most, of a path within it, and of a word of it, in characters. */
const MOST = 1000;
const MOST_PATH = 400;
const MOST_WORD = 200;

/**
 * Text of a file or a name as it can be shown: what is hidden as `\x1b` or `\u202e`. What is visible already stays as it
 * is. JSON stays JSON of the same value.
 */
export function visible(text: string): string {
  return text.replace(HIDDEN, escaped);
}

/** As {@link visible}, of text of several lines. */
export function visibleLines(text: string): string {
  return text.replace(HIDDEN, (c) => (c === "\n" ? c : escaped(c)));
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  if (NAMED[character] !== undefined) return NAMED[character];
  if (code < 0x20) return `\\x${code.toString(16).padStart(2, "0")}`;
  return character.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A message in one line of at most 1,000 characters, of which none is hidden; words over 200 are cut in the middle. */
export function oneLine(message: string, most = MOST): string {
  // Cut before and after: a value may have a billion characters, and each may become six.
  const words = withoutSecrets(cut(message, 4 * MOST)).replace(/\S{201,}/gu, (word) => cut(word, MOST_WORD));
  return cut(
    visible(words).replace(/\S{201,}/gu, (word) => cut(word, MOST_WORD)),
    most,
  );
}

/** A path as {@link oneLine} shows it, with its end. */
export function visiblePath(path: string): string {
  return cut(visible(withoutSecrets(cut(path, 4 * MOST))), MOST_PATH);
}

/**
 * A text without what stands before an @ in the bucket of `s3://` paths: credentials, where somebody wrote them there.
 * A secret may hold slashes.
 */
export function withoutSecrets(text: string): string {
  return text.replace(/s3:\/+(?:[^/\s]*@|[^/\s]*:\S*@)/gi, "s3://...@");
}

/** The beginning and the end of a text that has more than `most` characters. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = Math.floor(most * 0.4);
  return `${text.slice(0, most - end - 3)}...${text.slice(text.length - end)}`;
}
