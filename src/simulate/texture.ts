import { blur, normals } from "./optics.ts";

/** Side of the tile, a power of two. */
export const TILE = 128;
let tile: Float32Array | undefined;

/** A periodic tile (TILE x TILE) of smooth noise (mean 0, SD 1) that mottles what is drawn; the same in every run. */
export function mottleTile(): Float32Array {
  if (tile === undefined) {
    tile = new Float32Array(TILE * TILE);
    const draw = normals(7);
    for (let p = 0; p < tile.length; p++) tile[p] = draw();
    blur(tile, TILE, 1.6);
    const sd = Math.sqrt(tile.reduce((s, v) => s + v * v, 0) / tile.length);
    for (let p = 0; p < tile.length; p++) tile[p] /= sd;
  }
  return tile;
}
