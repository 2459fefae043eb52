/** A queue that gives the item of the least key first, of equal keys the one that came first. */
export class Heap<T> {
  readonly #items: { readonly key: number; readonly serial: number; readonly item: T }[] = [];
  #serial = 0;

  get size(): number {
    return this.#items.length;
  }

  /** Least key; Infinity where nothing waits. */
  get least(): number {
    return this.#items[0]?.key ?? Number.POSITIVE_INFINITY;
  }

  push(key: number, item: T): void {
    const items = this.#items;
    let at = items.push({ key, serial: this.#serial++, item }) - 1;
    for (let up = (at - 1) >> 1; at > 0 && this.#before(at, up); at = up, up = (at - 1) >> 1)
      this.#swap(at, up);
  }

  /** @throws RangeError where nothing waits */
  pop(): T {
    const items = this.#items;
    if (items.length === 0) throw new RangeError("nothing waits");
    this.#swap(0, items.length - 1);
    const { item } = items.pop()!;
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < items.length && this.#before(child, least)) least = child;
      if (least === at) return item;
      this.#swap(at, least);
      at = least;
    }
  }

  #before(a: number, b: number): boolean {
    const [x, y] = [this.#items[a], this.#items[b]];
    return x.key < y.key || (x.key === y.key && x.serial < y.serial);
  }

  #swap(a: number, b: number): void {
    const items = this.#items;
    [items[a], items[b]] = [items[b], items[a]];
  }
}
