import { closeSync, readSync } from "node:fs";
import { finished } from "node:stream/promises";
import { parse } from "csv-parse";
import { parse as parseSync } from "csv-parse/sync";
import { DataError, isCellswapError } from "../../errors.ts";
import {
  dialectOf,
  findSeparator,
  fits,
  linesWithin,
  MOST_RECORD,
  malformed,
  nameColumns,
  preamble,
} from "../csv.ts";
import { withoutGuard } from "../formula.ts";
import { openInput } from "../input.ts";
import { checkUtf8, decodeText, encodingOf, readText } from "../text.ts";
import { turn } from "../turn.ts";
import type { RowSource } from "./row-source.ts";

/** Bytes that are read at once. */
const PIECE = 1 << 22;

/** A CSV file of any size: text is decoded, checked and parsed a piece of so many `bytes` at a time. */
export function csvRows(path: string, bytes = PIECE): RowSource {
  const { text, lines: before, separator: said } = preamble(firstPiece(path, bytes));
  const separator = said ?? findSeparator(text);
  const dialect = dialectOf(text, separator);
  let header: string[] | undefined;
  try {
    [header] = parseSync(text, { ...dialect, to: 1 }) as string[][];
  } catch (cause) {
    throw malformed(cause, path);
  }
  if (header === undefined) throw new DataError("is empty; a header line and rows are needed", { path });
  const width = header.length;
  const columns = nameColumns(header, path);
  return {
    path,
    columns,
    comma: separator !== ",",
    unit: "line",
    each: async (names, use) => {
      const at = names.map((name) => columns.indexOf(name));
      const values = new Array<string>(names.length);
      let records = 0;
      const parser = parse({
        ...dialect,
        on_record: (record: string[], { lines }) => {
          const line = before + lines - linesWithin(record);
          if (records++ === 0 || !fits(record, width, line, separator, path)) return null;
          for (let i = 0; i < at.length; i++) values[i] = withoutGuard(record[at[i]]);
          use(values, line);
          return null;
        },
      });
      // What fails is told to the callback of write; the event needs a listener all the same.
      parser.on("error", () => {});
      parser.resume();
      try {
        let started = false;
        for (const piece of pieces(path, bytes)) {
          await turn();
          await new Promise<void>((done, fail) => {
            parser.write(started ? piece : preamble(piece).text, (error) => {
              if (error) fail(error);
              else done();
            });
          });
          started = true;
        }
        parser.end();
        await finished(parser);
      } catch (cause) {
        throw isCellswapError(cause) ? cause : malformed(cause, path);
      } finally {
        parser.destroy();
      }
    },
  };
}

function firstPiece(path: string, size: number): string {
  for (const piece of pieces(path, size)) return piece;
  return "";
}

/** The text of a file in pieces of whole lines. */
function* pieces(path: string, size: number): Generator<string> {
  const file = openInput(path);
  try {
    const buffer = Buffer.alloc(size);
    let carried = Buffer.alloc(0);
    let lines = 0;
    for (let first = true; ; first = false) {
      const read = readSync(file, buffer, 0, size, null);
      let bytes = Buffer.concat([carried, buffer.subarray(0, read)]);
      if (first) {
        const { encoding, mark } = encodingOf(bytes, path);
        if (encoding !== "utf-8") {
          yield readText(path);
          return;
        }
        bytes = bytes.subarray(mark);
      }
      const whole = read === 0 ? bytes.length : bytes.lastIndexOf(10) + 1;
      if (bytes.length - whole > MOST_RECORD)
        throw new DataError(
          `has more than ${MOST_RECORD} bytes in line ${lines + 1}, which is no row of a table; check that it is a CSV file`,
          { path },
        );
      const piece = bytes.subarray(0, whole);
      carried = Buffer.from(bytes.subarray(whole));
      if (piece.length > 0) {
        checkUtf8(piece, path, lines);
        for (let i = piece.indexOf(10); i >= 0; i = piece.indexOf(10, i + 1)) lines++;
        yield decodeText(piece, path);
      }
      if (read === 0) return;
    }
  } finally {
    closeSync(file);
  }
}
