import { closeSync, fstatSync, readSync } from "node:fs";
import { DataError } from "../../errors.ts";
import { openInput, readError } from "../../files/input.ts";
import { Hdf5Bytes } from "./hdf5-bytes.ts";

/** Larger files are not looked through. */
const MOST = 2 ** 30;
const WINDOW = 1 << 22;
/** Bytes before the objects of a heap, and before an object, where lengths have 8 bytes. */
const HEAD = 16;
const MARK = "GCOL\x01";
/** A heap is never smaller. */
const SMALLEST = 4096;

/**
 * Looks through an HDF5 file for the heaps of its texts (global heap collections, which nothing lists) and checks that
 * the objects of each follow each other to its end: with one that does not go on, the library never comes to an end.
 * @throws DataError for a heap that is damaged
 */
export function checkHeaps(path: string): void {
  if (!hasWideLengths(path)) return;
  const file = openInput(path);
  try {
    const { size } = fstatSync(file);
    if (size > MOST) return;
    const window = Buffer.allocUnsafe(Math.min(size, WINDOW));
    const read = (into: Buffer, at: number) => readSync(file, into, 0, Math.min(into.length, size - at), at);
    for (let at = 0; at < size; at += WINDOW - MARK.length) {
      const held = window.subarray(0, read(window, at));
      for (
        let found = held.indexOf(MARK, 0, "latin1");
        found >= 0;
        found = held.indexOf(MARK, found + 1, "latin1")
      )
        checkHeap(read, at + found, size, path);
      if (at + held.length >= size) break;
    }
  } catch (cause) {
    throw readError(path, cause);
  } finally {
    closeSync(file);
  }
}

/** Whether lengths have 8 bytes, as all do that are written today. */
function hasWideLengths(path: string): boolean {
  try {
    const file = new Hdf5Bytes(path);
    file.close();
    return file.lengthBytes === 8;
  } catch {
    // The library says what is wrong with the first bytes.
    return false;
  }
}

type Read = (into: Buffer, at: number) => number;

function checkHeap(read: Read, start: number, size: number, path: string): void {
  const head = Buffer.alloc(HEAD);
  read(head, start);
  const bytes = Number(head.readBigUInt64LE(8));
  // What is no heap the library does not take for one either.
  if (bytes < SMALLEST || start + bytes > size) return;
  const window = Buffer.allocUnsafe(Math.min(bytes, WINDOW));
  let from = start;
  let held = read(window, from);
  const end = start + bytes;
  for (let at = start + HEAD; end - at >= HEAD; ) {
    if (at + HEAD > from + held) {
      from = at;
      held = read(window, from);
    }
    const index = window.readUInt16LE(at - from);
    const own = Number(window.readBigUInt64LE(at - from + 8));
    const whole = index === 0 ? own : HEAD + Math.ceil(own / 8) * 8;
    if (whole < HEAD || at + whole > end)
      throw new DataError(
        `is truncated or damaged (an object of ${own} bytes in the heap of texts at ${start}); copy it again`,
        { path },
      );
    at += whole;
  }
}
