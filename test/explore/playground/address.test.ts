import fc from "fast-check";
import { expect, test } from "vitest";
import { formatTrial, LIMITS, parseTrial } from "../../../src/explore/playground/address.ts";
import { SCENES, type Trial, trialOf } from "../../../src/explore/playground/trial.ts";
import { formatState, INITIAL, parseState } from "../../../src/explore/url.ts";
import { options } from "./drawn-cells.ts";

const about = {
  composite: { ...options, clip: [-1, 6] as [number, number] },
  crops: { count: 50, channels: ["GFP"], height: 32, width: 48, masks: "full" as const, micrometers: null },
};
const row = fc.integer({ min: 0, max: 49 });
const across = fc.integer({ min: -48, max: 48 });
const down = fc.integer({ min: -32, max: 32 });
const trials: fc.Arbitrary<Trial> = fc.record({
  scene: fc.constantFrom(...SCENES),
  donor: row,
  dx: across,
  dy: down,
  outline: fc.integer({ min: -LIMITS.outline, max: LIMITS.outline }),
  erased: fc.uniqueArray(fc.integer({ min: 1, max: 30 })).map((list) => list.sort((a, b) => a - b)),
  added: fc.array(fc.record({ from: row, dx: across, dy: down }), { maxLength: LIMITS.added }),
  options: fc.record({
    edge: fc.constantFrom("hard" as const, "soft" as const),
    sigma: fc.integer({ min: 1, max: 100 }).map((v) => v / 10),
    donorCenter: fc.constantFrom("keep" as const, "fill" as const),
    halo: fc.integer({ min: 0, max: LIMITS.halo }),
    intensity: fc.constantFrom("none" as const, "crop" as const, "field" as const, "protein" as const),
    clip: fc.option(
      fc
        .tuple(fc.integer({ min: -50, max: 0 }), fc.integer({ min: 1, max: 90 }))
        .map(([a, b]) => [a / 10, b / 10] as const),
    ),
    seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  }),
});
const plainZeros = (trial: Trial) =>
  JSON.parse(JSON.stringify(trial, (_, value) => (Object.is(value, -0) ? 0 : value))) as Trial;

test("a trial comes back from its text, by way of the address", () => {
  fc.assert(
    fc.property(trials, (trial) => {
      const address = formatState({ ...INITIAL, trial: formatTrial(trial, about) });
      expect(parseTrial(parseState(address).trial!, about)).toEqual(plainZeros(trial));
    }),
  );
});

test("a composite of the study takes few characters", () => {
  const trial = trialOf({ setting: "different", cell: 3, donor: 40, medium: 40 }, about.composite);
  expect(formatTrial(trial, about)).toBe("neighbors_d40");
});

test("what does not fit is left as the study has it, and without scene or donor there is no trial", () => {
  const trial = trialOf({ setting: "cell-free", cell: 3, donor: 4, medium: 4 }, about.composite);
  for (const wrong of [
    "x900",
    "y-1.5",
    "h99",
    "h-1",
    "ex",
    "iz",
    "itoString",
    "k5~1",
    "kx~",
    "m11",
    "r0",
    "r1.x",
    "a60.1.1",
    "a1.2",
    "f-1",
    "s",
    "s0",
    "q",
    "",
  ])
    expect(parseTrial(`medium_d4_${wrong}`, about), wrong).toEqual(trial);
  for (const none of ["", "elsewhere_d4", "medium", "medium_d50", "medium_d-1", "medium_d1.5"])
    expect(parseTrial(none, about), none).toBeNull();
  fc.assert(fc.property(fc.string(), (text) => void parseTrial(text, about)));
});

test("a list of neighbors that is too long is cut", () => {
  const text = `medium_d4${"_a1.2.3".repeat(LIMITS.added + 5)}`;
  expect(parseTrial(text, about)!.added).toHaveLength(LIMITS.added);
});
