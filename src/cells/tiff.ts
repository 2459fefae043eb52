import { inflateSync } from "node:zlib";
import { addDecoder, BaseDecoder, fromArrayBuffer } from "geotiff";
import { DataError, isCellswapError } from "../errors.ts";
import type { Planes } from "./planes.ts";
import { tiffPages } from "./tiff-layout.ts";

export { isTiff } from "./tiff-layout.ts";

/** Most bytes that one compressed block may become. */
const MAX_BLOCK = 1 << 28;

/** Deflate by zlib, which stops at a limit where pako would fill the memory. */
class Inflate extends BaseDecoder {
  override decodeBlock(buffer: ArrayBufferLike): ArrayBufferLike {
    const bytes = inflateSync(new Uint8Array(buffer), { maxOutputLength: MAX_BLOCK });
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  }
}
addDecoder([8, 32946], async () => Inflate);

/**
 * Decodes a TIFF file (classic or BigTIFF, strips or tiles, none, LZW, deflate, PackBits or Zstandard, predictors)
 * to planes: pages in file order, each with its samples. Smaller copies of a page are passed over.
 */
export async function decodeTiff(bytes: Buffer, path: string): Promise<Planes> {
  const pages = tiffPages(bytes, path);
  const kept = pages.map((page, index) => ({ page, index })).filter(({ page }) => !page.reduced);
  if (kept.length === 0) throw new DataError("holds nothing but previews; export it again", { path });
  const { height, width } = kept[0].page;
  const other = kept.find(({ page }) => page.height !== height || page.width !== width);
  if (other !== undefined)
    throw new DataError(
      `has pages of different sizes (page 1: ${height} x ${width} px, page ${other.index + 1}: ${other.page.height} x ${other.page.width} px); export the channels at one size`,
      { path },
    );
  const planes = kept.reduce((sum, { page }) => sum + page.samples, 0);
  const data = new Float32Array(planes * height * width);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  try {
    const tiff = await fromArrayBuffer(file);
    // Tags that are fetched later are read as little-endian by geotiff 3.0.5, whatever the file's byte order.
    (tiff as unknown as { parser: { eager: boolean } }).parser.eager = true;
    let plane = 0;
    for (const { page, index } of kept) {
      const image = await tiff.getImage(index);
      const samples = (await image.readRasters()) as unknown as ArrayLike<number>[];
      for (let s = 0; s < page.samples; s++, plane++) data.set(samples[s], plane * height * width);
    }
  } catch (cause) {
    if (isCellswapError(cause)) throw cause;
    throw new DataError(`is damaged (${(cause as Error).message}); export or copy it again`, { path, cause });
  }
  return { planes, height, width, data };
}
