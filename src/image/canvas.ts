import { eachTextPixel } from "./font.ts";

export type Color = readonly [red: number, green: number, blue: number];

/** An RGB picture, 8 bits per channel, white at first. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(3 * width * height).fill(255);
  }

  /** Fills a rectangle; what lies outside the picture is cut off. */
  fill(x: number, y: number, width: number, height: number, color: Color): void {
    for (let v = Math.max(0, y); v < Math.min(this.height, y + height); v++)
      for (let u = Math.max(0, x); u < Math.min(this.width, x + width); u++)
        this.data.set(color, 3 * (v * this.width + u));
  }

  /** Writes one line of text, its top left corner at (x, y), each pixel of the font `scale` px wide. */
  text(text: string, x: number, y: number, scale: number, color: Color): void {
    eachTextPixel(text, (dx, dy) => this.fill(x + dx * scale, y + dy * scale, scale, scale, color));
  }

  /** Draws an image of values 0..1 (height x width) in gray, enlarged `zoom` times with linear interpolation. */
  gray(values: Float64Array, height: number, width: number, x: number, y: number, zoom: number): void {
    const clamp = (v: number, end: number) => Math.min(end - 1, Math.max(0, v));
    for (let v = 0; v < height * zoom; v++) {
      const sy = (v + 0.5) / zoom - 0.5;
      const y0 = Math.floor(sy);
      const top = clamp(y0, height) * width;
      const bottom = clamp(y0 + 1, height) * width;
      for (let u = 0; u < width * zoom; u++) {
        const sx = (u + 0.5) / zoom - 0.5;
        const x0 = Math.floor(sx);
        const left = clamp(x0, width);
        const right = clamp(x0 + 1, width);
        const upper = values[top + left] + (sx - x0) * (values[top + right] - values[top + left]);
        const lower = values[bottom + left] + (sx - x0) * (values[bottom + right] - values[bottom + left]);
        const value = Math.round(255 * (upper + (sy - y0) * (lower - upper)));
        this.data.fill(value, 3 * ((y + v) * this.width + x + u), 3 * ((y + v) * this.width + x + u + 1));
      }
    }
  }

  /** Outlines the pixels of `mask` labeled `label` just inside their edge, `thick` px wide. */
  outline(
    mask: Uint8Array,
    label: number,
    height: number,
    width: number,
    x: number,
    y: number,
    zoom: number,
    thick: number,
    color: Color,
  ): void {
    const other = (v: number, u: number) =>
      v >= 0 && u >= 0 && v < height && u < width && mask[v * width + u] !== label;
    for (let v = 0; v < height; v++)
      for (let u = 0; u < width; u++) {
        if (mask[v * width + u] !== label) continue;
        const left = x + u * zoom;
        const top = y + v * zoom;
        const far = zoom - thick;
        for (const dv of [-1, 0, 1])
          for (const du of [-1, 0, 1])
            if (other(v + dv, u + du))
              this.fill(
                left + (du === 1 ? far : 0),
                top + (dv === 1 ? far : 0),
                du === 0 ? zoom : thick,
                dv === 0 ? zoom : thick,
                color,
              );
      }
  }
}
