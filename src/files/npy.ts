import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { DataError } from "../errors.ts";
import { writeAll, writeError } from "./atomic.ts";
import { openInput, readError } from "./input.ts";

/** Element types that we store; names as in numpy. */
export type NpyType = "float32" | "float64" | "uint8" | "int32" | "uint16" | "float16";

const DESCR: Record<NpyType, string> = {
  float32: "<f4",
  float64: "<f8",
  uint8: "|u1",
  int32: "<i4",
  uint16: "<u2",
  float16: "<f2",
};
const BYTES: Record<NpyType, number> = { float32: 4, float64: 8, uint8: 1, int32: 4, uint16: 2, float16: 2 };
const HEADER = 128;

/** A type as numpy writes it: `<f4`. */
export const npyDescr = (type: NpyType): string => DESCR[type];

/** First 128 bytes of a NumPy .npy file, version 1.0 (numpy.lib.format). */
export function npyHeader(type: NpyType | "uint32", shape: readonly number[]): Uint8Array {
  const list = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${type === "uint32" ? "<u4" : DESCR[type]}', 'fortran_order': False, 'shape': (${list}), }`;
  const bytes = Buffer.alloc(HEADER, " ");
  bytes.write("\x93NUMPY\x01\x00", 0, "latin1");
  bytes.writeUInt16LE(HEADER - 10, 8);
  bytes.write(text, 10, "latin1");
  bytes[HEADER - 1] = 10;
  return bytes;
}

/** A .npy file of rows that are written one after the other, or anywhere once its length is known. */
export class NpyWriter {
  readonly path: string;
  readonly rowBytes: number;
  readonly #type: NpyType;
  readonly #rowShape: readonly number[];
  readonly #file: number;
  #rows = 0;

  /** Creates the file. `rowShape` is the shape of one row; `rows` may grow with every {@link append}. */
  constructor(path: string, type: NpyType, rowShape: readonly number[]) {
    this.path = path;
    this.#type = type;
    this.#rowShape = rowShape;
    this.rowBytes = BYTES[type] * rowShape.reduce((a, b) => a * b, 1);
    try {
      this.#file = openSync(path, "w");
      writeSync(this.#file, npyHeader(type, [0, ...rowShape]), 0, HEADER, 0);
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  /** Number of rows written so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Appends one or more whole rows. */
  append(data: Float32Array | Float64Array | Uint8Array | Int32Array | Uint16Array): void {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    writeAll(this.#file, bytes, HEADER + this.#rows * this.rowBytes, this.path);
    this.#rows += bytes.length / this.rowBytes;
  }

  /** Writes the final header and closes the file. */
  close(): void {
    writeAll(this.#file, npyHeader(this.#type, [this.#rows, ...this.#rowShape]), 0, this.path);
    closeSync(this.#file);
  }
}

/** What the first bytes of a .npy file say of the rest. */
export interface NpyHeader {
  /** Type as numpy writes it (`<f4`). */
  readonly descr: string;
  /** Column-major. */
  readonly fortran: boolean;
  readonly shape: readonly number[];
  /** Byte at which the numbers start. */
  readonly start: number;
  /** Bytes of the whole file. */
  readonly size: number;
}

/** Opens a .npy file and reads its header. @throws DataError where it is none, or is damaged; the file is closed then. */
export function openNpy(path: string): { readonly file: number; readonly header: NpyHeader } {
  const file = openInput(path);
  try {
    return { file, header: npyHeaderOf(file, path) };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** Most bytes of a header; numpy's own are 118 to 10,000. */
const LONGEST = 65_536;
/** The whole header: a Python dict of one line. */
const DICT = /^\{[^{}\n]*\}[ \n]*$/;
/** A type, or a list of them (named fields). */
const TYPE = /'descr'\s*:\s*(?:'([!-&(-~]{1,32})'|\[)/g;
const ORDER = /'fortran_order'\s*:\s*(True|False)\b/g;
/** Python 2 wrote long lengths with an L. */
const SHAPE = /'shape'\s*:\s*\(((?:\s*\d{1,16}L?\s*,)*(?:\s*\d{1,16}L?)?\s*)\)/g;
const MOST_AXES = 32;

function npyHeaderOf(file: number, path: string): NpyHeader {
  const { size } = fstatSync(file);
  const head = Buffer.alloc(Math.min(12, size));
  readNpy(file, head, 0, path);
  if (head.length < 12 || head.toString("latin1", 0, 6) !== "\x93NUMPY")
    throw new DataError("is not a NumPy .npy file; write it with numpy.save", { path });
  const version = head[6];
  if (version < 1 || version > 3)
    throw new DataError(
      `is of version ${version} of the .npy format, 1 to 3 are known; write it with numpy.save`,
      { path },
    );
  const length = version > 1 ? head.readUInt32LE(8) : head.readUInt16LE(8);
  const start = (version > 1 ? 12 : 10) + length;
  if (length > LONGEST || start > size)
    throw damaged(`it says that it is ${length} bytes long, the file has ${size}`, path);
  const text = Buffer.alloc(length);
  readNpy(file, text, start - length, path);
  const header = text.toString("latin1");
  const only = (pattern: RegExp) => {
    const found = [...header.matchAll(pattern)];
    return found.length === 1 ? found[0] : null;
  };
  const [type, order, lengths] = [TYPE, ORDER, SHAPE].map(only);
  if (!DICT.test(header) || type === null || order === null || lengths === null)
    throw damaged("it does not say type, order and shape as numpy does", path);
  const shape = lengths[1].split(",").flatMap((s) => (s.trim() === "" ? [] : Number.parseInt(s, 10)));
  if (shape.length > MOST_AXES || !shape.every(Number.isSafeInteger))
    throw damaged(`its shape has ${shape.length} axes or absurd lengths`, path);
  return { descr: type[1] ?? "named fields", fortran: order[1] === "True", shape, start, size };
}

const damaged = (why: string, path: string) =>
  new DataError(`has a damaged .npy header (${why}); write it again with numpy.save`, { path });

/** Reads `bytes.length` bytes of a .npy file from byte `start` on. @throws DataError where it ends before. */
export function readNpy(file: number, bytes: Uint8Array, start: number, path: string): void {
  for (let done = 0; done < bytes.length; ) {
    let n: number;
    try {
      n = readSync(file, bytes, done, bytes.length - done, start + done);
    } catch (cause) {
      throw readError(path, cause);
    }
    if (n === 0) throw new DataError("ended while it was read; make it again", { path });
    done += n;
  }
}

/** A .npy file read row by row (first axis), with no more than one row in memory. */
export class NpyReader {
  readonly path: string;
  readonly type: NpyType;
  readonly shape: readonly number[];
  readonly #file: number;
  readonly #start: number;
  readonly #rowBytes: number;

  constructor(path: string) {
    this.path = path;
    const { file, header } = openNpy(path);
    const { descr, fortran, shape, start, size } = header;
    const type = (Object.keys(DESCR) as NpyType[]).find((t) => DESCR[t] === descr);
    if (type === undefined || fortran) {
      closeSync(file);
      throw new DataError(
        `holds ${descr}; ${Object.keys(DESCR).join(", ")} in C order is needed (numpy.ascontiguousarray, astype)`,
        { path },
      );
    }
    this.#file = file;
    this.#start = start;
    this.type = type;
    this.shape = shape;
    this.#rowBytes = BYTES[type] * this.shape.slice(1).reduce((a, b) => a * b, 1);
    const needed = this.#start + this.#rowBytes * (this.shape[0] ?? 1);
    if (size >= needed) return;
    closeSync(file);
    throw new DataError(`is truncated (${size} bytes, ${needed} expected); make it again`, { path });
  }

  /** Copies `count` rows from `row` on into `out`, whose type must be that of the file (float16: the bits, as Uint16Array). */
  read(
    row: number,
    count: number,
    out: Float32Array | Float64Array | Uint8Array | Int32Array | Uint16Array,
  ): void {
    const bytes = new Uint8Array(out.buffer, out.byteOffset, this.#rowBytes * count);
    readNpy(this.#file, bytes, this.#start + row * this.#rowBytes, this.path);
  }

  close(): void {
    closeSync(this.#file);
  }
}
