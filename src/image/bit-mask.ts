/**
 * A mask of height x width pixels with 32 of them to a word: pixel (y, x) is bit x % 32 of word x / 32 of its row, and
 * bits beyond the width are 0. What works on masks goes through it a word at a time.
 */
export class BitMask {
  readonly height: number;
  readonly width: number;
  /** Words of a row. */
  readonly words: number;
  readonly data: Int32Array;
  /** Bits of a row's last word that are pixels. */
  readonly last: number;

  constructor(height: number, width: number) {
    this.height = height;
    this.width = width;
    this.words = Math.ceil(width / 32);
    this.last = width % 32 === 0 ? -1 : (1 << (width % 32)) - 1;
    this.data = new Int32Array(height * this.words);
  }

  clear(): this {
    this.data.fill(0);
    return this;
  }

  copy(other: BitMask): this {
    this.data.set(other.data);
    return this;
  }

  get(y: number, x: number): number {
    return (this.data[y * this.words + (x >> 5)] >>> (x & 31)) & 1;
  }

  set(y: number, x: number): void {
    this.data[y * this.words + (x >> 5)] |= 1 << (x & 31);
  }

  unset(y: number, x: number): void {
    this.data[y * this.words + (x >> 5)] &= ~(1 << (x & 31));
  }

  /** Sets the pixels whose value is above a threshold, and no others. */
  above(values: Float64Array, threshold: number): this {
    const { data, height, width } = this;
    for (let y = 0, i = 0, at = 0; y < height; y++)
      for (let x = 0; x < width; at++) {
        let word = 0;
        for (const end = Math.min(32, width - x), from = x; x - from < end; x++, i++)
          if (values[i] > threshold) word |= 1 << (x & 31);
        data[at] = word;
      }
    return this;
  }

  /** Sets the pixels of a mask that have a label, and no others. */
  equal(mask: Uint8Array | Int32Array, label: number): this {
    const { data, height, width } = this;
    for (let y = 0, i = 0, at = 0; y < height; y++)
      for (let x = 0; x < width; at++) {
        let word = 0;
        for (const end = Math.min(32, width - x), from = x; x - from < end; x++, i++)
          if (mask[i] === label) word |= 1 << (x & 31);
        data[at] = word;
      }
    return this;
  }

  or(other: BitMask): this {
    for (let k = 0; k < this.data.length; k++) this.data[k] |= other.data[k];
    return this;
  }

  and(other: BitMask): this {
    for (let k = 0; k < this.data.length; k++) this.data[k] &= other.data[k];
    return this;
  }

  without(other: BitMask): this {
    for (let k = 0; k < this.data.length; k++) this.data[k] &= ~other.data[k];
    return this;
  }

  complement(): this {
    const { data, words, last } = this;
    for (let k = 0; k < data.length; k++) data[k] = ~data[k];
    for (let k = words - 1; k < data.length; k += words) data[k] &= last;
    return this;
  }

  isEmpty(): boolean {
    return !this.data.some((word) => word !== 0);
  }

  /** Number of pixels that are set. */
  count(): number {
    let sum = 0;
    for (let k = 0; k < this.data.length; k++) sum += ones(this.data[k]);
    return sum;
  }

  /** Number of pixels that are set here and there. */
  shared(other: BitMask): number {
    let sum = 0;
    for (let k = 0; k < this.data.length; k++) sum += ones(this.data[k] & other.data[k]);
    return sum;
  }

  /** Writes the indices (y x width + x) of the pixels that are set, in their order, and returns their number. */
  pixels(out: Int32Array): number {
    const { data, words, height, width } = this;
    let n = 0;
    for (let y = 0, at = 0; y < height; y++)
      for (let w = 0; w < words; w++, at++)
        for (let word = data[at], from = y * width + 32 * w; word !== 0; word &= word - 1)
          out[n++] = from + 31 - Math.clz32(word & -word);
    return n;
  }

  /** Gives `label` to the pixels of `out` (height x width) that are set; the others stay as they are. */
  label(out: Uint8Array | Int32Array, label: number): void {
    const { data, words, height, width } = this;
    for (let y = 0, at = 0; y < height; y++)
      for (let w = 0; w < words; w++, at++)
        for (let word = data[at], from = y * width + 32 * w; word !== 0; word &= word - 1)
          out[from + 31 - Math.clz32(word & -word)] = label;
  }
}

function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
