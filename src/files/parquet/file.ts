import { closeSync, fstatSync, readSync } from "node:fs";
import type { DecodedArray, SchemaTree } from "hyparquet";
import { assembleNested } from "hyparquet/src/assemble.js";
import { DataError, isCellswapError } from "../../errors.ts";
import { openInput, readError } from "../input.ts";
import { turn } from "../turn.ts";
import { type Codec, loadCodecs } from "./codecs.ts";
import { type Chunk, type Leaf, type Metadata, readMetadata } from "./metadata.ts";
import { assemble, PARSERS, type Page, readPages } from "./pages.ts";
import { Damage } from "./thrift.ts";

/**
 * A Parquet file whose columns are read one at a time, any of their rows; nothing else is held. Whatever its bytes are,
 * reading them ends, and takes no more memory than a file of this size can need.
 */
export class ParquetFile {
  readonly path: string;
  readonly rows: number;
  /** Columns at the top level, in file order. */
  readonly columns: readonly SchemaTree[];
  readonly #metadata: Metadata;
  readonly #codecs: Readonly<Record<string, Codec>>;
  /** Every column by its name, with the positions of its leaves. */
  readonly #byName = new Map<string, { readonly top: SchemaTree; readonly leaves: number[] }>();

  private constructor(path: string, metadata: Metadata, codecs: Readonly<Record<string, Codec>>) {
    this.path = path;
    this.rows = metadata.rows;
    this.columns = metadata.columns;
    this.#metadata = metadata;
    this.#codecs = codecs;
    for (const top of metadata.columns)
      if (!this.#byName.has(top.element.name)) this.#byName.set(top.element.name, { top, leaves: [] });
    metadata.leaves.forEach(({ path }, i) => {
      const column = this.#byName.get(path[1].element.name);
      if (column?.top === path[1]) column.leaves.push(i);
    });
  }

  /** @throws DataError where the file cannot be read or is damaged, also from what is read later */
  static async open(path: string): Promise<ParquetFile> {
    const codecs = await loadCodecs();
    const file = openInput(path);
    try {
      const { size } = fstatSync(file);
      const metadata = told(path, () => readMetadata(size, (from, to) => bytesOf(file, from, to, path)));
      return new ParquetFile(path, metadata, codecs);
    } finally {
      closeSync(file);
    }
  }

  /** Groups of rows: where each starts, and its rows. */
  get groups(): readonly { readonly start: number; readonly rows: number }[] {
    return this.#metadata.groups;
  }

  /** Values of a column, with those within lists, in each group of rows. */
  valuesOf(column: string): number[] {
    const at = this.#byName.get(column)?.leaves[0];
    return this.#metadata.groups.map(({ chunks }) => (at === undefined ? 0 : (chunks[at]?.values ?? 0)));
  }

  /** Calls `take` with the values of rows `from` to `to` (not included) of a column, some rows at a time, in order. */
  async read(
    column: string,
    from: number,
    to: number,
    take: (values: ArrayLike<unknown>, row: number) => void,
  ): Promise<void> {
    const found = this.#byName.get(column);
    if (found === undefined) throw new RangeError(`there is no column ${column} in ${this.path}`);
    const { top, leaves: at } = found;
    const file = openInput(this.path);
    try {
      for (const { start, rows, chunks } of this.#metadata.groups) {
        const [first, last] = [Math.max(from - start, 0), Math.min(to - start, rows)];
        if (first >= last) continue;
        await turn();
        const leaves = at.map((i) => ({ leaf: this.#metadata.leaves[i], chunk: chunks[i] }));
        if (top.children.length > 0 || leaves[0].leaf.repetition > 0) {
          const values = told(this.path, () => this.#nested(file, top, leaves, rows));
          take(part(values, first, last), start + first);
          continue;
        }
        const [{ leaf, chunk }] = leaves;
        const pages = this.#pages(file, leaf, chunk, first, last);
        for (;;) {
          const next = told(this.path, () => pages.next());
          if (next.done) break;
          const page = next.value;
          const [a, b] = [Math.max(first - page.first, 0), Math.min(last - page.first, page.count)];
          take(part(flat(page), a, b), start + page.first + a);
        }
      }
    } finally {
      closeSync(file);
    }
  }

  *#pages(
    file: number,
    leaf: Leaf,
    { start, end, codec, values }: Chunk,
    from: number,
    to: number,
  ): Generator<Page> {
    const unpack = this.#codecs[codec];
    if (unpack === undefined)
      throw new Damage(`it is packed with ${codec ?? "nothing known"}, which is not read`);
    yield* readPages(bytesOf(file, start, end, this.path), unpack, leaf, { values, from, to });
  }

  /** A column of lists or structures, of a whole group of rows. */
  #nested(
    file: number,
    top: SchemaTree,
    leaves: readonly { readonly leaf: Leaf; readonly chunk: Chunk }[],
    rows: number,
  ): ArrayLike<unknown> {
    const parts = new Map<string, DecodedArray>();
    for (const { leaf, chunk } of leaves) {
      const pages = this.#pages(file, leaf, chunk, 0, chunk.values);
      const values = chunk.values === 0 ? [] : decoded(() => assemble(pages, leaf));
      if (values.length !== rows)
        throw new Damage(`a group of ${rows} rows has ${values.length} lists of column ${top.element.name}`);
      parts.set(
        leaf.path
          .slice(1)
          .map(({ element }) => element.name)
          .join("."),
        values,
      );
    }
    if (top.children.length > 0) decoded(() => assembleNested(parts, top, PARSERS));
    const whole = parts.get(top.element.name);
    if (whole === undefined) throw new Damage(`column ${top.element.name} cannot be put together`);
    return whole;
  }
}

/** The values of a page of single values; null where one is missing. */
function flat({ count, definition, values }: Page): ArrayLike<unknown> {
  if (definition === undefined) return values;
  const out = new Array<unknown>(count);
  for (let i = 0, v = 0; i < count; i++) out[i] = definition[i] > 0 ? values[v++] : null;
  return out;
}

function part(values: ArrayLike<unknown>, from: number, to: number): ArrayLike<unknown> {
  if (from === 0 && to === values.length) return values;
  return Array.isArray(values) ? values.slice(from, to) : (values as Float64Array).subarray(from, to);
}

/** What a library decodes of bytes whose bounds are checked: what it throws then comes of levels that do not fit. */
function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof Damage) throw cause;
    throw new Damage("its lists cannot be put together", { cause });
  }
}

/** Runs `work`, whose {@link Damage} becomes one line about the file. */
function told<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (isCellswapError(cause) || !(cause instanceof Damage || cause instanceof RangeError)) throw cause;
    const why = cause instanceof Damage ? cause.message : "its values go beyond its end";
    throw new DataError(`is not a readable Parquet file (${why}); write it again`, { path, cause });
  }
}

function bytesOf(file: number, from: number, to: number, path: string): Uint8Array {
  // Numbers are read in place, which an own buffer lets them be.
  const bytes = new Uint8Array(to - from);
  try {
    for (let done = 0; done < bytes.length; ) {
      const read = readSync(file, bytes, done, bytes.length - done, from + done);
      if (read === 0) throw new Damage("it became shorter while it was read");
      done += read;
    }
  } catch (cause) {
    throw cause instanceof Damage ? cause : readError(path, cause);
  }
  return bytes;
}
