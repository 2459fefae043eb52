import { decodeFloat16 } from "../../src/core/float16.ts";
import { LoadError, RangeFile } from "./fetch.ts";

const TYPES = {
  "<f4": { bytes: 4, view: (b: ArrayBuffer) => new Float32Array(b) },
  "<f8": { bytes: 8, view: (b: ArrayBuffer) => new Float64Array(b) },
  "|u1": { bytes: 1, view: (b: ArrayBuffer) => new Uint8Array(b) },
  "<u2": { bytes: 2, view: (b: ArrayBuffer) => Float32Array.from(new Uint16Array(b)) },
  "<f2": { bytes: 2, view: halves },
} as const;

function halves(bytes: ArrayBuffer): Float32Array {
  const out = new Float32Array(bytes.byteLength / 2);
  decodeFloat16(new Uint16Array(bytes), out);
  return out;
}

interface Head {
  /** Bytes before the first row. */
  readonly start: number;
  readonly shape: number[];
  readonly type: keyof typeof TYPES;
}

/** A .npy array of the server (numpy.lib.format), whose rows are read when they are asked for. */
export class NpyRows {
  readonly #file: RangeFile;
  #read: Promise<Head> | undefined;

  constructor(url: string) {
    this.#file = new RangeFile(url);
  }

  get #head(): Promise<Head> {
    if (this.#read === undefined) {
      this.#read = this.#readHead();
      // What could not be read is asked for again.
      this.#read.catch(() => {
        this.#read = undefined;
      });
    }
    return this.#read;
  }

  async #readHead(): Promise<Head> {
    const bytes = new Uint8Array(await this.#file.slice(0, 4096));
    const length = bytes[8] + 256 * bytes[9];
    const text = new TextDecoder("latin1").decode(bytes.subarray(10, 10 + length));
    const [, descr] = /'descr': '([^']+)'/.exec(text) ?? [];
    const [, shape] = /'shape': \(([^)]*)\)/.exec(text) ?? [];
    if (bytes[0] !== 0x93 || !(descr in TYPES) || shape === undefined)
      throw new LoadError(`${this.#file.url} is no array that the explorer reads.`);
    return {
      start: 10 + length,
      shape: shape.split(",").flatMap((n) => (n.trim() === "" ? [] : [Number(n)])),
      type: descr as keyof typeof TYPES,
    };
  }

  get shape(): Promise<number[]> {
    return this.#head.then((h) => h.shape);
  }

  /** Values of `count` rows from `row` on. */
  async read(row: number, count = 1): Promise<Float32Array | Float64Array | Uint8Array> {
    const { start, shape, type } = await this.#head;
    const { bytes, view } = TYPES[type];
    const size = bytes * shape.slice(1).reduce((a, b) => a * b, 1);
    return view(await this.#file.slice(start + row * size, start + (row + count) * size));
  }
}

/** Files of a {@link NpyParts} that are kept, which a host without ranges has given whole. */
const KEPT_PARTS = 16;

/** The same in several files of `part` rows each: `BASE/0000.npy`, `BASE/0001.npy`, ... */
export class NpyParts {
  readonly #base: string;
  readonly #part: number;
  readonly #kept = new Map<number, NpyRows>();

  constructor(base: string, part: number) {
    this.#base = base;
    this.#part = part;
  }

  read(row: number): Promise<Float32Array | Float64Array | Uint8Array> {
    const at = Math.floor(row / this.#part);
    const file = this.#kept.get(at) ?? new NpyRows(`${this.#base}/${String(at).padStart(4, "0")}.npy`);
    this.#kept.delete(at);
    this.#kept.set(at, file);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_PARTS) this.#kept.delete(oldest);
    return file.read(row % this.#part);
  }
}
