import { expect, test } from "vitest";
import { freePlace, neighborsOf } from "../../../src/explore/playground/neighbors.ts";
import { predict } from "../../../src/explore/playground/predict.ts";
import { changed, cropsOf, editsOf, studyChoices, trialOf } from "../../../src/explore/playground/trial.ts";
import { resolveStudy } from "../../../src/study/schema.ts";
import { options } from "./drawn-cells.ts";

const row = (setting: Parameters<typeof trialOf>[0]["setting"], donor: number, medium = donor) =>
  trialOf({ setting, cell: 3, donor, medium }, options);

test("settings are scenes, and a crowded donor's medium is that of its lender", () => {
  expect(row("original", -1)).toMatchObject({ scene: "imaged", donor: 3 });
  expect(row("self", 3)).toMatchObject({ scene: "neighbors", donor: 3 });
  expect(row("same", 5)).toMatchObject({ scene: "neighbors", donor: 5 });
  expect(row("cell-free", 5, 8)).toMatchObject({ scene: "medium", donor: 8 });
  expect(row("masked", -1)).toMatchObject({ scene: "nothing", donor: 3 });
  expect(row("background-only", -1)).toMatchObject({ scene: "alone", donor: 3 });
});

test("what is changed around a cell as imaged is changed on its own crop", () => {
  expect(changed(row("original", -1), 3, { erased: [1] })).toMatchObject({
    scene: "neighbors",
    donor: 3,
    erased: [1],
  });
  expect(changed(row("original", -1), 3, { donor: 9 })).toMatchObject({ scene: "neighbors", donor: 9 });
});

test("another donor brings back what was erased, and no other change does", () => {
  const trial = { ...row("different", 5), erased: [1, 2], added: [{ from: 1, dx: 2, dy: 3 }] };
  expect(changed(trial, 3, { donor: 6 })).toMatchObject({ erased: [], added: trial.added });
  expect(changed(trial, 3, { options: { halo: 5 } })).toMatchObject({
    erased: [1, 2],
    options: { ...options, halo: 5 },
  });
  expect(changed(trial, 3, { scene: "alone" }).erased).toEqual([]);
});

test("crops are asked for once, and only those that are seen", () => {
  expect(cropsOf({ ...row("different", 5), added: [{ from: 5, dx: 0, dy: 0 }] }, 3)).toEqual([3, 5]);
  expect(cropsOf(row("original", 5), 3)).toEqual([3]);
});

test("study choices are keys of a study file; what has none is named", () => {
  const trial = { ...row("different", 5), dx: 3, outline: 2, options: { ...options, halo: 6 } };
  const { json, left } = studyChoices(trial, options);
  const file = { cells: "cells", encoders: ["deeploc"], ...(JSON.parse(json) as object) };
  expect(resolveStudy(file, ".", "study.json").composite).toEqual({ ...options, halo: 6 });
  expect(left).toHaveLength(2);
  expect(left[1]).toContain("cellswap sensitivity");
  expect(studyChoices(row("different", 5), options).left).toEqual([]);
  expect(editsOf(trial, options)).toEqual(["place of the cell", "outline", "halo"]);
  expect(editsOf(row("different", 5), options)).toEqual([]);
});

// biome-ignore format: a matrix
const MASK = Uint8Array.of(
  2, 2, 0, 0, 0, 0,
  2, 0, 0, 1, 0, 0,
  0, 0, 1, 1, 1, 0,
  0, 0, 0, 1, 0, 2,
);

test("neighbors are numbered by their first pixel and measured", () => {
  const labels = new Int32Array(24);
  expect(neighborsOf(MASK, 4, 6, labels)).toEqual([
    { number: 1, area: 3, x: 1 / 3, y: 1 / 3 },
    { number: 2, area: 1, x: 5, y: 3 },
  ]);
  expect(labels[6]).toBe(1);
  expect(labels[23]).toBe(2);
});

test("an added cell lies beside the cells that are there", () => {
  // biome-ignore format: a matrix
  const one = Uint8Array.of(
    0, 0, 0, 0, 0, 0,
    0, 0, 0, 1, 0, 0,
    0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0,
  );
  const { dx, dy } = freePlace(one, MASK, { height: 4, width: 6 });
  expect(MASK[(1 + dy) * 6 + 3 + dx]).toBe(0);
  expect(Math.hypot(dx, dy)).toBe(1);
});

test("a probe's scores become probabilities and a margin", () => {
  // Scores 1, 0 and 3 for the features (1, 2).
  const theta = Float64Array.of(1, 0, 0, 0, 0, 0, 1, 1, 0);
  const { probabilities, called, margin } = predict(theta, Float32Array.of(1, 2), 3, 0);
  const sum = Math.exp(1) + 1 + Math.exp(3);
  expect(Array.from(probabilities)).toEqual([1, 0, 3].map((s) => expect.closeTo(Math.exp(s) / sum, 12)));
  expect(called).toBe(2);
  expect(margin).toBeCloseTo(-2, 12);
  expect(predict(theta, Float32Array.of(1, 2), 3, -1).margin).toBeNaN();
});
