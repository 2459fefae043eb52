/** Bytes that are asked for at a time, at most. */
export const REQUEST = 1 << 23;
/**
 * Bytes that nobody wants and that are read rather than asked around: about what a connection brings, beside fifteen
 * others, in the time that a server takes to answer.
 */
const GAP = 1 << 17;

/** Bytes from `start` to `end` - 1 of a thing. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Spans that ascend, joined to what is asked for at once: of {@link REQUEST} bytes at most, but for one that has more. */
export function* joined<T extends Span>(spans: Iterable<T>): Generator<Span & { readonly of: readonly T[] }> {
  let next: { start: number; end: number; of: T[] } | undefined;
  for (const span of spans) {
    if (next !== undefined && (span.start - next.end > GAP || span.end - next.start > REQUEST)) {
      yield next;
      next = undefined;
    }
    if (next === undefined) next = { start: span.start, end: span.end, of: [span] };
    else {
      next.end = Math.max(next.end, span.end);
      next.of.push(span);
    }
  }
  if (next !== undefined) yield next;
}

/** The bytes of the rows that are `wanted` (1), runs of them as one span, in an array whose rows have `rowBytes` bytes. */
export function* spansOf(wanted: Uint8Array, rowBytes: number): Generator<Span> {
  const most = Math.max(1, Math.floor(REQUEST / rowBytes));
  for (let row = wanted.indexOf(1); row >= 0; ) {
    let end = row + 1;
    while (wanted[end] === 1 && end - row < most) end++;
    yield { start: row * rowBytes, end: end * rowBytes };
    row = wanted.indexOf(1, end);
  }
}

/** Bytes that are read for some rows, with what lies between them. */
export function bytesToRead(wanted: Uint8Array, rowBytes: number): number {
  let bytes = 0;
  for (const { start, end } of joined(spansOf(wanted, rowBytes))) bytes += end - start;
  return bytes;
}
