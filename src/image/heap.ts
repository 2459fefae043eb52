/**
 * A binary heap of (key, item), smallest key first and, among equal keys, first in first out; room for `capacity`
 * entries, reused by {@link clear}.
 */
export class MinHeap {
  readonly #keys: Float64Array;
  readonly #ages: Int32Array;
  readonly #items: Int32Array;
  #size = 0;
  #age = 0;

  constructor(capacity: number) {
    this.#keys = new Float64Array(capacity);
    this.#ages = new Int32Array(capacity);
    this.#items = new Int32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  clear(): void {
    this.#size = 0;
    this.#age = 0;
  }

  push(key: number, item: number): void {
    let at = this.#size++;
    const age = this.#age++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#keys[parent] <= key) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#set(at, key, age, item);
  }

  /** Removes and returns the first item; the heap must not be empty. */
  pop(): number {
    const first = this.#items[0];
    const last = --this.#size;
    const key = this.#keys[last];
    const age = this.#ages[last];
    const item = this.#items[last];
    let at = 0;
    for (let child = 1; child < last; child = 2 * at + 1) {
      if (child + 1 < last && this.#before(child + 1, child)) child++;
      if (this.#keys[child] > key || (this.#keys[child] === key && this.#ages[child] > age)) break;
      this.#move(child, at);
      at = child;
    }
    this.#set(at, key, age, item);
    return first;
  }

  #before(a: number, b: number): boolean {
    return (
      this.#keys[a] < this.#keys[b] || (this.#keys[a] === this.#keys[b] && this.#ages[a] < this.#ages[b])
    );
  }

  #move(from: number, to: number): void {
    this.#keys[to] = this.#keys[from];
    this.#ages[to] = this.#ages[from];
    this.#items[to] = this.#items[from];
  }

  #set(at: number, key: number, age: number, item: number): void {
    this.#keys[at] = key;
    this.#ages[at] = age;
    this.#items[at] = item;
  }
}
