import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { RunningPrograms } from "../encode/command/programs.ts";
import type { Encoder } from "../encode/encoder.ts";
import type { EncoderFile } from "../encode/encoder-file.ts";
import { LIMITS } from "../encode/onnx/apart.ts";
import { openEncoder } from "../encode/open.ts";
import { type CropShape, type MaskKind, NEIGHBOR } from "../types.ts";
import type { FoundEncoders } from "./encoders.ts";

/** What a request to encode is answered with where it cannot be done. */
export class EncodeError extends Error {
  override readonly name = "EncodeError";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Crops of a request, and requests that wait for one study, at most. */
const MOST = { crops: 8, waiting: 8 };

/**
 * Encodes crops that the page made, with the encoders of one study. Each is opened with its first crops, ONNX networks in
 * a process of their own, and kept until {@link close}. One encodes one request at a time.
 */
export class Encoding {
  readonly #shape: CropShape & { readonly masks: MaskKind };
  readonly #files: FoundEncoders["files"];
  readonly #programs = new RunningPrograms();
  readonly #stop = new AbortController();
  readonly #opened = new Map<string, Promise<Encoder>>();
  readonly #turns = new Map<string, Promise<unknown>>();
  #waiting = 0;

  constructor(shape: CropShape & { readonly masks: MaskKind }, files: FoundEncoders["files"]) {
    this.#shape = shape;
    this.#files = files;
  }

  /** Bytes of a crop (float32, channels x height x width) and its mask (uint8, height x width). */
  get bytes(): number {
    const { channels, height, width } = this.#shape;
    return height * width * (4 * channels.length + 1);
  }

  /**
   * Reads the crops of a request, one after the other, then their masks, and encodes them.
   * @returns features of the output `name`, one row per crop
   * @throws EncodeError
   */
  async answer(name: string | null, request: IncomingMessage): Promise<Float32Array> {
    const found = name === null ? undefined : this.#files.get(name);
    if (found === undefined) throw new EncodeError(404, `No encoder ${name ?? ""} can be run here.`);
    const length = Number(request.headers["content-length"] ?? Number.NaN);
    const count = length / this.bytes;
    if (!Number.isInteger(count) || count < 1 || count > MOST.crops)
      throw new EncodeError(
        Number.isNaN(length) ? 411 : 413,
        `A crop with its mask has ${this.bytes} bytes; 1 to ${MOST.crops} of them are encoded at a time.`,
      );
    if (this.#waiting >= MOST.waiting) throw new EncodeError(503, "Too much is being encoded; try again.");
    this.#waiting++;
    try {
      const body = await bodyOf(request, length);
      const masksAt = count * (this.bytes - this.#shape.height * this.#shape.width);
      const crops = new Float32Array(body.buffer, 0, masksAt / 4);
      const masks = body.subarray(masksAt);
      if (!crops.every(Number.isFinite))
        throw new EncodeError(400, "A crop holds values that are no numbers.");
      if (masks.some((label) => label > NEIGHBOR))
        throw new EncodeError(400, "A mask holds labels besides 0, 1 and 2.");
      return await this.#inTurn(found.file, async () => {
        // Who asked may have gone in between.
        if (request.socket.destroyed) throw new EncodeError(499, "The request was withdrawn.");
        const encoder = await this.#open(found.file);
        const out = encoder.dimensions.map((dimension) => new Float32Array(count * dimension));
        await encoder.encode(crops, masks, count, out);
        return out[found.output];
      });
    } finally {
      this.#waiting--;
    }
  }

  /** Ends networks and programs. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#programs.stop();
    const opened = await Promise.allSettled(this.#opened.values());
    await Promise.allSettled(opened.map((o) => (o.status === "fulfilled" ? o.value.release() : undefined)));
  }

  #open(file: EncoderFile): Promise<Encoder> {
    let opened = this.#opened.get(file.path);
    if (opened === undefined) {
      opened = openEncoder(file, this.#shape, {
        programs: this.#programs,
        ...(file.kind === "onnx" ? { apart: { ...LIMITS, signal: this.#stop.signal } } : {}),
      });
      this.#opened.set(file.path, opened);
    }
    return opened;
  }

  /** Runs `work` after all that waits for the same encoder; one that failed is opened anew the next time. */
  async #inTurn<T>(file: EncoderFile, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(file.path) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#turns.set(file.path, turn);
    try {
      return await turn;
    } catch (error) {
      if (!(error instanceof EncodeError)) {
        const opened = this.#opened.get(file.path);
        this.#opened.delete(file.path);
        void opened?.then((encoder) => encoder.release()).catch(() => {});
      }
      throw error;
    }
  }
}

/** The body of a request, which says its length, in memory of its own. */
async function bodyOf(request: IncomingMessage, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const body = new Uint8Array(length);
  let at = 0;
  request.on("data", (piece: Buffer) => {
    if (at + piece.length <= length) body.set(piece, at);
    at += piece.length;
  });
  await once(request, "end");
  if (at !== length) throw new EncodeError(400, "The request was cut off.");
  return body;
}
