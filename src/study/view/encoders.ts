import type { ViewEncoder } from "../../explore/format.ts";
import { changedBy, type Remedy } from "../../remedy/name.ts";
import { encoderName, outputNames } from "../encoders.ts";
import type { Finished, StudiedOutput } from "../results.ts";
import { transferPredictions } from "../transfer.ts";
import type { EncoderView } from "./composites.ts";

/** What is written of one encoder, and what a page must know of it. */
export interface ViewedEncoder extends Pick<EncoderView, "set" | "mapped" | "predictions"> {
  readonly about: Omit<ViewEncoder, "predicted" | "map">;
}

/** Every output of every encoder, then those that are remedied; one at a time, so that the predictions of one are held. */
export function* viewed(finished: Finished): Generator<ViewedEncoder> {
  for (const output of finished.outputs) yield asItIs(finished, output);
  yield* remedied(finished);
}

/** An output of an encoder as it is. */
function asItIs(finished: Finished, output: StudiedOutput): ViewedEncoder {
  const { set } = output;
  return {
    about: aboutOutput(output),
    set,
    mapped: true,
    predictions: transferPredictions({ ...finished, set, cells: finished.store.cells }),
  };
}

/**
 * Remedied outputs that predictions are there of. Where a remedy leaves the features of the encoder as they are, or is a
 * map of them that its probes hold, new composites are predicted as without it; twins as they are stand for themselves.
 */
function remedied({ outputs, remedies }: Finished): ViewedEncoder[] {
  return remedies.outcomes.flatMap(({ remedy, predictions, results: [first] }): ViewedEncoder[] => {
    if (remedy.kind === null || predictions === null || first === undefined) return [];
    const name = first.encoder;
    const output = outputs.find(({ set }) => name.startsWith(`${set.name}+`))!;
    const about = aboutOutput(output);
    const own = isOfFeatures(remedy);
    const runs: ViewEncoder["runs"] = own
      ? about.runs
      : { where: "none", why: `the remedy ${remedy.name} changes what is encoded, which is not done here` };
    return [
      {
        about: { ...about, name, remedy: { name: remedy.name, of: output.set.name }, runs },
        set: own ? output.set : null,
        mapped: remedy.kind === "augmented" || remedy.kind === "dfr",
        predictions,
      },
    ];
  });
}

function isOfFeatures(remedy: Remedy): boolean {
  const changed = changedBy(remedy);
  return changed === "features" || changed === "probes";
}

function aboutOutput({ encoder, set }: StudiedOutput): ViewedEncoder["about"] {
  const given = encoder.kind === "given";
  return {
    name: set.name,
    output: outputNames(encoder).indexOf(set.name),
    description: given ? null : `encoders/${encoderName(encoder)}.json`,
    title: given ? "features made elsewhere" : (encoder.description.title ?? ""),
    dimension: set.dimension,
    remedy: null,
    runs: given
      ? { where: "none", why: "its features were made elsewhere" }
      : { where: encoder.kind === "command" ? "server" : "page", why: null },
  };
}
