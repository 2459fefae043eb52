import { DataError } from "../../errors.ts";
import { Hdf5Bytes, type Hdf5Piece, NOWHERE } from "./hdf5-bytes.ts";
import { type ChunkIndex, sumChunks } from "./hdf5-chunks.ts";
import { heapName, heapObject, objectMessages } from "./hdf5-object.ts";

const DATASPACE = 0x01;
const EXTERNAL = 0x07;
const LAYOUT = 0x08;
const MOST_AXES = 32;
const INDEXES = ["single", "implicit", "fixed array", "extensible array", "new tree"] as const;
/** Data sets above so many bytes hold no one value over and over: pixels, weights and features do not. */
const SUSPECT_BYTES = 1 << 26;
const SUSPECT_RATIO = 1000;

/**
 * Checks how the data set at an address is stored before the library reads it: all of it in this file, every part that
 * its shape needs written, in places of their own. `name` names it in errors.
 * @throws DataError for a data set in other files (a virtual one, external raw storage), one that was not written
 * whole, is damaged, or unpacks to absurdly more than is stored
 */
export function checkStorage(path: string, address: number, name: string): void {
  const file = new Hdf5Bytes(path);
  try {
    check(file, address, name);
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    throw new DataError(`data set ${name} is damaged (${(cause as Error).message}); copy the file again`, {
      path,
      cause,
    });
  } finally {
    file.close();
  }
}

function check(file: Hdf5Bytes, address: number, name: string): void {
  const { path } = file;
  const messages = objectMessages(file, address);
  const external = messages.find(({ type }) => type === EXTERNAL)?.body;
  if (external !== undefined)
    throw new DataError(
      `the values of data set ${name} lie in another file (${externalName(file, external)}), which is not read; copy the data set into this one`,
      { path },
    );
  const layout = messages.find(({ type }) => type === LAYOUT)?.body;
  const space = messages.find(({ type }) => type === DATASPACE)?.body;
  if (layout === undefined || space === undefined) throw new Error("it lacks its shape or its layout");
  const shape = shapeOf(space);
  const stored = readLayout(file, layout, shape);
  if (stored.kind === "virtual")
    throw new DataError(
      `data set ${name} is a virtual one of other files (${stored.source}), which are not read; copy it into one data set`,
      { path },
    );
  if (shape === null || shape.some((n) => n === 0)) return;
  if (stored.kind === "whole") {
    if (stored.address === NOWHERE)
      throw new DataError(`data set ${name} was never written; write the file again`, { path });
    file.at(stored.address, 0);
    if (stored.address + stored.bytes > file.size)
      throw new Error(`its ${stored.bytes} bytes at ${stored.address} run past the end (${file.size} bytes)`);
  } else if (stored.kind === "chunks") {
    const { there, needed, stored: bytes } = sumChunks(file, stored.index);
    if (there < needed)
      throw new DataError(
        `data set ${name} has ${there} of its ${needed} pieces (chunks), the others were never written; write the file again`,
        { path },
      );
    const values = stored.index.chunkBytes * needed;
    if (bytes !== null && values > SUSPECT_BYTES && values > SUSPECT_RATIO * bytes)
      throw new DataError(
        `data set ${name} says that ${bytes} packed bytes are ${values}, one value over and over; write the file again`,
        { path },
      );
  }
}

type Stored =
  | { readonly kind: "inside" }
  | { readonly kind: "whole"; readonly address: number; readonly bytes: number }
  | { readonly kind: "chunks"; readonly index: ChunkIndex }
  | { readonly kind: "virtual"; readonly source: string };

/** Lengths of the axes; null for a data set without a value. */
function shapeOf(space: Hdf5Piece): number[] | null {
  const version = space.number(1);
  const axes = space.number(1);
  space.skip(1);
  const none = version === 2 && space.number(1) === 2;
  if (version !== 2) space.skip(5);
  if (axes > MOST_AXES) throw new Error(`it has ${axes} axes`);
  return none ? null : Array.from({ length: axes }, () => space.length());
}

function readLayout(file: Hdf5Bytes, layout: Hdf5Piece, shape: readonly number[] | null): Stored {
  const version = layout.number(1);
  if (version < 3) return oldLayout(layout, version, shape);
  const kind = layout.number(1);
  if (kind === 0) return { kind: "inside" };
  if (kind === 1) return { kind: "whole", address: layout.address(), bytes: layout.length() };
  if (kind === 3) return { kind: "virtual", source: virtualSource(file, layout) };
  if (kind !== 2) throw new Error(`its layout is of an unknown kind (${kind})`);
  if (version === 3) {
    const axes = layout.number(1);
    const address = layout.address();
    return chunks(
      Array.from({ length: axes }, () => layout.number(4)),
      shape,
      { kind: "tree", address, bytes: null },
    );
  }
  const flags = layout.number(1);
  const axes = layout.number(1);
  const wide = layout.number(1);
  const lengths = Array.from({ length: axes }, () => layout.number(wide));
  const index = INDEXES[layout.number(1) - 1];
  if (index === undefined) throw new Error("the list of its pieces is of an unknown kind");
  // Of a single piece that is packed, the size and the filters that were left out.
  const single = index === "single" && (flags & 2) !== 0;
  const bytes = single ? layout.length() : null;
  layout.skip(
    single ? 4 : { single: 0, implicit: 0, "fixed array": 1, "extensible array": 5, "new tree": 6 }[index],
  );
  return chunks(lengths, shape, { kind: index, address: layout.address(), bytes });
}

/** Layouts of versions 1 and 2. */
function oldLayout(layout: Hdf5Piece, version: number, shape: readonly number[] | null): Stored {
  if (version < 1) throw new Error("its layout is of an unknown version");
  const axes = layout.number(1);
  const kind = layout.number(1);
  layout.skip(5);
  if (kind === 0) return { kind: "inside" };
  const address = layout.address();
  const lengths = Array.from({ length: axes }, () => layout.number(4));
  if (kind === 2) return chunks(lengths, shape, { kind: "tree", address, bytes: null });
  return { kind: "whole", address, bytes: 0 };
}

/** Pieces of these lengths, the last of which is the bytes of an element. */
function chunks(
  lengths: readonly number[],
  shape: readonly number[] | null,
  index: Pick<ChunkIndex, "kind" | "address" | "bytes">,
): Stored {
  const chunk = lengths.slice(0, -1);
  if (chunk.length !== (shape?.length ?? 0) || lengths.some((n) => !(n >= 1 && Number.isFinite(n))))
    throw new Error(`its pieces are ${lengths.join(" x ")}`);
  const grid = chunk.map((n, axis) => Math.ceil((shape?.[axis] ?? 0) / n));
  return { kind: "chunks", index: { ...index, chunk, grid, chunkBytes: lengths.reduce((a, b) => a * b, 1) } };
}

function virtualSource(file: Hdf5Bytes, layout: Hdf5Piece): string {
  try {
    const heap = heapObject(file, layout.address(), layout.number(4));
    if (heap.number(1) !== 0) return "several";
    heap.length();
    return shown(heap.text());
  } catch {
    return "unknown";
  }
}

function externalName(file: Hdf5Bytes, message: Hdf5Piece): string {
  try {
    message.skip(8);
    return shown(heapName(file, message.address(), message.length()));
  } catch {
    return "unknown";
  }
}

/** A name out of the file as it may stand in a message. */
export const shown = (name: string) => name.slice(0, 200).replace(/[^\x20-\x7e]/g, "?");
