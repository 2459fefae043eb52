/**
 * Positions of keys in ascending order; equals keep their order, NaN comes last. A radix sort: time grows with the
 * number of keys alone.
 */
export function ascending(keys: Float32Array): Uint32Array {
  const n = keys.length;
  const bits = new Uint32Array(n);
  const view = new Float32Array(bits.buffer);
  // A sum with 0 makes 0 of -0.
  for (let i = 0; i < n; i++) view[i] = keys[i] + 0;
  for (let i = 0; i < n; i++) {
    const b = bits[i];
    bits[i] = Number.isNaN(keys[i]) ? 0xffffffff : b >>> 31 === 0 ? b | 0x80000000 : ~b;
  }
  const low = pass(bits, null, 0);
  return pass(bits, low, 16);
}

/** One pass over 16 bits of the keys, from the order `from` (null: as they lie). */
function pass(bits: Uint32Array, from: Uint32Array | null, shift: number): Uint32Array {
  const next = new Uint32Array(65_537);
  for (const b of bits) next[((b >>> shift) & 0xffff) + 1]++;
  for (let d = 0; d < 65_536; d++) next[d + 1] += next[d];
  const out = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const at = from === null ? i : from[i];
    out[next[(bits[at] >>> shift) & 0xffff]++] = at;
  }
  return out;
}
