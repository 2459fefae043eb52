import { expect, test } from "vitest";
import { cutOut, Surroundings } from "../../src/cells/surroundings.ts";
import { repeated, Twins } from "../../src/cells/twins.ts";
import { mulberry32 } from "../../src/core/rng.ts";

const shape = { channels: ["GFP", "RFP"], height: 20, width: 20 };
const pixels = 400;
const random = mulberry32(4);
const noise = () => Float32Array.from({ length: 2 * pixels }, () => 100 + 10 * random());
/** Center cell of radius 5 in the middle. */
const mask = Uint8Array.from({ length: pixels }, (_, p) => (away(p) <= 5 ? 1 : 0));

function away(p: number): number {
  return Math.hypot(Math.floor((p % pixels) / 20) - 10, (p % 20) - 10);
}

/** Everything farther than `margin` from the cell holds `value`. */
function masked(margin: number, value: number, channels = 2): Float32Array {
  return noise().map((v, p) => (away(p) > 5 + margin && p < channels * pixels ? value : v));
}

function look(crops: readonly Float32Array[], labels: Uint8Array | null = mask) {
  const seen = new Surroundings(shape);
  for (const crop of crops) seen.add(crop, labels);
  return cutOut(seen, shape.channels);
}

test.each([0, 2, 4])(
  "crops masked with a margin of %i px have no surroundings, whatever value is there",
  (margin) => {
    expect(look([masked(margin, 0), masked(margin, -0.37)])).toMatchObject({
      severity: "refuse",
      text: expect.stringMatching(/^the outermost pixels of 2 of 2 crops hold one value: .*as they are$/),
    });
    expect(look([masked(margin, 0)], null)?.severity).toBe("refuse");
  },
);

test("one channel that is cut out is named", () => {
  expect(look([masked(0, 0, 1), masked(1, 0, 1)])).toMatchObject({
    severity: "warning",
    text: expect.stringContaining("in channel GFP:"),
  });
});

test("noise, a few empty crops among others, and a dark image with a neighbor at the rim are surroundings", () => {
  expect(look([noise(), noise()])).toBeNull();
  expect(look([masked(0, 0), noise(), noise()])).toBeNull();
  const neighbor = masked(0, 0).map((v, p) => (p % 20 < 4 && Math.floor((p % pixels) / 20) > 12 ? 500 : v));
  expect(look([neighbor])).toBeNull();
});

test("crops that the cell fills say nothing", () => {
  expect(look([masked(0, 0)], new Uint8Array(pixels).fill(1))).toBeNull();
});

test("crops of the same bytes are found, named, and those of another class counted; constant ones are not", () => {
  const added: (readonly [id: string, label: string, crop: Float32Array])[] = [];
  const twins = new Twins({
    read: (cell) => added[cell][2],
    id: (cell) => added[cell][0],
    label: (cell) => added[cell][1],
  });
  const add = (...[id, label, crop]: (typeof added)[number]) =>
    twins.add(added.push([id, label, crop]) - 1, crop);
  const [a, b] = [noise(), noise()];
  add("a", "nucleus", a);
  add("b", "nucleus", b);
  expect(repeated(twins, "class")).toBeNull();
  add("zero1", "ER", new Float32Array(800));
  add("zero2", "ER", new Float32Array(800));
  expect(repeated(twins, "class")).toBeNull();
  add("a again", "nucleus", a.slice());
  add("b again", "ER", b.slice());
  expect(repeated(twins, "class")?.text).toMatch(
    /^2 crops have exactly the pixels of another \(a again is a, b again is b\), 1 of them under another class:/,
  );
});
