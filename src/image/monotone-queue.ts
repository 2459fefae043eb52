/** Buckets: 64 for every doubling from 1 on, the first for what is below, the last for what is far above. */
const BUCKETS = 4096;
const PER_DOUBLING = 6;
/** Upper half of the bits of 1. */
const ONE = 0x3ff00000;

const key = new Float64Array(1);
const halves = new Int32Array(key.buffer);
const UPPER = new Uint8Array(new Int32Array([1]).buffer)[0] === 1 ? 1 : 0;

/**
 * A queue of (key, item), smallest key first and, among equal keys, first in first out, where no key (0 or more) is below
 * one that was taken: a heap that holds only the keys nearest to the smallest, and lists by the size of the others, as
 * positive numbers are in the order of their bits. Room for `capacity` entries from {@link clear} to clear.
 */
export class MonotoneQueue {
  readonly #keys: Float64Array;
  readonly #items: Int32Array;
  readonly #next: Int32Array;
  readonly #heads = new Int32Array(BUCKETS);
  readonly #heap: Int32Array;
  #near = 0;
  #bucket = 0;
  #entries = 0;
  #size = 0;

  constructor(capacity: number) {
    this.#keys = new Float64Array(capacity);
    this.#items = new Int32Array(capacity);
    this.#next = new Int32Array(capacity);
    this.#heap = new Int32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  clear(): void {
    this.#heads.fill(-1);
    this.#near = this.#bucket = this.#entries = this.#size = 0;
  }

  push(value: number, item: number): void {
    const entry = this.#entries++;
    this.#size++;
    this.#keys[entry] = value;
    this.#items[entry] = item;
    const bucket = bucketOf(value);
    if (bucket <= this.#bucket) this.#rise(entry);
    else {
      this.#next[entry] = this.#heads[bucket];
      this.#heads[bucket] = entry;
    }
  }

  /** Removes and returns the first item; the queue must not be empty. */
  pop(): number {
    while (this.#near === 0)
      for (let entry = this.#heads[++this.#bucket]; entry >= 0; entry = this.#next[entry]) this.#rise(entry);
    this.#size--;
    const heap = this.#heap;
    const first = heap[0];
    const last = heap[--this.#near];
    let at = 0;
    for (let child = 1; child < this.#near; child = 2 * at + 1) {
      if (child + 1 < this.#near && this.#before(heap[child + 1], heap[child])) child++;
      if (this.#before(last, heap[child])) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return this.#items[first];
  }

  #rise(entry: number): void {
    const heap = this.#heap;
    let at = this.#near++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#before(heap[parent], entry)) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = entry;
  }

  /** Entries are numbered as they come. */
  #before(a: number, b: number): boolean {
    const x = this.#keys[a];
    const y = this.#keys[b];
    return x < y || (x === y && a < b);
  }
}

function bucketOf(value: number): number {
  if (value < 1) return 0;
  key[0] = value;
  const bucket = 1 + ((halves[UPPER] - ONE) >> (20 - PER_DOUBLING));
  return bucket < BUCKETS ? bucket : BUCKETS - 1;
}
