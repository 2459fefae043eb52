import { DataError } from "../../errors.ts";
import type { Published } from "./import.ts";
import { openKeras } from "./keras.ts";
import type { KerasContent } from "./keras-read.ts";
import type { NetworkStep } from "./network.ts";
import type { Affine, Normalization, Weights } from "./weights.ts";

/** Keras' default, which the network uses. */
const EPSILON = 1e-3;
/**
 * Places of the source encoder's normalizations in order of creation: the marker encoder's first two come in between
 * (1, 2, marker 1, marker 2, 3, 4, 5, marker 3).
 */
const PLACES = [0, 1, 4, 5, 6];
const CREATED = 8;

/**
 * Paired Cell Inpainting (Lu et al. 2019), source encoder, from Keras HDF5 weights: five same-padded 3 x 3
 * convolutions, each with ReLU, then batch normalization; 2 x 2 max pools behind the first two. A layer is its
 * convolution's output after ReLU, before batch normalization. Weights are read at once; widths are those of the file.
 * @throws DataError where a layer is missing or does not fit.
 */
export async function openPci(source: string): Promise<Published> {
  const file = await openKeras(source, true);
  const matched: [string, string][] = [];
  const converted = new Set<string>();
  const steps: NetworkStep[] = [];
  const normalizations = normalizationLayers(file, source);
  const read = (what: string, owner: string, name: string): Weights => {
    const { dtype, ...weights } = readOne(file, source, owner, name);
    if (dtype !== "float32") converted.add(dtype);
    matched.push([what, weights.name]);
    return weights;
  };
  for (let n = 1; n <= 5; n++) {
    const layer = `conv${n}_1`;
    const affine: Affine = {
      kernel: read(`${layer} kernel`, layer, "kernel"),
      bias: read(`${layer} bias`, layer, "bias"),
    };
    steps.push({ step: "conv", layer, weights: () => affine, padding: "same", relu: true });
    if (n === 5) break;
    const owner = normalizations[n - 1];
    const normalization: Normalization = {
      gamma: read(`${layer} gamma`, owner, "gamma"),
      beta: read(`${layer} beta`, owner, "beta"),
      mean: read(`${layer} mean`, owner, "moving_mean"),
      variance: read(`${layer} variance`, owner, "moving_variance"),
      epsilon: EPSILON,
    };
    steps.push({ step: "normalize", normalization: () => normalization });
    if (n <= 2) steps.push({ step: "pool", padding: "valid" });
  }
  return {
    network: { name: "pci", path: source, channels: ["GFP", "RFP"], height: 64, width: 64, steps },
    matched,
    converted,
    defaultLayer: "conv4_1",
    preprocess: () => [{ step: "minmax", epsilon: 0 }],
    title: "Paired Cell Inpainting (yeast): trained to predict the protein in another cell of the same image",
    source: "github.com/alexxijielu/paired_cell_inpainting, yeast_model/pretrained_weights",
    citation:
      "Lu et al., Learning unsupervised feature representations for single cell microscopy images with paired cell inpainting, PLoS Comput Biol 2019",
  };
}

function readOne(
  file: KerasContent,
  path: string,
  layer: string,
  name: string,
): Weights & { readonly dtype: string } {
  const all = file.arrays.filter((a) => a.layer === layer && a.name === name);
  // Arrays of other objects (a copy, an optimizer) may stand below the layer as well.
  const exact = all.filter((a) => a.path.replace(/:0$/, "").endsWith(`${layer}/${layer}/${name}`));
  const found = exact.length === 1 ? exact : all;
  if (found.length === 0 && file.unnamed)
    throw new DataError(
      'is a .weights.h5 of Keras 2, which numbers its layers instead of naming them; load the weights into the model and write model.save_weights("weights.h5")',
      { path },
    );
  if (found.length !== 1)
    throw new DataError(
      `has ${found.length === 0 ? "no" : found.length} ${name} in layer ${layer}; Paired Cell Inpainting's weights have conv1_1 to conv5_1 and numbered batch normalizations (see \`cellswap encoder show\`)`,
      { path },
    );
  const [{ data, shape, path: at, dtype }] = found;
  if (!(data instanceof Float32Array)) throw new DataError(`${at} (${shape.join(" x ")}) ${data}`, { path });
  return { name: at, shape, data, dtype };
}

/** The normalization behind conv1_1 to conv5_1: by the model's wiring where the file has it, else by number. */
function normalizationLayers(file: KerasContent, path: string): string[] {
  const known = [...new Set(file.arrays.filter((a) => a.name === "moving_variance").map((a) => a.layer))];
  const wired = [1, 2, 3, 4, 5].map((n) => known.filter((l) => file.inbound?.get(l)?.includes(`conv${n}_1`)));
  if (wired.every((l) => l.length === 1)) return wired.map(([l]) => l);
  const number = (layer: string) => Number(/_(\d+)$/.exec(layer)?.[1] ?? 0);
  const ordered = known.sort((a, b) => number(a) - number(b));
  if (ordered.length !== CREATED)
    throw new DataError(
      `has ${ordered.length} batch normalizations; Paired Cell Inpainting's network has ${CREATED}, which are told apart by their numbers`,
      { path },
    );
  return PLACES.map((p) => ordered[p]);
}
