import { DEEPLOC_CLASSES } from "../../names.ts";
import { type Bundle, openBundle, readVariable } from "./bundle.ts";
import { type LayerVariables, matchDeepLoc } from "./deeploc-match.ts";
import type { Published } from "./import.ts";
import type { NetworkStep } from "./network.ts";
import type { Affine, Normalization, Weights } from "./weights.ts";

/** As DeepLoc's code has it. */
const EPSILON = 1e-3;

/**
 * DeepLoc (Kraus et al. 2017) from a TensorFlow 1 checkpoint (V2 bundle), given its prefix or any of its files: eight
 * same-padded 3 x 3 convolutions and two dense layers, each with batch normalization, then ReLU; 2 x 2 max pools
 * (same) behind conv_2, conv_4 and conv_8; a final layer with batch normalization alone. Layers conv1..conv8, fc1, fc2
 * and logits are taken from the center crop; `predictions` is the softmax averaged over five crops. Widths are those
 * of the checkpoint.
 * @throws DataError where a variable or shard is missing, ambiguous or does not fit.
 */
export function openDeepLoc(source: string): Published {
  const bundle = openBundle(source);
  const matched: [string, string][] = [];
  const converted = new Set<string>();
  const steps: NetworkStep[] = [];
  const layers: [name: string, scope: string][] = [
    ...Array.from({ length: 8 }, (_, i): [string, string] => [`conv${i + 1}`, `conv_${i + 1}`]),
    ["fc1", "fc_1"],
    ["fc2", "fc_2"],
    ["logits", "final_layer"],
  ];
  for (const [layer, scope] of layers) {
    const conv = scope.startsWith("conv");
    steps.push({
      step: conv ? "conv" : "dense",
      layer,
      ...layerReaders(bundle, scope, conv, { matched, converted }),
      padding: "same",
      relu: layer !== "logits",
    });
    if (["conv2", "conv4", "conv8"].includes(layer)) steps.push({ step: "pool", padding: "same" });
  }
  steps.push({ step: "softmax", layer: "predictions" });
  return {
    network: {
      name: "deeploc",
      path: `${bundle.prefix}.index`,
      channels: ["GFP", "RFP"],
      height: 60,
      width: 60,
      steps,
    },
    matched,
    converted,
    defaultLayer: "conv5",
    apart: ["predictions"],
    preprocess: (wanted) => [
      { step: "percentile", low: 0.1, high: 99.9, clip: "top", divide: "range-over-one", epsilon: 0 },
      { step: "crop", height: 60, width: 60, at: wanted.includes("predictions") ? "five" : "center" },
    ],
    title: `DeepLoc: trained to tell ${DEEPLOC_CLASSES.length} localizations of yeast proteins apart`,
    source: "github.com/okraus/DeepLoc, pretrained_DeepLoc.zip",
    citation:
      "Kraus et al., Automated analysis of high-content microscopy data with deep learning, Mol Syst Biol 2017",
  };
}

/** Reads a layer's arrays once, when the network reaches it. */
function layerReaders(
  bundle: Bundle,
  scope: string,
  conv: boolean,
  { matched, converted }: { readonly matched: [string, string][]; readonly converted: Set<string> },
) {
  let found: LayerVariables | undefined;
  const layer = () => (found ??= matchDeepLoc(bundle, scope, conv, matched));
  const weights = (what: keyof LayerVariables): Weights => {
    const variable = layer()[what];
    if (variable.dtype !== "float32") converted.add(variable.dtype);
    return { name: variable.name, shape: variable.shape, data: readVariable(bundle, variable) };
  };
  return {
    weights: (): Affine => ({ kernel: weights("kernel"), bias: weights("bias") }),
    normalization: (): Normalization => ({
      gamma: weights("gamma"),
      beta: weights("beta"),
      mean: weights("mean"),
      variance: weights("variance"),
      epsilon: EPSILON,
    }),
  };
}
