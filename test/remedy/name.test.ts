import { expect, test } from "vitest";
import { StudyError } from "../../src/errors.ts";
import { ALL_REMEDIES, parseRemedies, parseRemedy, REMEDIES } from "../../src/remedy/name.ts";

test("a name says the remedy, its number and whether it is of the retrained twin", () => {
  expect(parseRemedy("recompose-8")).toEqual({
    name: "recompose-8",
    kind: "recompose",
    value: 8,
    retrained: false,
  });
  expect(parseRemedy("retrained")).toEqual({ name: "retrained", kind: null, value: null, retrained: true });
  expect(parseRemedy("retrained+masked-2")).toEqual({
    name: "retrained+masked-2",
    kind: "masked",
    value: 2,
    retrained: true,
  });
});

test("masked and masked-0 are one remedy, and each is taken once", () => {
  expect(parseRemedies(["masked-0", "masked", "all"]).map((r) => r.name)).toEqual([
    "masked",
    ...ALL_REMEDIES.filter((name) => name !== "masked"),
  ]);
});

test("all names every remedy that there is", () => {
  const kinds = new Set(parseRemedies(["all"]).map((r) => r.kind));
  expect(kinds).toEqual(new Set([...Object.keys(REMEDIES), null]));
});

test.each([
  ["recompos", "there is no remedy"],
  ["", "there is no remedy"],
  ["retrained+", "there is no remedy"],
  ["recompose-0", "from 1 to 64, not 0"],
  ["masked-65", "from 0 to 64, not 65"],
  ["pool-2", 'write "pool" for "pool-2"'],
  ["recompose--1", "there is no remedy"],
  ["__proto__", "there is no remedy"],
])("%s is refused", (name, why) => {
  expect(() => parseRemedy(name)).toThrow(StudyError);
  expect(() => parseRemedy(name)).toThrow(why);
});
