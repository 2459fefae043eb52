import { decodeFloat16 } from "../../core/float16.ts";

/** Bytes of an array that a program may announce. */
const LARGEST = 384 * 2 ** 20;
const MAGIC = Buffer.from("\x93NUMPY", "latin1");
/** Bytes before the header's text: magic, version, length (2 bytes, from version 2.0 on 4). */
const PREFIX = 12;

/** An array that a program wrote, converted to float32. */
export interface Frame {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const DECODERS: Readonly<Record<string, { bytes: number; decode: (data: ArrayBuffer) => Float32Array }>> = {
  "<f4": { bytes: 4, decode: (data) => new Float32Array(data) },
  "<f8": { bytes: 8, decode: (data) => Float32Array.from(new Float64Array(data)) },
  "<f2": {
    bytes: 2,
    decode: (data) => {
      const out = new Float32Array(data.byteLength / 2);
      decodeFloat16(new Uint16Array(data), out);
      return out;
    },
  },
};

interface Body {
  readonly shape: readonly number[];
  readonly type: string;
  readonly data: Uint8Array<ArrayBuffer>;
  filled: number;
}

/**
 * Reads arrays in NumPy's .npy format (little-endian float32, float64 or float16 in C order) from a stream of bytes that
 * may be cut anywhere.
 */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  /** Start of a frame whose header is not complete. */
  #head: Buffer = Buffer.alloc(0);
  #body: Body | undefined;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /** Whether the last frame is complete. */
  get idle(): boolean {
    return this.#body === undefined && this.#head.length === 0;
  }

  /** Takes what came next. @throws Error saying what is wrong with it; nothing can be read behind that. */
  push(chunk: Uint8Array): void {
    let rest = chunk;
    while (rest.length > 0)
      rest = this.#body === undefined ? this.#readHead(rest) : this.#fill(this.#body, rest);
  }

  #readHead(chunk: Uint8Array): Uint8Array {
    const head = Buffer.concat([this.#head, chunk]);
    this.#head = head;
    const seen = Math.min(head.length, MAGIC.length);
    if (!head.subarray(0, seen).equals(MAGIC.subarray(0, seen)))
      throw new Error(
        `prints on its standard output: ${quote(head.toString("utf8", 0, 400))}; only features belong there: print to standard error instead (Python: print(..., file=sys.stderr))`,
      );
    if (head.length < PREFIX) return new Uint8Array(0);
    const wide = head[6] >= 2;
    const start = (wide ? 12 : 10) + (wide ? head.readUInt32LE(8) : head.readUInt16LE(8));
    if (start > 65536) throw new Error("writes a damaged .npy header; write arrays with numpy.save");
    if (head.length < start) return new Uint8Array(0);
    this.#body = makeBody(head.toString("latin1", wide ? 12 : 10, start));
    this.#head = Buffer.alloc(0);
    this.#finish();
    return head.subarray(start);
  }

  #fill(body: Body, chunk: Uint8Array): Uint8Array {
    const count = Math.min(chunk.length, body.data.length - body.filled);
    body.data.set(chunk.subarray(0, count), body.filled);
    body.filled += count;
    this.#finish();
    return chunk.subarray(count);
  }

  #finish(): void {
    const body = this.#body;
    if (body === undefined || body.filled < body.data.length) return;
    this.#body = undefined;
    this.#onFrame({ shape: body.shape, values: DECODERS[body.type].decode(body.data.buffer) });
  }
}

function makeBody(header: string): Body {
  const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1];
  const dims = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (dims === undefined) throw new Error("writes a damaged .npy header; write arrays with numpy.save");
  const type = descr !== undefined && Object.hasOwn(DECODERS, descr) ? descr : undefined;
  if (type === undefined)
    throw new Error(
      `gives features of type ${descr ?? "object"}; write float32, little-endian (array.astype("<f4"))`,
    );
  const shape = dims.split(",").flatMap((d) => (d.trim() === "" ? [] : [Number(d)]));
  // The order makes a difference from two dimensions on, where NumPy says so of arrays of one column as well.
  if (/'fortran_order':\s*True/.test(header))
    throw new Error(
      "gives features in Fortran order; write them in C order (numpy.ascontiguousarray, in PyTorch .contiguous())",
    );
  const size = shape.reduce((a, b) => a * b, DECODERS[type].bytes);
  if (!Number.isSafeInteger(size) || size < 0 || size > LARGEST)
    throw new Error(
      `gives an array of ${shape.join(" x ")} values, more than 384 MiB; pool it before, or make "batch" smaller`,
    );
  return { shape, type, data: new Uint8Array(size), filled: 0 };
}

/** The first line of some text in quotes, at most 60 characters, what cannot be printed as `?`. */
export function quote(text: string): string {
  const line = text.trimStart().split(/[\r\n]/, 1)[0];
  const plain = line.replace(/[\p{Cc}\ufffd]/gu, "?");
  return `"${plain.length > 60 ? `${plain.slice(0, 57)}...` : plain}"`;
}
