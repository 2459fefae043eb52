import { expect, test } from "vitest";
import { z } from "zod";
import { DataError } from "../../src/errors.ts";
import { checkJson, parseJson } from "../../src/files/json.ts";

const Schema = z.strictObject({ name: z.string(), size: z.number().positive().optional() });
const read = (text: string | Uint8Array) => checkJson(Schema, parseJson(text, "a.json"), "a.json");

test("reads what fits the schema, with a byte order mark or without", () => {
  expect(read('{"name": "a"}')).toEqual({ name: "a" });
  expect(read('\uFEFF{"name": "a\\u0062", "size": 2}')).toEqual({ name: "ab", size: 2 });
  expect(read('{"name": "[[[[\\"[["}')).toEqual({ name: '[[[["[[' });
});

test.each([
  ["", "is not JSON (it is empty)"],
  ["{", "is not JSON ("],
  ["null", "expected object, received null"],
  ["[]", "expected object, received array"],
  ["7", "expected object, received number"],
  ['"text"', "expected object, received string"],
  ["{}", "key name is missing"],
  ['{"name": null}', "name is null"],
  ['{"name": "a", "size": 1e999}', "size is null; expected number, received Infinity"],
  ['{"name": "a", "constructor": 1}', "unknown key constructor"],
  ['{"__proto__": {"name": "a"}}', "it has the key __proto__"],
  ['{"\\u005f_proto__": {"name": "a"}}', "it has the key __proto__"],
  [`${"[".repeat(5000)}${"]".repeat(5000)}`, "stand 5000 deep in each other"],
  [`${'{"a":'.repeat(100_000)}`, "stand 100000 deep in each other"],
  [
    `{"name": "a"${Array.from({ length: 300_000 }, (_, i) => `,"k${i}":1`).join("")}}`,
    "it has 300000 keys and",
  ],
  [`{"name": [${"1,".repeat(300_000)}1]}`, "it has 300000 keys and values, at most 262144 are read"],
  [Uint8Array.of(0x22, 0xff, 0x22), "it is not UTF-8"],
])("%s: is refused in one line", (text, why) => {
  let error: unknown;
  try {
    read(text);
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(DataError);
  const { message } = error as DataError;
  expect(message.startsWith("a.json: ")).toBe(true);
  expect(message).toContain(why);
  expect(message).not.toContain("\n");
});
