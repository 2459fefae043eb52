import { DataError } from "../../errors.ts";
import { type Bundle, openBundle, readVariable } from "./bundle.ts";
import type { Published } from "./import.ts";
import type { NetworkStep } from "./network.ts";
import type { Affine, Normalization, Weights } from "./weights.ts";

const VALUE = "/.ATTRIBUTES/VARIABLE_VALUE";
/** What a SavedModel calls variables, without the names of their layers. */
const NUMBERED = /(^|\/)(variables\/|layer_with_weights-)\d+\//;
/** Keras' default, which PIFiA uses. */
const EPSILON = 1e-3;

/**
 * PIFiA (Razdaibiedina et al. 2024) from a TensorFlow 2 checkpoint, given its prefix or any of its files. Eight valid
 * 3 x 3 convolutions with batch normalization and ReLU, 2 x 2 max pools behind the second, fourth and last, dense d1
 * and d2 with ReLU (feature layers), d3 (one output per protein, no ReLU). Widths are those of the checkpoint.
 * @throws DataError where a variable or shard is missing or does not fit.
 */
export function openPifia(source: string): Published {
  const bundle = openBundle(source);
  const find = finder(bundle);
  const matched: [string, string][] = [];
  const converted = new Set<string>();
  const read = (key: string): Weights => {
    const variable = find(key);
    if (variable.dtype !== "float32") converted.add(variable.dtype);
    matched.push([key, variable.name]);
    return { name: variable.name, shape: variable.shape, data: readVariable(bundle, variable) };
  };
  const affine = (name: string) => (): Affine => ({
    kernel: read(`${name}/kernel`),
    bias: read(`${name}/bias`),
  });
  const normalization = (name: string) => (): Normalization => ({
    gamma: read(`${name}/gamma`),
    beta: read(`${name}/beta`),
    mean: read(`${name}/moving_mean`),
    variance: read(`${name}/moving_variance`),
    epsilon: EPSILON,
  });
  const steps: NetworkStep[] = [];
  for (let n = 1; n <= 8; n++) {
    steps.push({
      step: "conv",
      layer: `conv${n}`,
      weights: affine(`conv${n}`),
      normalization: normalization(`bn${n}`),
      padding: "valid",
      relu: true,
    });
    if (n === 2 || n === 4 || n === 8) steps.push({ step: "pool", padding: "valid" });
  }
  for (const name of ["d1", "d2", "d3"])
    steps.push({ step: "dense", layer: name, weights: affine(name), relu: name !== "d3" });
  return {
    network: {
      name: "pifia",
      path: `${bundle.prefix}.index`,
      channels: ["GFP"],
      height: 64,
      width: 64,
      steps,
    },
    matched,
    converted,
    defaultLayer: "conv8",
    preprocess: () => [
      { step: "minmax", epsilon: 0 },
      { step: "standardize", epsilon: 0, floor: "inverse-sqrt", over: "crop" },
    ],
    title: "PIFiA: trained to tell the proteins of yeast apart, from GFP alone",
    source: "github.com/arazd/pifia, model/pretrained_weights",
    citation:
      "Razdaibiedina et al., PIFiA: self-supervised approach for protein functional annotation from single-cell imaging data, Mol Syst Biol 2024",
  };
}

/**
 * Finds a variable by its key, or by the end of it, so that a checkpoint of a model within another object is read as well.
 */
function finder(bundle: Bundle) {
  const values = bundle.variables.filter((v) => v.name.endsWith(VALUE));
  return (key: string) => {
    const exact = values.find((v) => v.name === `${key}${VALUE}`);
    if (exact !== undefined) return exact;
    const found = values.filter((v) => v.name.endsWith(`/${key}${VALUE}`));
    if (found.length === 1) return found[0];
    if (found.length === 0 && values.some((v) => NUMBERED.test(v.name)))
      throw new DataError(
        `numbers its variables instead of naming them (${values.find((v) => NUMBERED.test(v.name))?.name}), as a SavedModel does; load the model in TensorFlow and write model.save_weights("weights")`,
        { path: `${bundle.prefix}.index` },
      );
    throw new DataError(
      found.length === 0
        ? `has no variable ${key}; PIFiA's checkpoint has conv1..conv8, bn1..bn8, d1, d2, d3 (see \`cellswap encoder show\`)`
        : `has ${found.length} variables ${key} (${found.map((v) => v.name).join(", ")}); save one model alone`,
      { path: `${bundle.prefix}.index` },
    );
  };
}
