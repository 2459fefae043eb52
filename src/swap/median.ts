/** Calls `visit` with every piece of a stream of numbers; must give the same numbers each time it is called. */
export type Replay = (visit: (piece: Float32Array, length: number) => void) => void;

const BINS = 65536;
const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/**
 * Exact median (mean of the two middle values for an even number) of a float32 stream that is read twice or three
 * times and never held: the float's bits, flipped so that their order is the order of the values, are counted by
 * their upper 16 bits, then the lower 16 bits within the bin of the middle. NaN for no values.
 */
export function streamMedian(replay: Replay, count: number): number {
  if (count === 0) return Number.NaN;
  const upper = new Uint32Array(BINS);
  replay((piece, length) => {
    const raw = new Uint32Array(piece.buffer, piece.byteOffset, length);
    for (let i = 0; i < length; i++) upper[ordered(raw[i]) >>> 16]++;
  });
  const low = Math.floor((count - 1) / 2);
  const first = find(upper, low);
  const lower = new Uint32Array(BINS);
  const select = (bin: number, rank: number): number => {
    lower.fill(0);
    replay((piece, length) => {
      const raw = new Uint32Array(piece.buffer, piece.byteOffset, length);
      for (let i = 0; i < length; i++) {
        const key = ordered(raw[i]);
        if (key >>> 16 === bin) lower[key & 0xffff]++;
      }
    });
    return value(((bin << 16) | find(lower, rank).bin) >>> 0);
  };
  const a = select(first.bin, first.rank);
  if (count % 2 === 1) return a;
  const second = find(upper, low + 1);
  const b =
    second.bin === first.bin
      ? value(((first.bin << 16) | find(lower, second.rank).bin) >>> 0)
      : select(second.bin, second.rank);
  return (a + b) / 2;
}

function ordered(raw: number): number {
  return (raw >>> 31 === 1 ? ~raw : raw ^ 0x80000000) >>> 0;
}

function value(key: number): number {
  bits[0] = key >>> 31 === 1 ? key ^ 0x80000000 : ~key;
  return float[0];
}

/** Bin that holds the value of `rank` (0-based), and its rank within the bin. */
function find(histogram: Uint32Array, rank: number): { bin: number; rank: number } {
  let bin = 0;
  while (rank >= histogram[bin]) rank -= histogram[bin++];
  return { bin, rank };
}
