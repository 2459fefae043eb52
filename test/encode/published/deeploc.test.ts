import { join } from "node:path";
import { expect, test } from "vitest";
import { openBundle } from "../../../src/encode/published/bundle.ts";
import { openDeepLoc } from "../../../src/encode/published/deeploc.ts";
import { matchDeepLoc } from "../../../src/encode/published/deeploc-match.ts";
import { importPublished } from "../../../src/encode/published/import.ts";
import { DEEPLOC_CLASSES } from "../../../src/names.ts";
import { temporary } from "../../temporary.ts";
import {
  encode,
  errorLimit,
  errors,
  fixtures,
  hasReal,
  preprocessed,
  readExpected,
  realErrors,
  relativeError,
} from "./expected.ts";

const folder = join(fixtures, "deeploc");
const prefix = join(folder, "model.ckpt-5000");

test("every layer equals TensorFlow's", async () => {
  const found = await errors(() => openDeepLoc(prefix), readExpected(folder), temporary());
  expect(Object.keys(found)).toHaveLength(8 * 3 + 3);
  for (const [what, error] of Object.entries(found)) expect(error, what).toBeLessThan(errorLimit(what));
});

test.skipIf(!hasReal)("every layer equals TensorFlow's on real crops", async () => {
  const found = await realErrors(() => openDeepLoc(prefix), folder, temporary());
  expect(Object.keys(found)).toHaveLength(8 * 3 + 3);
  for (const [what, error] of Object.entries(found)) expect(error, what).toBeLessThan(errorLimit(what));
});

test("preprocessing equals the published Python's, divided and not divided", () => {
  const expected = readExpected(folder).input;
  const { path } = importPublished(openDeepLoc(prefix), temporary());
  expect(relativeError(preprocessed(path, expected), expected.sample)).toBeLessThan(1e-6);
});

test("predictions are the softmax averaged over five crops", async () => {
  const { path, description } = importPublished(openDeepLoc(prefix), temporary(), { layer: "predictions" });
  const { predictions } = readExpected(folder);
  const ours = (await encode(path)).get("predictions")!;
  expect(description.preprocess.at(-1)).toMatchObject({ step: "crop", at: "five" });
  expect(relativeError(ours, predictions!)).toBeLessThan(1e-4);
  expect(ours[0]).toHaveLength(DEEPLOC_CLASSES.length);
  for (const p of ours) expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
});

test.each(["normalize", "moving", "nameless"])(
  "averages under the names of style %s give the same file",
  (style) => {
    const [ours, theirs] = [prefix, join(folder, style, "model.ckpt-5000")].map((source) =>
      importPublished(openDeepLoc(source), temporary(), { layer: "all" }),
    );
    expect(theirs.description.sha256).toBe(ours.description.sha256);
  },
);

test("averages that neither names nor values tell apart are refused", () => {
  const bundle = openBundle(prefix);
  const variance = bundle.variables.find((v) => /fc_1\/.*Squeeze_1/.test(v.name))!;
  const variables = bundle.variables
    .filter((v) => !/fc_1\/.*moments/.test(v.name))
    .concat(["a", "b"].map((name) => ({ ...variance, name: `fc_1/${name}` })));
  expect(() => matchDeepLoc({ ...bundle, variables }, "fc_1", false, [])).toThrow(
    "does not say which of fc_1/a and fc_1/b is the mean and which the variance; rename them",
  );
});

test("what was matched is reported", () => {
  const matched: [string, string][] = [];
  matchDeepLoc(openBundle(prefix), "fc_1", false, matched);
  const averages = "fc_1_batch_norm/fc_1/batch_norm/fc_1_batch_norm/moments";
  expect(Object.fromEntries(matched)).toEqual({
    "fc_1 kernel": "fc_1/weights/Variable",
    "fc_1 bias": "fc_1/biases/Variable",
    "fc_1 gamma": "fc_1/batch_norm/fc_1_batch_norm/gamma",
    "fc_1 beta": "fc_1/batch_norm/fc_1_batch_norm/beta",
    "fc_1 mean": `${averages}/Squeeze/ExponentialMovingAverage`,
    "fc_1 variance": `${averages}/Squeeze_1/ExponentialMovingAverage`,
  });
});

test("a checkpoint of another network is refused with what was looked for", () => {
  const pifia = join(fixtures, "pifia", "pifia_weights_i0");
  expect(() => importPublished(openDeepLoc(pifia), temporary())).toThrow(
    /pifia_weights_i0\.index: has no weights of conv_1 \(variables there: none\)/,
  );
});

test("two candidates for one variable are listed", () => {
  const bundle = openBundle(prefix);
  const twice = {
    ...bundle,
    variables: [
      ...bundle.variables,
      { ...bundle.variables.find((v) => v.name === "conv_2/biases/Variable")!, name: "conv_2/biases/old" },
    ],
  };
  expect(() => matchDeepLoc(twice, "conv_2", true, [])).toThrow(
    "has 2 candidates for the biases of conv_2 (they are: conv_2/biases/Variable, conv_2/biases/old)",
  );
});
