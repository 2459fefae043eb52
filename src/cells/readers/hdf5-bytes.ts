import { closeSync, fstatSync, readSync } from "node:fs";
import { openInput, readError } from "../../files/input.ts";

/** Most bytes that one structure of an HDF5 file takes here. */
const MOST = 1 << 24;

/** A place that HDF5 marks as not there. */
export const NOWHERE = -1;

/** The bytes of an HDF5 file (version 3.0 of the file format) by their addresses, beside the library that reads it. */
export class Hdf5Bytes {
  readonly path: string;
  readonly size: number;
  /** Bytes of an address and of a length. */
  readonly addressBytes: number;
  readonly lengthBytes: number;
  readonly #file: number;
  readonly #base: number;

  /** @throws DataError where it is no regular file; Error where its first bytes are none of HDF5's. */
  constructor(path: string) {
    this.path = path;
    this.#file = openInput(path);
    try {
      this.size = fstatSync(this.#file).size;
      this.#base = 0;
      const head = this.at(8, Math.min(40, this.size - 8));
      const old = head.bytes[0] < 2;
      this.addressBytes = head.bytes[old ? 5 : 1];
      this.lengthBytes = head.bytes[old ? 6 : 2];
      if (![2, 4, 8].includes(this.addressBytes) || ![2, 4, 8].includes(this.lengthBytes))
        throw new Error("its superblock is damaged");
      head.skip(old ? (head.bytes[0] === 0 ? 16 : 20) : 4);
      this.#base = head.number(this.addressBytes);
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
  }

  /** The bytes from an address on. @throws Error where they run past the end. */
  at(address: number, count: number): Hdf5Piece {
    const from = address + this.#base;
    if (!(address >= 0 && count >= 0 && count <= MOST && from + count <= this.size))
      throw new Error(`${count} bytes at ${address} run past the end (${this.size} bytes)`);
    const bytes = Buffer.allocUnsafe(count);
    let done = 0;
    try {
      while (done < count) {
        const got = readSync(this.#file, bytes, done, count - done, from + done);
        if (got === 0) throw new Error("it ended while it was read");
        done += got;
      }
    } catch (cause) {
      throw readError(this.path, cause);
    }
    return new Hdf5Piece(bytes, this.addressBytes, this.lengthBytes);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Bytes of a structure that are taken one after the other. */
export class Hdf5Piece {
  readonly bytes: Buffer;
  readonly #addressBytes: number;
  readonly #lengthBytes: number;
  #at = 0;

  constructor(bytes: Buffer, addressBytes: number, lengthBytes: number) {
    this.bytes = bytes;
    this.#addressBytes = addressBytes;
    this.#lengthBytes = lengthBytes;
  }
  get left(): number {
    return this.bytes.length - this.#at;
  }
  take(count: number): Buffer {
    if (!(count >= 0 && count <= this.left)) throw new Error("a structure is cut off");
    this.#at += count;
    return this.bytes.subarray(this.#at - count, this.#at);
  }
  /** A part of it as a structure of its own. */
  part(count: number): Hdf5Piece {
    return new Hdf5Piece(this.take(count), this.#addressBytes, this.#lengthBytes);
  }
  skip(count: number): void {
    this.take(count);
  }
  /** A little-endian number; Infinity, which no check passes, where a double does not hold it exactly. */
  number(count: number): number {
    const bytes = this.take(count);
    let value = 0;
    for (let i = count - 1; i >= 0; i--) value = value * 256 + bytes[i];
    return Number.isSafeInteger(value) ? value : Number.POSITIVE_INFINITY;
  }
  /** A length as the file writes them. */
  length(): number {
    return this.number(this.#lengthBytes);
  }
  /** An address, {@link NOWHERE} where it is undefined. */
  address(): number {
    const bytes = this.take(this.#addressBytes);
    if (bytes.every((b) => b === 255)) return NOWHERE;
    this.#at -= this.#addressBytes;
    return this.number(this.#addressBytes);
  }
  /** Text up to a NUL character. */
  text(): string {
    const end = this.bytes.indexOf(0, this.#at);
    if (end < 0) throw new Error("a name does not end");
    const text = this.bytes.toString("utf8", this.#at, end);
    this.#at = end + 1;
    return text;
  }
  /** Checks the mark with which a structure begins. */
  mark(text: string): void {
    if (this.take(4).toString("latin1") !== text) throw new Error(`there is no ${text} where one should be`);
  }
}
