import { expect, test } from "vitest";
import { mulberry32, normal } from "../../src/core/rng.ts";
import { StudyError } from "../../src/errors.ts";
import {
  applyScaling,
  applyTemperature,
  type Calibrator,
  fitScaling,
  fitTemperature,
} from "../../src/proportions/calibrate.ts";

const random = mulberry32(8);
const classes = 3;
const labels = Array.from({ length: 3000 }, (_, i) => i % classes);
/** Logits that are right: normal with unit variance, the own one higher by `s`, times `s`. */
const right = Float64Array.from(
  labels.flatMap((label) =>
    Array.from({ length: classes }, (_, k) => 1.5 * (normal(random) + (k === label ? 1.5 : 0))),
  ),
);

function loss(posteriors: Float64Array): number {
  return labels.reduce((sum, label, i) => sum - Math.log(posteriors[i * classes + label]), 0) / labels.length;
}

test("the temperature of scores that are too steep is found", () => {
  const steep = right.map((score) => 4 * score);
  expect(fitTemperature(right, labels, classes)).toBeCloseTo(1, 1);
  expect(fitTemperature(steep, labels, classes)).toBeCloseTo(4 * fitTemperature(right, labels, classes), 9);
  const cooled = applyTemperature(fitTemperature(steep, labels, classes), steep, classes);
  expect(loss(cooled)).toBeLessThan(loss(applyTemperature(1, steep, classes)));
});

test("each calibration of more freedom makes the held-out cells at least as likely", () => {
  const skew = right.map((score, at) => score * [2, 3, 4][at % classes] + [1, 0, -1][at % classes]);
  const losses = (["none", "temperature", "bias"] as Calibrator[]).map((kind) => {
    const scaling = fitScaling(kind, skew, labels, classes);
    expect(scaling.converged).toBe(true);
    return loss(applyScaling(scaling, skew));
  });
  for (let i = 1; i < losses.length; i++) expect(losses[i]).toBeLessThan(losses[i - 1]);
  // Offsets make the mean probability of a class its share.
  const p = applyScaling(fitScaling("bias", skew, labels, classes), skew);
  for (let k = 0; k < classes; k++) {
    const mean = p.reduce((sum, value, at) => sum + (at % classes === k ? value : 0), 0) / labels.length;
    expect(mean).toBeCloseTo(1 / 3, 7);
  }
});

test("scores that separate perfectly, or say nothing, are scaled to an end", () => {
  const perfect = Float64Array.of(1, 0, 0, 1);
  expect(fitScaling("temperature", perfect, [0, 1], 2)).toMatchObject({ converged: false });
  expect(applyScaling(fitScaling("temperature", perfect, [0, 1], 2), perfect).every(Number.isFinite)).toBe(
    true,
  );
  const wrong = Float64Array.of(0, 1, 1, 0);
  expect(fitTemperature(wrong, [0, 1], 2)).toBeCloseTo(1000, 6);
  expect(() => fitTemperature(new Float64Array(), [], 2)).toThrow(StudyError);
  expect(() => fitTemperature(perfect, [0], 2)).toThrow(RangeError);
});
