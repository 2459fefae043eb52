import { visible } from "../visible.ts";

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
/** XML 1.0, production 2 (Char): one character outside of it makes a whole SVG unreadable, even as a reference. */
function allowed(code: number): boolean {
  if (code < 0x20) return code === 0x09 || code === 0x0a || code === 0x0d;
  return !(code >= 0xd800 && code <= 0xdfff) && code !== 0xfffe && code !== 0xffff;
}

/** Text without the characters that XML forbids (each becomes U+FFFD). */
export function xmlText(text: string): string {
  let out = "";
  for (const c of text) out += allowed(c.codePointAt(0) as number) ? c : "\ufffd";
  return out;
}

/** Marks that turn the direction of what follows, beyond the name that holds them. */
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text as it stands safely between tags and in quoted attributes of HTML and SVG; marks of direction are shown. */
export function escapeHtml(text: string): string {
  return xmlText(text)
    .replace(/[&<>"']/g, (c) => ENTITIES[c])
    .replace(DIRECTIONS, visible);
}

/** HTML that is already safe. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

/** What may stand in a template: safe HTML as it is, anything else escaped; lists are joined, null prints nothing. */
export type Piece = Html | string | number | null | undefined | false | readonly Piece[];

function print(piece: Piece): string {
  if (piece === null || piece === undefined || piece === false) return "";
  if (piece instanceof Html) return piece.text;
  if (Array.isArray(piece)) return piece.map(print).join("");
  return escapeHtml(String(piece));
}

/** Template tag for HTML: every value that is not itself {@link Html} is escaped. */
export function html(parts: TemplateStringsArray, ...values: Piece[]): Html {
  return new Html(parts.reduce((text, part, i) => text + print(values[i - 1]) + part));
}
