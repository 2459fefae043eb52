import { namesOfOutputs } from "../../encode/description.ts";
import type { EncoderFile } from "../../encode/encoder-file.ts";
import { type ExportEncoderOptions, type ExportedEncoder, exportEncoder } from "../../encode/export.ts";
import type { OnnxFile } from "../../encode/onnx/file.ts";
import { pooledEncoder } from "../../encode/pooled.ts";
import { StudyError } from "../../errors.ts";
import { canonicalJson } from "../../files/hash.ts";
import type { AffineMap } from "../../remedy/affine.ts";
import { fitDfr, scoreMap } from "../../remedy/dfr.ts";
import { changedBy, parseRemedy, type Remedy } from "../../remedy/name.ts";
import type { ClassRows } from "../../remedy/rows.ts";
import { recordedEncoders } from "../encoders.ts";
import { isMapping, MAPPINGS } from "./feature-remedies.ts";
import { type FinishedRows, readFinished } from "./finished.ts";

export interface RemediedExport extends Pick<ExportEncoderOptions, "out" | "name" | "force"> {
  /** Folder of a finished study of the encoder, on whose cells a remedy is fitted. */
  readonly study?: string;
  /** Output of the encoder, by its name in the results of the study, where it has several. */
  readonly output?: string;
  /** Whether `dfr` gives probabilities of classes in the place of scores. */
  readonly probabilities?: boolean;
}

/**
 * Writes an encoder with a remedy in it as one ONNX file and its description: what is a layer of the network, the pooling
 * under the center mask (`pool`), a map of features (`project`, `whiten`, `leace`) or a last layer (`dfr`). What is
 * fitted is fitted on all cells of a finished study, in the composites that the study measures remedies on.
 * @throws StudyError for a remedy that is no layer, an encoder that it is not of, or a study that it cannot be fitted on;
 * as {@link exportEncoder}
 */
export async function exportRemedied(
  encoder: EncoderFile,
  name: string,
  options: RemediedExport,
): Promise<ExportedEncoder> {
  const remedy = parseRemedy(name);
  checkLayer(remedy);
  const file = networkOf(encoder);
  if (options.probabilities === true && remedy.kind !== "dfr")
    throw new StudyError(
      `${remedy.name} gives features, of which there are no probabilities; leave them out, or take dfr`,
    );
  if (remedy.kind !== "pool") return exportFitted(file, remedy, options);
  return exportPooled((await pooledEncoder(ofOutput(file, options.output))) as OnnxFile, options);
}

/** The encoder with one of its outputs only, all of them where none is named. */
function ofOutput(file: OnnxFile, output: string | undefined): OnnxFile {
  const { description } = file;
  const at = output === undefined ? -1 : namesOfOutputs(description).indexOf(output);
  return at < 0 ? file : { ...file, description: { ...description, outputs: [description.outputs[at]] } };
}

function exportPooled(file: OnnxFile, { out, name, force }: RemediedExport): Promise<ExportedEncoder> {
  const { outputs, title } = file.description;
  const from = outputs.map((o) => `${o.output} (${o.layout})`).join(", ");
  return exportEncoder(
    file,
    outputs.map((output) => ({ output })),
    given({
      out,
      name,
      force,
      title,
      notes: [
        `The features are the mean of ${from} under the center mask. What is away from the cell does not count, but neighbors still come into it: each pixel of a map, and each token, sees what lies around it.`,
      ],
    }),
  );
}

async function exportFitted(
  file: OnnxFile,
  remedy: Remedy,
  { study, output, probabilities: softmax = false, out, name, force }: RemediedExport,
): Promise<ExportedEncoder> {
  const { description, path } = file;
  if (study === undefined)
    throw new StudyError(
      `${remedy.name} is fitted on the cells of a finished study; name it: cellswap export encoder STUDY.json --encoder NAME --remedy ${remedy.name}`,
    );
  const names = namesOfOutputs(description);
  const wanted = output ?? names[0];
  if (!names.includes(wanted) || (output === undefined && names.length > 1))
    throw new StudyError(
      `has ${names.length === 1 ? "the output" : "several outputs"} ${names.join(", ")}; name one of them as --encoder`,
      { path },
    );
  const finished = await readFinished(study, wanted);
  checkSame(file, finished, study);
  const affine = fit(remedy, finished.rows);
  const { layer: _, ...own } = description.outputs[names.indexOf(wanted)];
  const what = softmax ? "probabilities" : "scores (logarithms of probabilities, up to a constant)";
  return exportEncoder(
    file,
    [{ output: own, affine, softmax }],
    given({
      out,
      name,
      force,
      title: `${description.title ?? description.name}, with the remedy ${remedy.name}`,
      notes: [
        ...(remedy.kind === "dfr"
          ? [`The features are ${what} of the classes ${finished.classes.join(", ")}.`]
          : []),
        `The remedy ${remedy.name} of ${wanted} was fitted on all ${finished.cells} cells of the study "${finished.results.report.title}" in ${finished.settings.join(", ")}. On these cells it may look better than it is; what the study says of it comes from fits without the cells that are tested.`,
      ],
    }),
  );
}

/** What is applied to the features: the scores of the classes for `dfr`. */
function fit({ kind, value }: Remedy, train: readonly ClassRows[]): AffineMap {
  return isMapping(kind) ? MAPPINGS[kind](train, value) : scoreMap(fitDfr(train, train.length));
}

/** Without what is undefined. */
function given({ name, force, title, ...rest }: Undefined<ExportEncoderOptions>): ExportEncoderOptions {
  return {
    ...rest,
    ...(name === undefined ? {} : { name }),
    ...(force === undefined ? {} : { force }),
    ...(title === undefined ? {} : { title }),
  } as ExportEncoderOptions;
}
type Undefined<T> = { [K in keyof T]: T[K] | undefined };

/** @throws StudyError where the study encoded with another network or description than is exported */
function checkSame(file: OnnxFile, { results: { record } }: FinishedRows, study: string): void {
  const { name } = file.description;
  const own = recordedEncoders([file])[name];
  if (canonicalJson(own) !== canonicalJson(record.encoders[name]))
    throw new StudyError(
      `was run with another encoder ${name} than ${file.path} is now (its network, preprocessing or outputs); run the study again`,
      { path: study },
    );
}

/** @throws StudyError for an encoder that is a program */
function networkOf(file: EncoderFile): OnnxFile {
  if (file.kind === "onnx") return file;
  throw new StudyError(
    "is a program, to which no layer can be appended; let it pool or map its features itself",
    { path: file.path },
  );
}

/** @throws StudyError for a remedy that is no layer of a network, with how it is had */
function checkLayer(remedy: Remedy): void {
  const { name, kind, retrained } = remedy;
  const fail = (text: string) => new StudyError(`${name} ${text}`);
  if (retrained)
    throw fail(
      kind === null
        ? "is another encoder, which is there already; use that one"
        : `is of another encoder, the retrained one; export that one: --encoder TWIN --remedy ${name.replace(/^[^+]*[+]/, "")}`,
    );
  if (changedBy(remedy) === "crops")
    throw fail(
      `changes what the encoder sees and is no layer of its network; write features of your cells with \`cellswap features CELLS --encoder NAME --remedy ${name}\`, or from code`,
    );
  if (changedBy(remedy) === "probes")
    throw fail("trains other probes and leaves the encoder as it is; there is nothing to export");
}
