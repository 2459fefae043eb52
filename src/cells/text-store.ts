/** Different texts up to which each is held once. */
const SHARED = 65_536;
/** Bytes of a block of texts that are held one behind the other. */
const BLOCK = 1 << 20;
/** No text: a place that no block has. */
const NONE = 0xffffffff;

/** Texts in their order: each once, as long as there are few of them; else as their bytes (UTF-8) in blocks. */
export class TextStore {
  /** The different texts and the place of each; null from the moment on when there are too many. */
  #known: Map<string, number> | null = new Map();
  #texts: string[] = [];
  /** Of every row: the place of its text, or the number of its block and the byte where it starts there. */
  #places = new Uint32Array(64);
  #blocks: Buffer[] = [];
  /** First row that begins in each block. */
  #firstOf: number[] = [];
  #used = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(text: string | null): void {
    if (this.#known !== null && text !== null && this.#known.size >= SHARED && !this.#known.has(text))
      this.#toBytes();
    this.#put(text);
  }

  at(row: number): string | null {
    const place = this.#places[row];
    if (this.#known !== null) return place === NONE ? null : this.#texts[place];
    const block = this.#blockOf(row);
    const bytes = this.#blocks[block];
    const length = bytes.readUInt32LE(place);
    return length === NONE ? null : bytes.toString("utf8", place + 4, place + 4 + length);
  }

  #put(text: string | null): void {
    if (this.#length === this.#places.length) {
      const places = new Uint32Array(2 * this.#length);
      places.set(this.#places);
      this.#places = places;
    }
    this.#places[this.#length] = this.#known === null ? this.#write(text) : this.#share(text, this.#known);
    this.#length++;
  }

  #share(text: string | null, known: Map<string, number>): number {
    if (text === null) return NONE;
    let place = known.get(text);
    if (place === undefined) {
      known.set(text, (place = this.#texts.length));
      this.#texts.push(text);
    }
    return place;
  }

  /** Writes a text behind the others; returns where in its block it starts. */
  #write(text: string | null): number {
    // Three bytes are the most that a unit of a string takes.
    const most = 4 + 3 * (text?.length ?? 0);
    if (this.#blocks.length === 0 || this.#used + most > (this.#blocks.at(-1) as Buffer).length) {
      this.#blocks.push(Buffer.allocUnsafe(Math.max(BLOCK, most)));
      this.#firstOf.push(this.#length);
      this.#used = 0;
    }
    const block = this.#blocks.at(-1) as Buffer;
    const place = this.#used;
    const length = text === null ? 0 : block.write(text, place + 4, "utf8");
    block.writeUInt32LE(text === null ? NONE : length, place);
    this.#used += 4 + length;
    return place;
  }

  /** The last block that begins at or before a row. */
  #blockOf(row: number): number {
    let [low, high] = [0, this.#firstOf.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#firstOf[middle] <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #toBytes(): void {
    const [texts, places, length] = [this.#texts, this.#places, this.#length];
    this.#known = null;
    this.#texts = [];
    this.#places = new Uint32Array(places.length);
    this.#length = 0;
    for (let row = 0; row < length; row++) this.#put(places[row] === NONE ? null : texts[places[row]]);
  }
}
