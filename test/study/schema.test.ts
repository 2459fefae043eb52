import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { SETTINGS } from "../../src/settings.ts";
import { schemas } from "../../src/study/json-schema.ts";
import { fitToCells, resolveStudy, StudyFile } from "../../src/study/schema.ts";

const folder = resolve(import.meta.dirname, "../../schema");
const needed = { cells: "yeast.cells", encoders: ["deeploc.json"] };
const resolved = (keys: object) => resolveStudy({ ...needed, ...keys }, "/studies", "yeast.json");

test("the published JSON Schemas are those of the code (`npm run build` writes them)", () => {
  const made = schemas();
  expect(readdirSync(folder).sort()).toEqual(Object.keys(made).sort());
  for (const [name, schema] of Object.entries(made))
    expect(JSON.parse(readFileSync(resolve(folder, name), "utf8"))).toEqual(
      JSON.parse(JSON.stringify(schema)),
    );
});

test("the schema allows exactly the keys of the study file, each explained or plain", () => {
  const schema = schemas()["study.schema.json"] as { properties: object; additionalProperties: boolean };
  expect(Object.keys(schema.properties)).toEqual(Object.keys(StudyFile.shape));
  expect(schema.additionalProperties).toBe(false);
});

test("every key of the study file and of the encoder description is in docs/study.md", () => {
  const text = readFileSync(resolve(import.meta.dirname, "../../docs/study.md"), "utf8");
  const { "study.schema.json": study, "encoder.schema.json": encoder } = schemas() as {
    "study.schema.json": { properties: object };
    "encoder.schema.json": { anyOf: { properties: object }[] };
  };
  expect(encoder.anyOf).toHaveLength(2);
  for (const key of [study, ...encoder.anyOf].flatMap(({ properties }) => Object.keys(properties)))
    expect(text, key).toContain(`\`${key}\``);
});

describe("presets", () => {
  test("recommended is the default: soft, filled, by field, even", () => {
    expect(resolved({})).toMatchObject({
      preset: "recommended",
      settings: SETTINGS,
      pick: "even",
      aggregation: "even",
      cells: "/studies/yeast.cells",
      encoders: ["/studies/deeploc.json"],
      class: "Localization",
      cellsPerClass: 1000,
      keepRejected: false,
      sameDonor: "any",
      split: "groups",
      zone: 2,
      seed: 1,
      composite: {
        edge: "soft",
        sigma: null,
        donorCenter: "fill",
        halo: null,
        intensity: "field",
        clip: [-1, 6],
        seed: 1,
      },
    });
  });

  test("lengths that are left open follow the crops, those that are given stay", () => {
    const fitted = (keys: object, size: number) =>
      fitToCells(resolved(keys), { height: size, width: 2 * size }).composite;
    expect(fitted({}, 64)).toMatchObject({ sigma: 1, halo: 3 });
    expect(fitted({}, 128)).toMatchObject({ sigma: 2, halo: 6 });
    expect(fitted({ sigma: 0.5, halo: 0 }, 128)).toMatchObject({ sigma: 0.5, halo: 0 });
  });

  test("folds are of the stratified split", () => {
    expect(() => resolved({ folds: 3 })).toThrow(/folds is 3, and the split `groups` makes as many folds/);
    expect(resolved({ folds: 3, split: "stratified" })).toMatchObject({ folds: 3 });
    expect(resolved({ folds: 3, preset: "published" })).toMatchObject({ folds: 3 });
  });

  test("published: hard, kept, by protein, first cells, published aggregation", () => {
    expect(resolved({ preset: "published" })).toMatchObject({
      settings: ["original", "same", "cell-free", "different", "masked"],
      pick: "first",
      aggregation: "published",
      split: "stratified",
      composite: { edge: "hard", donorCenter: "keep", intensity: "protein" },
    });
  });

  test("a single choice overrides the preset and nothing else", () => {
    const preset = resolved({ preset: "published", seed: 5 });
    expect(resolved({ preset: "published", seed: 5, edge: "soft", clip: null })).toEqual({
      ...preset,
      composite: { ...preset.composite, edge: "soft", clip: null },
    });
  });

  test("settings are put in the order of the ladder, each once", () => {
    expect(resolved({ settings: ["masked", "original", "masked"] }).settings).toEqual(["original", "masked"]);
  });
});

test.each([
  [{ edgee: "soft" }, "yeast.json: unknown key edgee; remove it or correct its spelling"],
  [
    { proportions: { method: "em", rows: "all" } },
    "yeast.json: proportions.rows is of the method published, and proportions.method is em; leave one of them out",
  ],
  [
    { proportions: { row: "all" } },
    "yeast.json: unknown key proportions.row; remove it or correct its spelling",
  ],
  [{ edge: "round" }, 'yeast.json: edge is "round"; use one of hard, soft'],
  [{ preset: "fast" }, 'yeast.json: preset is "fast"; use one of recommended, published'],
  [{ pairs: { sample: 1 } }, "yeast.json: pairs.sample is 1; expected number to be >=2"],
  [{ pairs: { n: 3 } }, "yeast.json: key pairs.sample is missing; give it (number)"],
  [{ pairs: "some" }, 'yeast.json: pairs is "some"; use all, none or { "sample": 10 }'],
  [{ folds: 1 }, "yeast.json: folds is 1; expected number to be >=2"],
  [{ cells: undefined }, "yeast.json: key cells is missing; give it (string)"],
])("%o is refused by name", (keys, line) => {
  expect(() => resolved(keys)).toThrow(line);
});
