import { constants, isUtf8 } from "node:buffer";
import { DataError } from "../errors.ts";
import { readInput } from "./input.ts";

/** Encodings of text that say so in their first bytes. */
const MARKS: readonly {
  readonly bytes: readonly number[];
  readonly encoding: string;
  readonly name: string;
}[] = [
  { bytes: [0xef, 0xbb, 0xbf], encoding: "utf-8", name: "UTF-8" },
  { bytes: [0xff, 0xfe, 0, 0], encoding: "", name: "UTF-32" },
  { bytes: [0, 0, 0xfe, 0xff], encoding: "", name: "UTF-32" },
  { bytes: [0xff, 0xfe], encoding: "utf-16le", name: "UTF-16" },
  { bytes: [0xfe, 0xff], encoding: "utf-16be", name: "UTF-16" },
];

/** Largest text that is read at once, bytes: what a string of this machine holds. */
const MOST = constants.MAX_STRING_LENGTH;

const SAVE = "save it as CSV UTF-8";

/** The text of a file that a person gives. @throws DataError as {@link decodeText}, or where it cannot be read. */
export function readText(path: string): string {
  const bytes = readInput(path, { bytes: MOST, what: "a table that is held as a whole" });
  checkLines(bytes, path);
  return decodeText(bytes, path);
}

/** Bytes of a line at most: a file that has more in one is no table and no list. */
const MOST_LINE = 1 << 26;

function checkLines(bytes: Uint8Array, path: string): void {
  for (let start = 0, line = 1; bytes.length - start > MOST_LINE; line++) {
    const end = bytes.indexOf(10, start);
    if (end < 0 || end - start > MOST_LINE)
      throw new DataError(
        `has more than ${MOST_LINE} bytes in line ${line}; check that it is the file you mean`,
        { path },
      );
    start = end + 1;
  }
}

/** Files that are no text, by their first bytes. */
const OTHERS: readonly { readonly bytes: readonly number[]; readonly what: string }[] = [
  { bytes: [0x50, 0x4b, 3, 4], what: "an Excel workbook or another ZIP file; save its sheet as CSV UTF-8" },
  { bytes: [0xd0, 0xcf, 0x11, 0xe0], what: "an old Excel workbook; save its sheet as CSV UTF-8" },
  { bytes: [0x1f, 0x8b], what: "packed with gzip; unpack it" },
  { bytes: [0x50, 0x41, 0x52, 0x31, 0x15], what: "a Parquet file where a CSV is read; save it as CSV" },
];

/**
 * What the first bytes of a text say of its encoding, UTF-8 where they say nothing; the mark itself is `mark` bytes long.
 * @throws DataError for UTF-32, and for files that are no text
 */
export function encodingOf(start: Uint8Array, path: string): { encoding: string; mark: number } {
  const is = ({ bytes }: { readonly bytes: readonly number[] }) => bytes.every((b, i) => start[i] === b);
  const other = OTHERS.find(is);
  if (other !== undefined) throw new DataError(`is ${other.what}`, { path });
  const found = MARKS.find(is);
  if (found === undefined) return { encoding: "utf-8", mark: 0 };
  if (found.encoding === "") throw new DataError(`is ${found.name}; ${SAVE}`, { path });
  return { encoding: found.encoding, mark: found.bytes.length };
}

/**
 * Text in UTF-8, or in UTF-16 of either byte order where a byte order mark stands before it.
 * @throws DataError for any other encoding, with the first byte that does not fit and its line: nothing is guessed,
 * since letters that turn into one replacement character would merge names that differ
 */
export function decodeText(bytes: Uint8Array, path: string): string {
  const { encoding, mark } = encodingOf(bytes, path);
  const body = bytes.subarray(mark);
  if (encoding === "utf-8") checkUtf8(body, path);
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(body);
  } catch (cause) {
    throw new DataError(`is damaged: its UTF-16 ends or breaks off within a character; ${SAVE}`, {
      path,
      cause,
    });
  }
}

/** @param before lines of the text that come before these bytes */
export function checkUtf8(bytes: Uint8Array, path: string, before = 0): void {
  const zero = bytes.indexOf(0);
  if (zero >= 0) {
    const line = before + lineOf(bytes, zero);
    throw new DataError(
      `is no text in UTF-8 (byte 0x00 in line ${line}; UTF-16 without a byte order mark has many); ${SAVE}`,
      { path },
    );
  }
  if (isUtf8(bytes)) return;
  const at = firstInvalid(bytes);
  const byte = bytes[at].toString(16).toUpperCase().padStart(2, "0");
  throw new DataError(
    `is not UTF-8 (byte 0x${byte} in line ${before + lineOf(bytes, at)}${guess(bytes)}); ${SAVE}`,
    { path },
  );
}

/** First byte at which UTF-8 breaks; a replacement character that stands there as such is no break. */
function firstInvalid(bytes: Uint8Array): number {
  let line = 0;
  for (;;) {
    const end = bytes.indexOf(10, line);
    const piece = bytes.subarray(line, end < 0 ? bytes.length : end + 1);
    if (!isUtf8(piece)) {
      for (let i = 0; i < piece.length; i++) {
        const length = lengthOf(piece[i]);
        if (length === 0 || !isUtf8(piece.subarray(i, i + length))) return line + i;
        i += length - 1;
      }
    }
    line += piece.length;
  }
}

/** Bytes of the UTF-8 character that starts with `byte`, 0 where none does. */
function lengthOf(byte: number): number {
  if (byte < 0x80) return 1;
  if (byte < 0xc2) return 0;
  return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 0;
}

function lineOf(bytes: Uint8Array, at: number): number {
  let line = 1;
  for (let i = bytes.indexOf(10); i >= 0 && i < at; i = bytes.indexOf(10, i + 1)) line++;
  return line;
}

/** Which encoding it may be: Shift-JIS where it holds kana, which Latin-1 cannot look like, else Latin-1. */
function guess(bytes: Uint8Array): string {
  try {
    if (/[\u3041-\u30fe]/.test(new TextDecoder("shift_jis", { fatal: true }).decode(bytes)))
      return ", perhaps Shift-JIS";
  } catch {
    // Not Shift-JIS either.
  }
  return ", perhaps Latin-1 or Windows-1252";
}
