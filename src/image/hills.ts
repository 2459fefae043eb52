import type { BitMask } from "./bit-mask.ts";

/** Entries of one bucket up to which they are sorted by insertion. */
const FEW = 32;

/**
 * The hills of an image within a mask, and its watershed: pixels are sorted once, from high to low, and joined where
 * they meet; then hills of any depth are told and flooded. Holds its buffers, for images of up to height x width px.
 * Indices are those of the image with a rim of one pixel, so that no neighbor has to be looked for.
 */
export class Hills {
  readonly #height: number;
  readonly #width: number;
  readonly #pixels: Int32Array;
  /** Pixels of the mask from high to low, equal ones in the order of the image. */
  readonly #order: Int32Array;
  readonly #values: Float64Array;
  /** Place of the first pixel with the same value in the order. */
  readonly #rank: Int32Array;
  /** Hill of every pixel that is joined, from 1 on in the order of their peaks. */
  readonly #hill: Int32Array;
  readonly #parent: Int32Array;
  readonly #peak: Int32Array;
  /** How far a hill stands above the saddle to a higher one; Infinity for the highest of a piece. */
  readonly #depth: Float64Array;
  readonly #labels: Int32Array;
  readonly #buckets: Int32Array;
  readonly #queue: RankQueue;
  #inside = 0;
  #hills = 0;

  constructor(height: number, width: number) {
    const padded = (height + 2) * (width + 2);
    const int = () => new Int32Array(padded);
    this.#height = height;
    this.#width = width;
    this.#pixels = int();
    this.#order = int();
    this.#values = new Float64Array(padded);
    this.#rank = int();
    this.#hill = int();
    this.#parent = int();
    this.#peak = int();
    this.#depth = new Float64Array(padded);
    this.#labels = int();
    this.#buckets = new Int32Array(padded + 1);
    this.#queue = new RankQueue(padded);
  }

  /** Takes an image (height x width) within a mask. */
  load(image: Float64Array, mask: BitMask): void {
    const pixels = this.#pixels;
    const count = mask.pixels(pixels);
    const wide = this.#width + 2;
    let low = Infinity;
    let high = -Infinity;
    for (let k = 0; k < count; k++) {
      const i = pixels[k];
      const padded = i + 2 * ((i / this.#width) | 0) + wide + 1;
      const value = image[i];
      pixels[k] = padded;
      this.#values[padded] = value;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    this.#inside = count;
    this.#sort(low, high);
    this.#join();
  }

  /** Sorts by buckets of equal width, and the pixels of a bucket by insertion. */
  #sort(low: number, high: number): void {
    const count = this.#inside;
    const [pixels, values, order, buckets] = [this.#pixels, this.#values, this.#order, this.#buckets];
    const scale = high > low ? (count - 1) / (high - low) : 0;
    buckets.fill(0, 0, count + 1);
    for (let k = 0; k < count; k++) buckets[1 + (((high - values[pixels[k]]) * scale) | 0)]++;
    for (let b = 0; b < count; b++) buckets[b + 1] += buckets[b];
    for (let k = 0; k < count; k++) {
      const p = pixels[k];
      order[buckets[((high - values[p]) * scale) | 0]++] = p;
    }
    // A bucket ends where the next one begins.
    for (let b = 0, from = 0; b < count; b++) {
      const to = buckets[b];
      if (to - from > FEW) order.subarray(from, to).sort((a, c) => values[c] - values[a] || a - c);
      else
        for (let k = from + 1; k < to; k++) {
          const p = order[k];
          const value = values[p];
          let at = k;
          for (; at > from && values[order[at - 1]] < value; at--) order[at] = order[at - 1];
          order[at] = p;
        }
      from = to;
    }
    for (let k = 0; k < count; k++) {
      const equal = k > 0 && values[order[k]] === values[order[k - 1]];
      this.#rank[order[k]] = equal ? this.#rank[order[k - 1]] : k;
    }
  }

  /** Joins the pixels from high to low; where two hills meet, the lower one ends. */
  #join(): void {
    const [order, values, hill, parent, peak, depth] = [
      this.#order,
      this.#values,
      this.#hill,
      this.#parent,
      this.#peak,
      this.#depth,
    ];
    const wide = this.#width + 2;
    const count = this.#inside;
    hill.fill(0);
    let hills = 0;
    for (let k = 0; k < count; k++) {
      const p = order[k];
      let own = 0;
      for (let row = p - wide; row <= p + wide; row += wide)
        for (let n = row - 1; n <= row + 1; n++) {
          let other = hill[n];
          if (other === 0 || other === own) continue;
          while (parent[other] !== other) other = parent[other] = parent[parent[other]];
          if (own === 0) own = other;
          if (other === own) continue;
          // Hills are numbered from high to low.
          const lower = Math.max(own, other);
          own = Math.min(own, other);
          depth[lower] = values[peak[lower]] - values[p];
          parent[lower] = own;
        }
      if (own === 0) {
        own = ++hills;
        parent[own] = own;
        peak[own] = p;
        depth[own] = Infinity;
      }
      hill[p] = own;
    }
    this.#hills = hills;
  }

  /**
   * Marks the peak of every hill that stands at least `depth` above the saddle to a higher one (its dynamics; the markers
   * of an h-maxima transform), from 1 on in the order of the image, and returns how many there are. Each 8-connected piece
   * of the mask has at least one.
   */
  mark(depth: number): number {
    const markers: number[] = [];
    for (let h = 1; h <= this.#hills; h++) if (this.#depth[h] >= depth) markers.push(this.#peak[h]);
    markers.sort((a, b) => a - b);
    const labels = this.#labels;
    labels.fill(-1);
    for (let k = 0; k < this.#inside; k++) labels[this.#order[k]] = 0;
    markers.forEach((p, k) => {
      labels[p] = k + 1;
    });
    return markers.length;
  }

  /** Writes the {@link mark}s, 0 elsewhere. */
  markers(out: Int32Array): void {
    this.#write(out);
  }

  /**
   * Floods the image from its marks, from high to low and equal pixels first come, first served, over the 4-connected
   * pixels of the mask, and writes the label that came first, 0 elsewhere: Meyer's flooding of the negative image, as
   * `skimage.segmentation.watershed`. Marks are used up.
   */
  flood(out: Int32Array): void {
    const [labels, order, rank, queue] = [this.#labels, this.#order, this.#rank, this.#queue];
    const wide = this.#width + 2;
    queue.clear(this.#inside);
    const marked: number[] = [];
    for (let k = 0; k < this.#inside; k++) if (labels[order[k]] > 0) marked.push(order[k]);
    for (const p of marked.sort((a, b) => a - b)) queue.push(rank[p], p);
    for (let p = queue.pop(); p >= 0; p = queue.pop()) {
      const label = labels[p];
      for (let turn = 0; turn < 4; turn++) {
        const n = turn === 0 ? p - wide : turn === 1 ? p - 1 : turn === 2 ? p + 1 : p + wide;
        if (labels[n] !== 0) continue;
        labels[n] = label;
        queue.push(rank[n], n);
      }
    }
    this.#write(out);
  }

  #write(out: Int32Array): void {
    const width = this.#width;
    for (let y = 0, i = 0; y < this.#height; y++)
      for (let x = 0, p = (y + 1) * (width + 2) + 1; x < width; x++, i++, p++)
        out[i] = this.#labels[p] < 0 ? 0 : this.#labels[p];
  }
}

/** A queue of pixels by rank, smallest first and, among equal ranks, first in first out: lists, and a bit for each. */
class RankQueue {
  readonly #head: Int32Array;
  readonly #tail: Int32Array;
  readonly #next: Int32Array;
  /** A bit for every rank with a list, and one for every word of those. */
  readonly #ranks: Int32Array;
  readonly #words: Int32Array;
  #from = 0;
  #end = 0;

  constructor(capacity: number) {
    this.#head = new Int32Array(capacity);
    this.#tail = new Int32Array(capacity);
    this.#next = new Int32Array(capacity);
    this.#ranks = new Int32Array(Math.ceil(capacity / 32));
    this.#words = new Int32Array(Math.ceil(capacity / 1024));
  }

  /** Empties the queue, which then holds ranks below `ranks`. */
  clear(ranks: number): void {
    this.#ranks.fill(0);
    this.#words.fill(0);
    this.#from = this.#end = Math.ceil(ranks / 1024);
  }

  push(rank: number, item: number): void {
    const word = rank >> 5;
    const bit = 1 << (rank & 31);
    this.#next[item] = -1;
    if ((this.#ranks[word] & bit) === 0) {
      this.#ranks[word] |= bit;
      this.#words[word >> 5] |= 1 << (word & 31);
      if (word >> 5 < this.#from) this.#from = word >> 5;
      this.#head[rank] = item;
    } else this.#next[this.#tail[rank]] = item;
    this.#tail[rank] = item;
  }

  /** Removes and returns the first item; -1 where there is none. */
  pop(): number {
    while (this.#from < this.#end && this.#words[this.#from] === 0) this.#from++;
    if (this.#from === this.#end) return -1;
    const word = 32 * this.#from + lowest(this.#words[this.#from]);
    const rank = 32 * word + lowest(this.#ranks[word]);
    const item = this.#head[rank];
    this.#head[rank] = this.#next[item];
    if (this.#next[item] < 0) {
      this.#ranks[word] &= this.#ranks[word] - 1;
      if (this.#ranks[word] === 0) this.#words[this.#from] &= this.#words[this.#from] - 1;
    }
    return item;
  }
}

function lowest(word: number): number {
  return 31 - Math.clz32(word & -word);
}
