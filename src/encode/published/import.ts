import { join } from "node:path";
import { StudyError } from "../../errors.ts";
import { sha256 } from "../../files/hash.ts";
import { replacePair } from "../../files/pair.ts";
import { OnnxDescription, type PreprocessStep } from "../description.ts";
import { buildNetwork, layerNames, type Network, type PublishedPool } from "./network.ts";

/** A published encoder, opened but not yet read through. */
export interface Published {
  readonly network: Network;
  /** What each array of the network was read from, filled while it is read. */
  readonly matched: readonly [what: string, variable: string][];
  /** Types of weights other than float32 that were read, filled while they are read. */
  readonly converted: ReadonlySet<string>;
  /** The layer that the study used. */
  readonly defaultLayer: string;
  /** Layers that `all` leaves out. */
  readonly apart?: readonly string[];
  /** Preprocessing as published, for the layers taken. */
  readonly preprocess: (layers: readonly string[]) => PreprocessStep[];
  readonly title: string;
  readonly source: string;
  readonly citation: string;
}

export interface ImportOptions {
  /** A layer's name, `all`, or the study's layer where absent. */
  readonly layer?: string;
  readonly pool?: PublishedPool;
  /** File name without its ending; the system's name where absent. */
  readonly name?: string;
}

/** What an import made. */
export interface ImportedEncoder {
  /** Path of the ONNX file. */
  readonly model: string;
  /** Path of its description. */
  readonly path: string;
  readonly description: OnnxDescription;
  readonly matched: readonly [what: string, variable: string][];
  /** Types of weights that were brought to float32. */
  readonly converted: readonly string[];
}

/**
 * Writes `NAME.onnx` and `NAME.json` for a published encoder to `folder`.
 * @throws StudyError for a layer or name that is not accepted; DataError for a checkpoint that does not fit. Nothing is
 * written then. An encoder of this name that is there is replaced as a whole.
 */
export function importPublished(
  published: Published,
  folder: string,
  options: ImportOptions = {},
): ImportedEncoder {
  const { network, apart = [] } = published;
  const { layer = published.defaultLayer, pool = "max", name = network.name } = options;
  const layers = layer === "all" ? layerNames(network).filter((l) => !apart.includes(l)) : [layer];
  const preprocess = published.preprocess(layers);
  const { model, outputs } = buildNetwork(network, layers, pool);
  const converted = [...published.converted].sort();
  const parsed = OnnxDescription.safeParse({
    format: "cellswap-encoder",
    version: 1,
    name,
    title: `${published.title}; ${layer === "all" ? "every layer" : `layer ${layer}`}`,
    model: `${name}.onnx`,
    sha256: sha256(model),
    input: {
      name: "crops",
      channels: network.channels,
      height: network.height,
      width: network.width,
      layout: "NCHW",
    },
    preprocess,
    outputs,
    source: published.source,
    citation: published.citation,
    notes: [
      `Feature maps are pooled by: ${pool === "flatten" ? "nothing (all values, channel last)" : pool}.`,
      ...(converted.length === 0 ? [] : [`Weights of type ${converted.join(", ")} were brought to float32.`]),
    ],
  });
  if (!parsed.success)
    throw new StudyError(
      `${name} is not a name for an encoder; use letters, digits, dot, dash and underscore`,
    );
  const description = parsed.data;
  const paths = { model: join(folder, `${name}.onnx`), path: join(folder, `${name}.json`) };
  replacePair(
    paths.model,
    model,
    paths.path,
    (file) => `${JSON.stringify({ ...description, model: file }, null, 2)}\n`,
  );
  return { ...paths, description, matched: published.matched, converted };
}
