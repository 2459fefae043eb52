import { existsSync, statSync } from "node:fs";
import { basename, dirname, relative, resolve } from "node:path";
import { readHeader } from "../../cells/header.ts";
import { DataError, StudyError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/atomic.ts";
import { checkJson } from "../../files/json.ts";
import { OnnxDescription } from "../description.ts";
import { ApartEncoder, type Probed } from "./apart.ts";
import { type DraftedInput, draftInput } from "./draft-input.ts";
import { draftOutput } from "./draft-output.ts";
import { draftSteps } from "./draft-steps.ts";
import { weightFiles } from "./external.ts";
import { filesOf, modelHash, readModel } from "./file.ts";

export interface DraftOptions {
  /** Channels of the cells in the network's order. */
  readonly channels?: readonly string[];
  /** Cell store whose channels are taken where none are named: all, or its only one for each. */
  readonly cells?: string;
  /** Height and width of the input where the network leaves them open, pixels. */
  readonly size?: number;
  /** The file's name without its ending, where absent. */
  readonly name?: string;
}

/** What a draft is made of: read from the file, given, or guessed from what is usual. */
export interface Said {
  readonly how: "read" | "given" | "guessed";
  readonly text: string;
}

/** A description made from an ONNX file. */
export interface Draft {
  readonly description: OnnxDescription;
  readonly said: readonly Said[];
}

/**
 * Drafts the description of an ONNX file: its inputs, outputs and weights as they are, and a guess of the preprocessing.
 * The network is run once on an empty input.
 * @throws DataError where the file is no network for images, or does not run; StudyError where channels are not named
 */
export async function draftEncoder(path: string, options: DraftOptions = {}): Promise<Draft> {
  const { bytes, model } = readModel(path);
  const weights = weightFiles(model);
  const { channels, cells, size } = options;
  const store = cells === undefined ? null : readHeader(cells);
  const input = draftInput(model, channels ?? null, store, size ?? null);
  const said: Said[] = [...input.said];
  const name = nameOf(path, options.name);
  const wanted = model.graph.outputs.map((v) => v.name);
  const outputs = await probe(path, input, wanted).catch((cause: unknown) => {
    if (!input.guessedSize || !(cause instanceof DataError)) throw cause;
    const { height, width } = input.input;
    throw new DataError(
      `does not run on ${height} x ${width} px, which was guessed as the network leaves the size of its input open; give --size`,
      { path, cause },
    );
  });
  const output = await draftOutput(model, outputs, input, (names) => probe(path, input, names));
  said.push(...output.said);
  const steps = draftSteps(path, input);
  said.push(...steps.said);
  if (weights.length > 0)
    said.push({ how: "read", text: `weights in ${weights.map((w) => basename(w)).join(", ")}` });
  const description = checkJson(
    OnnxDescription,
    {
      format: "cellswap-encoder",
      version: 1,
      name,
      model: basename(path),
      sha256: modelHash(bytes, weights),
      input: input.input,
      ...(input.extraInputs.length === 0 ? {} : { extraInputs: input.extraInputs }),
      preprocess: steps.preprocess,
      outputs: [output.output],
      notes: said.filter((s) => s.how === "guessed").map((s) => `Guessed when drafted: ${s.text}`),
    },
    path,
  );
  return { description, said };
}

/** Where a drafted description goes. */
export interface InitOptions extends DraftOptions {
  /** `NAME.json` beside the model where absent. */
  readonly out?: string;
  /** Whether a file that is there is replaced. */
  readonly force?: boolean;
}

/**
 * Writes the drafted description of an ONNX file.
 * @returns its path and what was read and guessed
 * @throws as {@link draftEncoder}; DataError where the file is there and not to be replaced
 */
export async function initEncoder(
  model: string,
  { out, force = false, ...options }: InitOptions = {},
): Promise<Draft & { readonly path: string }> {
  if (!existsSync(model) || !statSync(model).isFile())
    throw new DataError("there is no such file; give an ONNX model", { path: model });
  const path = out ?? (model.endsWith(".onnx") ? model.replace(/\.onnx$/, ".json") : `${model}.json`);
  if (existsSync(path) && !force)
    throw new DataError("is there already; give another --out, or --force to replace it", { path });
  const { description, said } = await draftEncoder(model, options);
  const from = relative(dirname(resolve(path)), resolve(model));
  const named = { ...description, model: from === "" ? basename(model) : from.replaceAll("\\", "/") };
  writeFileAtomic(path, `${JSON.stringify(named, null, 2)}\n`);
  return { path, description: named, said };
}

/** Types and shapes of outputs for an empty input. */
function probe(
  path: string,
  { input, extraInputs }: DraftedInput,
  names: readonly string[],
): Promise<readonly Probed[]> {
  const description = checkJson(
    OnnxDescription,
    {
      format: "cellswap-encoder",
      version: 1,
      name: "draft",
      model: path,
      input,
      extraInputs,
      outputs: names.map((output) => ({ output })),
    },
    path,
  );
  return ApartEncoder.probe(filesOf(path, description, path));
}

function nameOf(path: string, given: string | undefined): string {
  const name =
    given ??
    basename(path)
      .replace(/\.onnx$/, "")
      .replace(/[^A-Za-z0-9._-]+/g, "-");
  if (!/^[A-Za-z0-9._-]+$/.test(name))
    throw new StudyError(
      `${name} is not a name for an encoder; use letters, digits, dot, dash and underscore`,
    );
  return name;
}
