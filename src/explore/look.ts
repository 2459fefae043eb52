/** Colors that channels are added in, red, green and blue; the first are told apart by all color visions. */
export const CHANNEL_COLORS = {
  green: [0, 255, 96],
  magenta: [255, 64, 160],
  blue: [64, 160, 255],
  yellow: [255, 200, 0],
  cyan: [0, 230, 255],
  red: [255, 80, 60],
  gray: [255, 255, 255],
} as const satisfies Record<string, readonly [number, number, number]>;
export type ChannelColor = keyof typeof CHANNEL_COLORS;
export const COLOR_NAMES = Object.keys(CHANNEL_COLORS) as ChannelColor[];

/** Gray values that a channel is shown between. */
export type Range = readonly [low: number, high: number];

/** How one channel is shown. */
export interface ChannelLook {
  readonly color: ChannelColor;
  readonly shown: boolean;
  /** Null: percentiles of the cell's original. */
  readonly range: Range | null;
}

/** How channels are shown at first: one alone in gray, several in colors. */
export function firstLook(channels: number): ChannelLook[] {
  return Array.from({ length: channels }, (_, c) => ({
    color: channels === 1 ? "gray" : COLOR_NAMES[c % (COLOR_NAMES.length - 1)],
    shown: true,
    range: null,
  }));
}

const WORD = /^(-?)([a-z]+)(?:~([-+.\de]+)~([-+.\de]+))?$/;

/**
 * Reads how channels are shown: a color each, with commas between, `-` before those that are not, and `~LOW~HIGH` behind
 * those with a range of their own (`green,-magenta,blue~0.1~0.9`). What cannot be read is as at first.
 */
export function parseChannels(text: string, channels: number): ChannelLook[] {
  const words = text.split(",");
  return firstLook(channels).map((first, c) => {
    const [, off, name, low, high] = WORD.exec(words[c] ?? "") ?? [];
    const color = COLOR_NAMES.find((known) => known === name);
    if (color === undefined) return first;
    const range: Range = [Number(low), Number(high)];
    const asked = low !== undefined && range[0] < range[1];
    return { color, shown: off === "", range: asked ? range : null };
  });
}

/** The text of a look; "" where it is as at first. */
export function formatChannels(look: readonly ChannelLook[]): string {
  const word = ({ color, shown, range }: ChannelLook) =>
    `${shown ? "" : "-"}${color}${range === null ? "" : `~${range[0]}~${range[1]}`}`;
  const text = look.map(word).join(",");
  return text === firstLook(look.length).map(word).join(",") ? "" : text;
}

/** Range of every channel of a crop (channels x pixels): its 1st to its 99.7th percentile. */
export function rangesOf(pixels: Float32Array, channels: number): Range[] {
  const size = pixels.length / channels;
  return Array.from({ length: channels }, (_, c) => {
    const sorted = pixels.slice(c * size, (c + 1) * size).sort();
    return [sorted[Math.floor(0.01 * (size - 1))], sorted[Math.floor(0.997 * (size - 1))]];
  });
}

/** How crops are shown. */
export interface Look {
  readonly channels: readonly ChannelLook[];
  /** Exponent of gray values between 0 and 1. */
  readonly gamma: number;
}

/**
 * Colors of a crop (channels x pixels), red, green, blue and opacity for every pixel, added over the channels that are
 * shown. `ranges`: those of channels without one of their own.
 */
export function paint(
  pixels: Float32Array,
  { channels, gamma }: Look,
  ranges: readonly Range[],
  out: Uint8ClampedArray = new Uint8ClampedArray((4 * pixels.length) / channels.length),
): Uint8ClampedArray {
  const size = out.length / 4;
  const sum = new Float32Array(3 * size);
  for (let c = 0; c < channels.length; c++) {
    const { color, shown, range } = channels[c];
    if (!shown) continue;
    const [low, high] = range ?? ranges[c];
    const span = high - low || 1;
    const [red, green, blue] = CHANNEL_COLORS[color];
    for (let p = 0; p < size; p++) {
      let v = (pixels[c * size + p] - low) / span;
      v = v > 0 ? (v < 1 ? v : 1) : 0;
      if (gamma !== 1) v = v ** gamma;
      sum[3 * p] += v * red;
      sum[3 * p + 1] += v * green;
      sum[3 * p + 2] += v * blue;
    }
  }
  for (let p = 0; p < size; p++) {
    for (let k = 0; k < 3; k++) out[4 * p + k] = sum[3 * p + k];
    out[4 * p + 3] = 255;
  }
  return out;
}
