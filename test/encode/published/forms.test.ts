import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openBundle, readVariable } from "../../../src/encode/published/bundle.ts";
import { openDeepLoc } from "../../../src/encode/published/deeploc.ts";
import { matchDeepLoc } from "../../../src/encode/published/deeploc-match.ts";
import { importPublished } from "../../../src/encode/published/import.ts";
import { openKeras } from "../../../src/encode/published/keras.ts";
import { openPci } from "../../../src/encode/published/pci.ts";
import { openPifia } from "../../../src/encode/published/pifia.ts";
import { showEncoder } from "../../../src/encode/published/show.ts";
import { temporary } from "../../temporary.ts";
import { fixtures } from "./expected.ts";

/** The narrow networks in other types and forms (scripts/make-checkpoint-fixtures.py, part forms). */
const forms = join(fixtures, "forms");
const rounded = JSON.parse(readFileSync(join(forms, "rounded.json"), "utf8")) as Record<string, number[]>;
const TYPES = ["float64", "float16", "bfloat16"];
const kernel = "conv1/kernel/.ATTRIBUTES/VARIABLE_VALUE";
const pifia = join(fixtures, "pifia", "pifia_weights_i0");
const weights = join(fixtures, "pci", "model_weights.h5");
const everything = { layer: "all" };

describe("weights of other types", () => {
  test.each(TYPES)("a checkpoint of %s holds what TensorFlow casts, as float32, and says so", (type) => {
    const bundle = openBundle(join(forms, type, "ckpt"));
    const variable = bundle.variables.find((v) => v.name === kernel)!;
    expect(variable.dtype).toBe(type);
    expect(readVariable(bundle, variable)).toEqual(Float32Array.from(rounded[type]));
    const made = importPublished(openPifia(join(forms, type, "ckpt")), temporary(), everything);
    expect(made.converted).toEqual([type]);
    expect(made.description.notes).toContain(`Weights of type ${type} were brought to float32.`);
  });

  test.each(TYPES)("Keras weights of %s hold what numpy casts, as float32, and say so", async (type) => {
    const path = join(forms, `pci-${type}.h5`);
    const { arrays } = await openKeras(path, true);
    const found = arrays.find((a) => a.layer === "conv1_1" && a.name === "kernel")!;
    expect(found.dtype).toBe(type);
    expect(found.data).toEqual(Float32Array.from(rounded[`pci-${type}`]));
    const made = importPublished(await openPci(path), temporary(), everything);
    expect(made.converted).toEqual([type]);
  });

  test("what was float32 once is the same network again", async () => {
    const hashes = [
      importPublished(openPifia(join(forms, "float64", "ckpt")), temporary(), everything),
      importPublished(openPifia(pifia), temporary(), everything),
      importPublished(await openPci(join(forms, "pci-float64.h5")), temporary(), everything),
      importPublished(await openPci(weights), temporary(), everything),
    ].map((made) => made.description.sha256);
    expect(hashes[0]).toBe(hashes[1]);
    expect(hashes[2]).toBe(hashes[3]);
    expect(importPublished(openPifia(pifia), temporary()).converted).toEqual([]);
  });
});

describe("a normalization of another size than its layer is one line", () => {
  test("before the ReLU", () => {
    expect(() => importPublished(openPifia(join(forms, "wrong-size", "ckpt")), temporary())).toThrow(
      /ckpt\.index: bn3\/moving_mean\S* is 7, but conv3\/kernel\S* has 6 outputs: this is not the published network$/,
    );
  });

  test("behind the ReLU", async () => {
    const published = await openPci(join(forms, "pci-wrong-size.h5"));
    expect(() => importPublished(published, temporary())).toThrow(
      /pci-wrong-size\.h5: \S*gamma:0 is 5, but the layer before it has 4 outputs: this is not the published network$/,
    );
  });
});

describe("an exact name is not ambiguous", () => {
  test("PIFiA beside an average of its weights", () => {
    const made = importPublished(openPifia(join(forms, "twice", "ckpt")), temporary(), everything);
    expect(made.description.sha256).toBe(
      importPublished(openPifia(pifia), temporary(), everything).description.sha256,
    );
  });

  test("DeepLoc beside a copy of a layer within another object", () => {
    const bundle = openBundle(join(fixtures, "deeploc", "model.ckpt-5000"));
    const copies = bundle.variables.map((v) => ({ ...v, name: `copy/${v.name}` }));
    const both = { ...bundle, variables: [...bundle.variables, ...copies] };
    expect(matchDeepLoc(both, "conv_2", true, [])).toEqual(matchDeepLoc(bundle, "conv_2", true, []));
    expect(matchDeepLoc({ ...bundle, variables: copies }, "conv_2", true, []).kernel.name).toBe(
      "copy/conv_2/weights/Variable",
    );
  });
});

describe("forms of other versions", () => {
  test("a .weights.h5 of Keras 3 is the same network", async () => {
    const path = join(forms, "pci-3.weights.h5");
    const made = importPublished(await openPci(path), temporary(), everything);
    const known = importPublished(await openPci(weights), temporary(), everything);
    expect(made.description.sha256).toBe(known.description.sha256);
    expect(await showEncoder(path)).toMatchObject({ kind: "keras", network: "pci" });
  });

  test.each<[what: string, open: () => unknown, message: RegExp]>([
    [
      "a .weights.h5 of Keras 2",
      () => openPci(join(forms, "pci-2.weights.h5")),
      /pci-2\.weights\.h5: is a \.weights\.h5 of Keras 2, which numbers its layers .* model\.save_weights\("weights\.h5"\)$/,
    ],
    [
      "a SavedModel",
      async () => importPublished(openPifia(join(forms, "saved_model")), temporary()),
      /variables\.index: numbers its variables instead of naming them \(layer_with_weights-0\S+\), as a SavedModel does; load the model/,
    ],
    [
      "a SavedModel for Keras weights",
      () => openPci(join(forms, "saved_model")),
      /saved_model: is a TensorFlow checkpoint; give the Keras weights/,
    ],
    [
      "Keras weights for a checkpoint",
      async () => openDeepLoc(weights),
      /model_weights\.h5: is an HDF5 file; give a checkpoint's prefix or its \.index file$/,
    ],
    [
      "the folder of a checkpoint",
      async () => openPifia(join(forms, "float16")),
      /float16: is a folder \(with ckpt\); give a checkpoint's prefix/,
    ],
    [
      "a checkpoint of the first format to look at",
      () => showEncoder(join(fixtures, "v1", "model.ckpt")),
      /model\.ckpt: is a checkpoint of TensorFlow's first format/,
    ],
  ])("%s is named", async (_, open, message) => {
    await expect((async () => open())()).rejects.toThrow(message);
  });
});

test("a variable in slices is shown, and refused only where a network needs it", async () => {
  const prefix = join(fixtures, "v1", "sliced.ckpt");
  const shown = await showEncoder(prefix);
  if (shown.kind !== "checkpoint") throw new Error(shown.kind);
  expect(shown.variables.map((v) => [v.name, v.shape, v.sliced])).toEqual([
    ["conv_1/biases", [6], true],
    ["conv_1/weights", [2], false],
  ]);
  const bundle = openBundle(prefix);
  expect(readVariable(bundle, bundle.variables[1])).toEqual(Float32Array.of(1, 2));
  expect(() => readVariable(bundle, bundle.variables[0])).toThrow(
    "sliced.ckpt.index: conv_1/biases is stored in slices, which is not read; save it again from one device",
  );
});

test("what is shown of types and shapes is never NaN", async () => {
  for (const path of [...TYPES.map((t) => join(forms, t, "ckpt")), join(forms, "pci-bfloat16.h5"), pifia])
    expect(JSON.stringify(await showEncoder(path)), path).not.toMatch(/NaN|null,|undefined|type /);
});
