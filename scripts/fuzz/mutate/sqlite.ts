import type { Mutator } from "../reader.ts";
import { draw, getInteger, otherNumber, pick, putInteger } from "./draw.ts";

const SQL = [
  "CREATE VIEW v AS SELECT * FROM v",
  "CREATE TABLE t (a, b, a)",
  "CREATE VIEW v AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT x FROM c",
  "CREATE VIEW v AS SELECT zeroblob(900000000)",
  "CREATE VIRTUAL TABLE v USING fts5(a)",
  "CREATE TABLE [a\u001bb] (c)",
];

/** Place and bytes of numbers in the header. */
const HEADER: readonly (readonly [number, number])[] = [
  [16, 2],
  [18, 1],
  [20, 1],
  [24, 4],
  [28, 4],
  [32, 4],
  [44, 4],
  [52, 4],
  [56, 4],
];

const number = (
  name: string,
  offset: (bytes: Buffer, draw: (below: number) => number) => readonly [number, number],
): Mutator => ({
  name,
  apply: (bytes, random) => {
    if (bytes.length < 512) return null;
    const out = Buffer.from(bytes);
    const [at, width] = offset(out, (below) => draw(random, below));
    if (at + width > out.length) return null;
    putInteger(out, at, width, otherNumber(random, getInteger(out, at, width, false)), false);
    return out;
  },
});

const pageSize = (bytes: Buffer) => Math.max(512, bytes.readUInt16BE(16));

/** Changes of a SQLite file: its header, the heads and cell pointers of its pages, its schema. */
export const SQLITE: readonly Mutator[] = [
  number("sqlite header", (_, draw) => HEADER[draw(HEADER.length)]),
  number("sqlite page head", (bytes, draw) => {
    const size = pageSize(bytes);
    const page = draw(Math.max(1, Math.floor(bytes.length / size)));
    const start = page * size + (page === 0 ? 100 : 0);
    const field = draw(4);
    return [start + [0, 1, 3, 5][field], field === 0 ? 1 : 2];
  }),
  number("sqlite cell pointer", (bytes, draw) => {
    const size = pageSize(bytes);
    const page = draw(Math.max(1, Math.floor(bytes.length / size)));
    return [page * size + (page === 0 ? 100 : 0) + 8 + 2 * draw(20), 2];
  }),
  {
    name: "sqlite schema",
    apply: (bytes, random) => {
      const text = bytes.toString("latin1");
      const found = [...text.matchAll(/CREATE [ -~\n\t]{10,}/g)];
      if (found.length === 0) return null;
      const { index, 0: old } = pick(random, found);
      const sql = pick(random, SQL).slice(0, old.length).padEnd(old.length, " ");
      const out = Buffer.from(bytes);
      out.write(sql, index, "latin1");
      return out;
    },
  },
];
