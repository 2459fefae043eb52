import { useEffect, useRef } from "react";
import type { ViewStudy } from "../../src/explore/format.ts";

/** Colors that channels are added in: the first gray where it is alone. */
const CHANNEL_COLORS = [
  [0, 255, 96],
  [255, 64, 160],
  [64, 160, 255],
  [255, 200, 0],
] as const;

/** Gray values that a channel is shown between. */
export type Range = readonly [low: number, high: number];

/** Ranges of a crop's channels: their 1st and 99.7th percentiles. */
export function rangesOf(pixels: Float32Array, channels: number): Range[] {
  const size = pixels.length / channels;
  return Array.from({ length: channels }, (_, c) => {
    const sorted = pixels.slice(c * size, (c + 1) * size).sort();
    return [sorted[Math.floor(0.01 * (size - 1))], sorted[Math.floor(0.997 * (size - 1))]];
  });
}

interface Props {
  readonly pixels: Float32Array;
  readonly about: ViewStudy;
  readonly ranges: readonly Range[];
  readonly label: string;
  /** Screen pixels per pixel of the crop. */
  readonly zoom?: number;
}

/** A crop (channels x height x width) with its channels in colors. */
export function CropPicture({ pixels, about, ranges, label, zoom = 1 }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { height, width, channels } = about.crops;
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (context == null) return;
    context.putImageData(paint(pixels, channels.length, height, width, ranges), 0, 0);
  }, [pixels, ranges, channels, height, width]);
  return (
    <canvas
      ref={canvas}
      className="crop"
      role="img"
      aria-label={label}
      width={width}
      height={height}
      style={{ width: width * zoom, height: height * zoom }}
    />
  );
}

function paint(
  pixels: Float32Array,
  channels: number,
  height: number,
  width: number,
  ranges: readonly Range[],
): ImageData {
  const image = new ImageData(width, height);
  const size = height * width;
  for (let c = 0; c < channels; c++) {
    const color = channels === 1 ? [255, 255, 255] : CHANNEL_COLORS[c % CHANNEL_COLORS.length];
    const [low, high] = ranges[c];
    const span = high - low || 1;
    for (let p = 0; p < size; p++) {
      const v = Math.max(0, Math.min(1, (pixels[c * size + p] - low) / span));
      for (let k = 0; k < 3; k++) image.data[4 * p + k] += v * color[k];
    }
  }
  for (let p = 0; p < size; p++) image.data[4 * p + 3] = 255;
  return image;
}
