import { type ReactNode, useEffect, useMemo, useRef } from "react";
import type { ViewStudy } from "../../src/explore/format.ts";
import { type Look, paint, parseChannels, type Range } from "../../src/explore/look.ts";
import { useView } from "../state.ts";
import "../style/crop.css";

/** How crops are shown, as the address has it. */
export function useLook({ crops }: ViewStudy): Look {
  const { channels: text, gamma } = useView();
  const count = crops.channels.length;
  return useMemo(() => ({ channels: parseChannels(text, count), gamma }), [text, count, gamma]);
}

interface Props {
  readonly pixels: Float32Array;
  readonly about: ViewStudy;
  /** Gray values that channels are shown between where the reader has set none. */
  readonly ranges: readonly Range[];
  /** For screen readers; "" where the text beside it says as much. */
  readonly label: string;
  /** Screen pixels per pixel of the crop. */
  readonly zoom?: number;
  /** What is drawn over it, in pixels of the crop. */
  readonly children?: ReactNode;
}

/** A crop (channels x height x width) with its channels in colors. */
export function CropPicture({ pixels, about, ranges, label, zoom = 1, children }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const look = useLook(about);
  const { height, width } = about.crops;
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (context == null) return;
    const image = context.createImageData(width, height);
    paint(pixels, look, ranges, image.data);
    context.putImageData(image, 0, 0);
  }, [pixels, look, ranges, height, width]);
  const size = { width: width * zoom, height: height * zoom };
  const named = label === "" ? { "aria-hidden": true } : { role: "img", "aria-label": label };
  return (
    <span className="picture" style={size} {...named}>
      <canvas ref={canvas} className="crop" width={width} height={height} style={size} />
      {children === undefined ? null : (
        <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
          {children}
        </svg>
      )}
    </span>
  );
}
