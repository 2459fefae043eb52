import { basename, extname } from "node:path";
import { namesOfOutputs } from "../encode/description.ts";
import { DEVICE_TOLERANCE } from "../encode/device.ts";
import { type EncoderFile, readEncoder } from "../encode/encoder-file.ts";
import { StudyError } from "../errors.ts";
import { type GivenFeatures, readGiven } from "../features/given/given.ts";
import { RESERVED } from "./layout.ts";
import type { Study } from "./schema.ts";
import { UnusableEncoders } from "./unusable.ts";

/** What a study has in the place of an encoder: one that is run, or features that were made elsewhere. */
export type StudyEncoder = EncoderFile | GivenFeatures;

/** Reads what a study names as encoders. @throws DataError, StudyError naming the files, or the encoders */
export function readEncoders(study: Pick<Study, "encoders">): StudyEncoder[] {
  const unusable = new UnusableEncoders(study.encoders.length);
  const encoders: StudyEncoder[] = [];
  for (const entry of study.encoders)
    try {
      encoders.push(typeof entry === "string" ? readEncoder(entry) : readGiven(entry));
    } catch (error) {
      if (typeof entry === "string") unusable.add(basename(entry, extname(entry)), entry, error);
      else unusable.add(entry.name, entry.features, error);
    }
  unusable.check(encoders.map(encoderName));
  checkEncoders(encoders);
  return encoders;
}

/** Name of an encoder, without its outputs. */
export function encoderName(encoder: StudyEncoder): string {
  return encoder.kind === "given" ? encoder.name : encoder.description.name;
}

/** What a report says of an encoder besides its name. */
export function aboutEncoder(encoder: StudyEncoder): { title: string; notes: readonly string[] } {
  if (encoder.kind === "given") return { title: "features made elsewhere", notes: [] };
  const { title = "", notes = [] } = encoder.description;
  return { title, notes };
}

/** Where encoders ran, as the report says it: each place with their names where there are several. */
export function encodedOn(encoders: readonly StudyEncoder[]): string {
  const by = new Map<string, Set<string>>();
  for (const encoder of encoders) {
    const place = placeOf(encoder);
    by.set(place, (by.get(place) ?? new Set()).add(encoderName(encoder)));
  }
  if (by.size === 1) return [...by.keys()][0];
  return [...by].map(([place, names]) => `${place}: ${[...names].join(", ")}`).join("; ");
}

function placeOf(encoder: StudyEncoder): string {
  if (encoder.kind === "given") return "features made elsewhere";
  if (encoder.kind === "command") return "a program";
  return encoder.device === "cpu"
    ? "the processor"
    : `${encoder.device} (ONNX Runtime; the first crops agree with the processor to ${DEVICE_TOLERANCE})`;
}

/** What the record of a study holds of its encoders, by name. */
export function recordedEncoders(encoders: readonly StudyEncoder[]): Record<string, unknown> {
  return Object.fromEntries(
    encoders.map((encoder) => {
      if (encoder.kind === "given") return [encoder.name, { features: encoder.hash }];
      const { name, input, preprocess, outputs } = encoder.description;
      const own =
        encoder.kind === "command"
          ? { command: encoder.description.command, files: encoder.files }
          : encoder.description.extraInputs === undefined
            ? {}
            : { extraInputs: encoder.description.extraInputs };
      return [name, { model: encoder.hash, ...own, input, preprocess, outputs }];
    }),
  );
}

/** Names of all outputs of an encoder in tables. */
export function outputNames(encoder: StudyEncoder): string[] {
  return encoder.kind === "given" ? [encoder.name] : namesOfOutputs(encoder.description);
}

/** Refuses encoders whose results would overwrite each other. @throws StudyError naming the encoder. */
export function checkEncoders(encoders: readonly StudyEncoder[]): void {
  const byName = new Map<string, StudyEncoder>();
  for (const encoder of encoders) {
    const name = encoderName(encoder);
    const other = byName.get(name);
    if (other !== undefined)
      throw new StudyError(
        other.path === encoder.path
          ? `the encoder ${encoder.path} is listed twice; list it once`
          : `two encoders are called ${name} (${other.path}, ${encoder.path}); rename one ${encoder.kind === "given" ? "in the study file" : "in its description"}`,
      );
    byName.set(name, encoder);
  }
  const seen = new Map<string, string>();
  for (const encoder of encoders)
    for (const output of outputNames(encoder)) {
      // On many disks Aa and aa are one file.
      const key = output.toLowerCase();
      if (RESERVED.has(key) || /[/\\]|^\./.test(output))
        throw new StudyError(`an encoder cannot be called ${output}; rename it`, { path: encoder.path });
      if (output.length > 100)
        throw new StudyError(
          `the name ${output.slice(0, 20)}... has ${output.length} characters, more than 100; shorten the encoder's name or the layer's`,
          { path: encoder.path },
        );
      if (seen.has(key))
        throw new StudyError(
          `two outputs would both be called ${output}; give each output a "layer" of its own, or rename the encoder`,
          { path: encoder.path },
        );
      seen.set(key, encoder.path);
    }
}
