import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { DataError } from "../errors.ts";
import { writeAll, writeError } from "./atomic.ts";
import { openInput, readError } from "./input.ts";

/** Element types that we store; names as in numpy. */
export type NpyType = "float32" | "float64" | "uint8" | "int32";

const DESCR: Record<NpyType, string> = { float32: "<f4", float64: "<f8", uint8: "|u1", int32: "<i4" };
const BYTES: Record<NpyType, number> = { float32: 4, float64: 8, uint8: 1, int32: 4 };
const HEADER = 128;

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
  append(data: Float32Array | Float64Array | Uint8Array | Int32Array): void {
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

function npyHeaderOf(file: number, path: string): NpyHeader {
  const head = Buffer.alloc(12);
  let got = 0;
  try {
    got = readSync(file, head, 0, 12, 0);
  } catch (cause) {
    throw readError(path, cause);
  }
  if (got < 10 || head.toString("latin1", 0, 6) !== "\x93NUMPY")
    throw new DataError("is not a NumPy .npy file; write it with numpy.save", { path });
  const wide = head[6] >= 2;
  const length = wide ? head.readUInt32LE(8) : head.readUInt16LE(8);
  const start = (wide ? 12 : 10) + length;
  const size = fstatSync(file).size;
  if (length > 65536 || start > size)
    throw new DataError("has a damaged .npy header; write it again", { path });
  const text = Buffer.alloc(length);
  readSync(file, text, 0, length, wide ? 12 : 10);
  const header = text.toString("latin1");
  const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? "an unknown type";
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? "?")
    .split(",")
    .filter((s) => s.trim() !== "")
    .map(Number);
  if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0))
    throw new DataError("has a damaged .npy header; write it again", { path });
  return { descr, fortran: /'fortran_order':\s*True/.test(header), shape, start, size };
}

/** Reads `bytes.length` bytes of a .npy file from byte `start` on. @throws DataError where it ends before. */
export function readNpy(file: number, bytes: Uint8Array, start: number, path: string): void {
  for (let done = 0; done < bytes.length; ) {
    const n = readSync(file, bytes, done, bytes.length - done, start + done);
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
        `holds ${descr}; float32, float64, uint8 or int32 in C order is needed (numpy.ascontiguousarray, astype)`,
        { path },
      );
    }
    this.#file = file;
    this.#start = start;
    this.type = type;
    this.shape = shape;
    this.#rowBytes = BYTES[type] * this.shape.slice(1).reduce((a, b) => a * b, 1);
    const needed = this.#start + this.#rowBytes * (this.shape[0] ?? 1);
    if (size < needed)
      throw new DataError(`is truncated (${size} bytes, ${needed} expected); make it again`, { path });
  }

  /** Copies `count` rows from `row` on into `out`, whose type must be that of the file. */
  read(row: number, count: number, out: Float32Array | Float64Array | Uint8Array | Int32Array): void {
    const bytes = new Uint8Array(out.buffer, out.byteOffset, this.#rowBytes * count);
    readNpy(this.#file, bytes, this.#start + row * this.#rowBytes, this.path);
  }

  close(): void {
    closeSync(this.#file);
  }
}
