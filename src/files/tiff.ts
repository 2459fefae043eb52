/**
 * Bytes of a TIFF file with one grayscale page of unsigned 16-bit values, not compressed (TIFF 6.0, little-endian).
 * @param pixels height x width, row by row
 */
export function encodeTiff(pixels: Uint16Array, height: number, width: number): Uint8Array {
  if (pixels.length !== height * width)
    throw new RangeError(`${pixels.length} pixels, expected ${height} x ${width}`);
  const SHORT = 3;
  const LONG = 4;
  // Tag, type, value; in the order of the tags, as the format asks for.
  const entries = [
    [256, LONG, width],
    [257, LONG, height],
    [258, SHORT, 16],
    [259, SHORT, 1],
    [262, SHORT, 1],
    [273, LONG, 0],
    [277, SHORT, 1],
    [278, LONG, height],
    [279, LONG, 2 * pixels.length],
    [339, SHORT, 1],
  ];
  const start = 8 + 2 + 12 * entries.length + 4;
  const bytes = new Uint8Array(start + 2 * pixels.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x4949);
  view.setUint16(2, 42, true);
  view.setUint32(4, 8, true);
  view.setUint16(8, entries.length, true);
  entries.forEach(([tag, type, value], k) => {
    const at = 10 + 12 * k;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, 1, true);
    view.setUint32(at + 8, tag === 273 ? start : value, true);
  });
  for (let p = 0; p < pixels.length; p++) view.setUint16(start + 2 * p, pixels[p], true);
  return bytes;
}
