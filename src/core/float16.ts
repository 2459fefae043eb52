const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

/** Value of the half-precision number (IEEE 754 binary16) with these bits. */
function decode(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits >> 15 === 1 ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Bits of the half-precision number nearest to a float32, ties to even. */
function encode(value: number): number {
  single[0] = value;
  const sign = (word[0] >>> 16) & 0x8000;
  const magnitude = word[0] & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // From 65520 on: half way from the largest number to the one that would follow it.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Below 2^-14 numbers lie 2^-24 apart, as float32 between 0.5 and 1 do: the sum is rounded as it should be.
    single[0] = Math.abs(single[0]) + 0.5;
    return sign | (word[0] - 0x3f000000);
  }
  const odd = (magnitude >>> 13) & 1;
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13);
}

let values: Float32Array | undefined;

/** Values of half-precision numbers (IEEE 754 binary16) from their bits, exact; into `out`. */
export function decodeFloat16(bits: Uint16Array, out: Float32Array): void {
  values ??= Float32Array.from({ length: 65536 }, (_, i) => decode(i));
  for (let i = 0; i < bits.length; i++) out[i] = values[bits[i]];
}

/** Bits of the half-precision numbers nearest to float32 values, ties to even; into `out`. */
export function encodeFloat16(values: Float32Array, out: Uint16Array): void {
  for (let i = 0; i < values.length; i++) out[i] = encode(values[i]);
}
