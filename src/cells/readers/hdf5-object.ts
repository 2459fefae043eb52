import { type Hdf5Bytes, type Hdf5Piece, NOWHERE } from "./hdf5-bytes.ts";

/** Most blocks that the header of one object goes on in. */
const MOST_BLOCKS = 4096;
const CONTINUATION = 0x10;

/** What a header says of an object: one of its messages. */
export interface Hdf5Message {
  readonly type: number;
  readonly body: Hdf5Piece;
}

/**
 * The messages in the header of the object at an address, in either version of headers.
 * @throws Error where there is none or it is damaged
 */
export function objectMessages(file: Hdf5Bytes, address: number): Hdf5Message[] {
  const start = file.at(address, 16);
  if (start.bytes.toString("latin1", 0, 4) === "OHDR") return newMessages(file, address);
  if (start.bytes[0] !== 1) throw new Error(`there is no object at ${address}`);
  start.skip(8);
  const messages: Hdf5Message[] = [];
  const blocks: [address: number, bytes: number][] = [[address + 16, start.number(4)]];
  for (let b = 0; b < blocks.length; b++) {
    const block = file.at(...blocks[b]);
    while (block.left >= 8) {
      const type = block.number(2);
      const size = block.number(2);
      block.skip(4);
      keep({ type, body: block.part(size) }, messages, blocks);
    }
  }
  return messages;
}

/** Headers of version 2, whose blocks begin with a mark and end with a checksum. */
function newMessages(file: Hdf5Bytes, address: number): Hdf5Message[] {
  const start = file.at(address, Math.min(file.size - address, 40));
  start.skip(5);
  const flags = start.number(1);
  const wide = 1 << (flags & 3);
  const before = 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
  start.skip(before - 6);
  const messages: Hdf5Message[] = [];
  const blocks: [address: number, bytes: number][] = [[address + before + wide, start.number(wide)]];
  for (let b = 0; b < blocks.length; b++) {
    const [at, bytes] = blocks[b];
    // The first block's mark stands before the length, that of any other within it.
    const block = b === 0 ? file.at(at, bytes) : file.at(at + 4, bytes - 8);
    const head = flags & 4 ? 6 : 4;
    while (block.left >= head) {
      const type = block.number(1);
      const size = block.number(2);
      block.skip(head - 3);
      keep({ type, body: block.part(size) }, messages, blocks);
    }
  }
  return messages;
}

function keep(message: Hdf5Message, messages: Hdf5Message[], blocks: [number, number][]): void {
  if (message.type !== CONTINUATION) {
    messages.push(message);
    return;
  }
  const address = message.body.address();
  if (address === NOWHERE || blocks.push([address, message.body.length()]) > MOST_BLOCKS)
    throw new Error("an object's header does not end");
}

/** Object `index` of the global heap at an address. */
export function heapObject(file: Hdf5Bytes, address: number, index: number): Hdf5Piece {
  const head = file.at(address, 8 + file.lengthBytes);
  head.mark("GCOL");
  head.skip(4);
  const heap = file.at(address, head.length());
  heap.skip(8 + file.lengthBytes);
  while (heap.left >= 8 + file.lengthBytes) {
    const found = heap.number(2);
    heap.skip(6);
    const bytes = heap.length();
    if (found === index) return heap.part(bytes);
    if (found === 0) break;
    heap.skip(Math.min(heap.left, Math.ceil(bytes / 8) * 8));
  }
  throw new Error("a heap lacks an object");
}

/** The name at an offset of the local heap at an address. */
export function heapName(file: Hdf5Bytes, address: number, offset: number): string {
  const head = file.at(address, 8 + 2 * file.lengthBytes + file.addressBytes);
  head.mark("HEAP");
  head.skip(4);
  const bytes = head.length();
  head.length();
  const names = file.at(head.address(), bytes);
  names.skip(offset);
  return names.text();
}
