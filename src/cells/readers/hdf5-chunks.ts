import { type Hdf5Bytes, type Hdf5Piece, NOWHERE } from "./hdf5-bytes.ts";

/** Where the pieces (chunks) of a data set are listed: the kind of list and its place, as the layout message says them. */
export interface ChunkIndex {
  readonly kind: "tree" | "single" | "implicit" | "fixed array" | "extensible array" | "new tree";
  readonly address: number;
  /** Stored bytes of the only piece, where there is but one that is packed. */
  readonly bytes: number | null;
  /** Pieces along each axis, and the elements of a piece along each. */
  readonly grid: readonly number[];
  readonly chunk: readonly number[];
  /** Bytes of a piece that is not packed. */
  readonly chunkBytes: number;
}

/** What the list of a data set's pieces says. */
export interface ChunkSum {
  /** Pieces that are there, of those that the data set's shape needs. */
  readonly there: number;
  readonly needed: number;
  /** Bytes that all of them take in the file; null where the list does not say. */
  readonly stored: number | null;
}

/** Pieces whose places are compared; of more, only the sum of their bytes is. */
const MOST_COMPARED = 1 << 20;

/**
 * Goes through the list of a data set's pieces.
 * @throws Error where it is damaged, or a piece lies outside of the file or in the place of another
 */
export function sumChunks(file: Hdf5Bytes, index: ChunkIndex): ChunkSum {
  const needed = index.grid.reduce((a, b) => a * b, 1);
  const { kind, address } = index;
  if (address === NOWHERE) return { there: 0, needed, stored: 0 };
  const places = new Places(file);
  if (kind === "tree") {
    const known = treePieces(file, index, places);
    return { there: known, needed, stored: places.check() };
  }
  if (kind === "single" || kind === "implicit") {
    places.add(address, index.bytes ?? index.chunkBytes * needed);
    return { there: needed, needed, stored: places.check() };
  }
  if (kind === "fixed array") {
    fixedPieces(file, index, places);
    return { there: places.count, needed, stored: places.check() };
  }
  return { there: Math.min(needed, counted(file, kind, address)), needed, stored: null };
}

/** The places of pieces in the file. */
class Places {
  readonly #file: Hdf5Bytes;
  readonly #starts: number[] = [];
  readonly #sizes: number[] = [];
  #stored = 0;
  #end = 0;
  #ordered = true;
  count = 0;

  constructor(file: Hdf5Bytes) {
    this.#file = file;
  }

  add(address: number, bytes: number): void {
    if (!(address + bytes <= this.#file.size))
      throw new Error(`a piece of ${bytes} bytes at ${address} runs past the end (${this.#file.size} bytes)`);
    this.count++;
    this.#stored += bytes;
    // As they are written as a rule, one behind the other.
    this.#ordered &&= address >= this.#end;
    this.#end = address + bytes;
    if (this.count > MOST_COMPARED) return;
    this.#starts.push(address);
    this.#sizes.push(bytes);
  }

  /** The bytes of all pieces. @throws Error where two of them share bytes */
  check(): number {
    const [starts, sizes] = [this.#starts, this.#sizes];
    const order = this.#ordered ? [] : Array.from(starts.keys()).sort((a, b) => starts[a] - starts[b]);
    for (let i = 1; i < order.length; i++)
      if (starts[order[i - 1]] + sizes[order[i - 1]] > starts[order[i]])
        throw new Error(`two pieces share the bytes at ${starts[order[i]]}`);
    if (this.#stored > this.#file.size) throw new Error("its pieces have more bytes than the file");
    return this.#stored;
  }
}

/** Goes through a tree of pieces (version 1) and gives the number of those that the data set's shape needs. */
function treePieces(file: Hdf5Bytes, { address, grid, chunk }: ChunkIndex, places: Places): number {
  const { addressBytes } = file;
  const keyBytes = 8 + 8 * (chunk.length + 1);
  let known = 0;
  let last: number[] | null = null;
  const seen = new Set<number>();
  const walk = (at: number, level: number | null) => {
    if (seen.size === seen.add(at).size) throw new Error("a list of pieces leads back to itself");
    const head = file.at(at, 8 + 2 * addressBytes);
    head.mark("TREE");
    if (head.number(1) !== 1) throw new Error("a list of pieces is of another kind");
    const own = head.number(1);
    if (level !== null && own !== level) throw new Error("a list of pieces is damaged");
    const entries = head.number(2);
    const node = file.at(at + 8 + 2 * addressBytes, entries * (keyBytes + addressBytes));
    for (let e = 0; e < entries; e++) {
      const bytes = node.number(4);
      node.skip(4);
      const place = chunk.map((length) => node.number(8) / length);
      node.skip(8);
      const child = node.address();
      if (own > 0) {
        walk(child, own - 1);
        continue;
      }
      if (last !== null && !before(last, place)) throw new Error("a list of pieces is out of order");
      last = place;
      places.add(child, bytes);
      if (place.every((n, axis) => Number.isInteger(n) && n < grid[axis])) known++;
    }
  };
  walk(address, null);
  return known;
}

function before(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] < b[i];
  return false;
}

/** Goes through an array of pieces of known number. */
function fixedPieces(file: Hdf5Bytes, { address, chunkBytes }: ChunkIndex, places: Places): void {
  const { addressBytes, lengthBytes } = file;
  const head = file.at(address, 8 + lengthBytes + addressBytes);
  head.mark("FAHD");
  head.skip(1);
  const packed = head.number(1) === 1;
  const entryBytes = head.number(1);
  const page = 2 ** head.number(1);
  const entries = head.length();
  const block = head.address();
  if (block === NOWHERE) return;
  const wide = packed ? entryBytes - addressBytes - 4 : 0;
  if (wide < 0 || wide > 8 || entryBytes < addressBytes) throw new Error("a list of pieces is damaged");
  const take = (piece: Hdf5Piece, count: number) => {
    for (let e = 0; e < count; e++) {
      const place = piece.address();
      const bytes = packed ? piece.number(wide) : chunkBytes;
      if (packed) piece.skip(4);
      if (place !== NOWHERE) places.add(place, bytes);
    }
  };
  const before = 6 + addressBytes;
  file.at(block, 4).mark("FADB");
  if (entries <= page) {
    take(file.at(block + before, entries * entryBytes), entries);
    return;
  }
  const pages = Math.ceil(entries / page);
  const map = file.at(block + before, Math.ceil(pages / 8)).bytes;
  let at = block + before + map.length + 4;
  for (let p = 0; p < pages; p++) {
    const count = Math.min(page, entries - p * page);
    if (map[p >> 3] & (0x80 >> (p & 7))) take(file.at(at, count * entryBytes), count);
    at += count * entryBytes + 4;
  }
}

/** Pieces that the head of a list counts; an extensible array says only how far it reaches. */
function counted(file: Hdf5Bytes, kind: ChunkIndex["kind"], address: number): number {
  const { addressBytes, lengthBytes } = file;
  if (kind === "new tree") {
    const head = file.at(address, 18 + addressBytes + lengthBytes);
    head.mark("BTHD");
    head.skip(14 + addressBytes);
    return head.length();
  }
  const head = file.at(address, 12 + 6 * lengthBytes);
  head.mark("EAHD");
  head.skip(8 + 4 * lengthBytes);
  return head.length();
}
