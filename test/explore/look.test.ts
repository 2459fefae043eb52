import { expect, test } from "vitest";
import {
  CHANNEL_COLORS,
  type ChannelLook,
  COLOR_NAMES,
  firstLook,
  formatChannels,
  paint,
  parseChannels,
  rangesOf,
} from "../../src/explore/look.ts";
import { barLength, outlinedIn, outlinePath } from "../../src/explore/outline.ts";

test("how channels are shown comes back from its text", () => {
  const looks: ChannelLook[] = [
    { color: "yellow", shown: true, range: null },
    { color: "gray", shown: false, range: [-0.5, 12] },
    { color: "green", shown: true, range: [1e-7, 0.25] },
  ];
  expect(parseChannels(formatChannels(looks), 3)).toEqual(looks);
  expect(formatChannels(firstLook(4))).toBe("");
  expect(parseChannels("", 2)).toEqual(firstLook(2));
});

test.each(["nonsense", "ultraviolet,green", "green~5~1", "green~a~b,", "<b>"])(
  "what cannot be read of %s is as at first",
  (text) => {
    expect(parseChannels(text, 1)[0].range).toBeNull();
    expect(COLOR_NAMES).toContain(parseChannels(text, 1)[0].color);
    expect(parseChannels(text, 2)).toHaveLength(2);
  },
);

test("one channel is gray; a crop from dark to bright, and over and under the range", () => {
  const pixels = Float32Array.of(-1, 0, 0.5, 1, 9);
  const colors = paint(pixels, { channels: firstLook(1), gamma: 1 }, [[0, 1]]);
  expect([...colors.filter((_, i) => i % 4 === 0)]).toEqual([0, 0, 128, 255, 255]);
  expect([...colors.filter((_, i) => i % 4 === 3)]).toEqual([255, 255, 255, 255, 255]);
  const lighter = paint(pixels, { channels: firstLook(1), gamma: 0.5 }, [[0, 1]]);
  expect([...lighter.filter((_, i) => i % 4 === 0)]).toEqual([0, 0, 180, 255, 255]);
});

test("channels add up in their colors, and not where they are hidden", () => {
  const pixels = Float32Array.of(1, 0, 1, 0, 1, 1);
  const [first, second] = firstLook(2);
  const both = paint(pixels, { channels: [first, second], gamma: 1 }, [
    [0, 1],
    [0, 1],
  ]);
  const [a, b] = [CHANNEL_COLORS[first.color], CHANNEL_COLORS[second.color]];
  expect([...both.slice(0, 3)]).toEqual([...a]);
  expect([...both.slice(4, 7)]).toEqual([...b]);
  expect([...both.slice(8, 11)]).toEqual(a.map((v, k) => Math.min(255, v + b[k])));
  const one = paint(pixels, { channels: [first, { ...second, shown: false }], gamma: 1 }, [
    [0, 1],
    [0, 1],
  ]);
  expect([...one.slice(4, 7)]).toEqual([0, 0, 0]);
});

test("a range of one's own goes before the percentiles", () => {
  const own: ChannelLook = { color: "gray", shown: true, range: [0, 10] };
  const colors = paint(Float32Array.of(5), { channels: [own], gamma: 1 }, [[0, 1]]);
  expect(colors[0]).toBe(128);
});

test("ranges leave out the extremes of each channel", () => {
  const ramp = Float32Array.from({ length: 2002 }, (_, i) => (i < 1001 ? 1000 - i : 5));
  expect(rangesOf(ramp, 2)).toEqual([
    [10, 997],
    [5, 5],
  ]);
});

test("outlines follow the edges of pixels", () => {
  // biome-ignore format: a matrix
  const mask = Uint8Array.of(
    0, 1, 1,
    0, 1, 0,
    2, 0, 0,
  );
  expect(outlinePath(mask, 1, 3, 3)).toBe("M1 0H3M2 1H3M1 2H2M1 0V2M2 1V2M3 0V1");
  expect(outlinePath(mask, 2, 3, 3)).toBe("M0 2H1M0 3H1M0 2V3M1 2V3");
  expect(outlinePath(mask, 3, 3, 3)).toBe("");
});

test("what is outlined is what a setting shows of cells", () => {
  expect(outlinedIn("original")).toEqual({ center: true, neighbors: "own" });
  expect(outlinedIn("self")).toEqual({ center: true, neighbors: "own" });
  expect(outlinedIn("same")).toEqual({ center: true, neighbors: "donor" });
  expect(outlinedIn("different")).toEqual({ center: true, neighbors: "donor" });
  expect(outlinedIn("cell-free")).toEqual({ center: true, neighbors: null });
  expect(outlinedIn("masked")).toEqual({ center: true, neighbors: null });
  expect(outlinedIn("background-only")).toEqual({ center: false, neighbors: "own" });
});

test("scale bars have round lengths", () => {
  expect([0.7, 1, 1.9, 2, 4.9, 7, 23, 60].map(barLength)).toEqual([0.5, 1, 1, 2, 2, 5, 20, 50]);
});
