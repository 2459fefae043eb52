import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { bundledEncoders } from "../encode/bundled.ts";
import { type EncoderFile, readEncoder } from "../encode/encoder-file.ts";
import { type OnnxFile, readModel } from "../encode/onnx/file.ts";
import { addOutputs } from "../encode/onnx/graph.ts";
import { isCellswapError } from "../errors.ts";
import type { ViewEncoder } from "../explore/format.ts";
import { canonicalJson, sha256 } from "../files/hash.ts";
import { checkUnchanged } from "../files/state.ts";
import { recordedEncoders } from "../study/encoders.ts";
import type { StudyRecord } from "../study/record.ts";
import type { ViewSources } from "../study/view/sources.ts";
import type { Entry } from "./entries.ts";

/** Bytes of a network that a page takes. */
const PAGE_BYTES = 200e6;

const NOT_LET = "it is a program, which `cellswap view` runs only with --programs";

type Runs = ViewEncoder["runs"];

/** Encoders of a study as they are now. */
export interface FoundEncoders {
  /** The study's encoders, with how predictions for new composites are made. */
  readonly encoders: readonly ViewEncoder[];
  /** Those that are as the study used them, by the name of their output, with its position. */
  readonly files: ReadonlyMap<string, { readonly file: EncoderFile; readonly output: number }>;
  /** `encoders/NAME.json` and `encoders/NAME.onnx` of those that a page runs. */
  readonly entries: ReadonlyMap<string, Entry>;
}

/**
 * Looks up the encoders of a study in `folder`. Those that are programs are run only where `programs` says so: a study
 * from elsewhere names any. What cannot be run is no error: the page says why.
 */
export function findEncoders(
  folder: string,
  encoders: readonly ViewEncoder[],
  record: StudyRecord,
  sources: ViewSources["encoders"],
  programs: boolean,
): FoundEncoders {
  const known = new Map<string, EncoderFile | string>();
  const find = (name: string) => {
    let found = known.get(name);
    if (found === undefined) known.set(name, (found = lookUp(folder, name, record, sources)));
    return found;
  };
  const files = new Map<string, { file: EncoderFile; output: number }>();
  const entries = new Map<string, Entry>();
  const now = encoders.map((encoder): ViewEncoder => {
    if (encoder.description === null || encoder.runs.where === "none") return encoder;
    const found = find(basename(encoder.description, ".json"));
    if (typeof found === "string") return { ...encoder, runs: { where: "none", why: found } };
    if (found.kind === "command" && !programs) return { ...encoder, runs: { where: "none", why: NOT_LET } };
    files.set(encoder.name, { file: found, output: encoder.output });
    const runs = runsOf(found);
    if (runs.where === "page" && found.kind === "onnx") addEntries(entries, encoder.description, found);
    return { ...encoder, runs };
  });
  return { encoders: now, files, entries };
}

/** An encoder that is as the study used it, or why there is none. */
function lookUp(
  folder: string,
  name: string,
  record: StudyRecord,
  sources: ViewSources["encoders"],
): EncoderFile | string {
  const noted = sources[name];
  const there = typeof noted === "string" ? resolve(folder, noted) : undefined;
  const path = there !== undefined && existsSync(there) ? there : bundledEncoders().get(name);
  if (path === undefined) return `its description is no more at ${there ?? "its place"}`;
  try {
    const file = readEncoder(path);
    const now = recordedEncoders([file])[file.description.name];
    return canonicalJson(now) === canonicalJson(record.encoders[name])
      ? file
      : "its description or its network is not the one that the study used";
  } catch (error) {
    if (!isCellswapError(error)) throw error;
    return `it cannot be opened: ${error.message}`;
  }
}

function runsOf(file: EncoderFile): Runs {
  const server = (why: string): Runs => ({ where: "server", why });
  if (file.kind === "command") return server("it is a program");
  if (Object.keys(file.states).length > 1) return server("its weights lie in files of their own");
  if (file.bytes > PAGE_BYTES) return server("its network is too large for a page");
  if (file.half) return server("it calculates in half precision");
  if (file.open) return server("pixels decide what it costs");
  return { where: "page", why: null };
}

/** The description as it stands beside the network that is served, in which all that it names is an output. */
function addEntries(entries: Map<string, Entry>, description: string, file: OnnxFile): void {
  const model = description.replace(/\.json$/, ".onnx");
  if (entries.has(model)) return;
  const { sha256: _, input, ...rest } = file.description;
  const batch = file.batch === null ? {} : { batch: file.batch };
  const text = JSON.stringify({ ...rest, model: basename(model), input: { ...input, ...batch } });
  entries.set(description, { text });
  const [path] = Object.keys(file.states);
  if (file.inner.length === 0) {
    entries.set(model, { path, sha256: file.hash, state: file.states[path] });
    return;
  }
  let made: Uint8Array | undefined;
  const bytes = () => {
    if (made !== undefined) return made;
    checkUnchanged(file.states);
    made = addOutputs(readModel(path).bytes, file.inner);
    return made;
  };
  const size = file.bytes + addOutputs(new Uint8Array(0), file.inner).length;
  entries.set(model, { bytes, size, tag: sha256([file.hash, ...file.inner].join("\n")) });
}
