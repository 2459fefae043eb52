import { chosenPairs } from "../evaluate/pair-sample.ts";
import type { FeatureSet } from "../features/features.ts";
import { givenKey } from "../features/given/given.ts";
import { type Lookup, lookUp, lookUpGiven } from "../features/lookup.ts";
import type { Evaluation } from "./blocks.ts";
import type { StudyEncoder } from "./encoders.ts";
import { studySplits } from "./groups.ts";
import type { PreparedStudy } from "./prepare.ts";

/** An output of an encoder of a study, and its features. */
export interface StudyOutput {
  readonly encoder: StudyEncoder;
  /** Can be read where nothing lacks, and knows its keys in any case. */
  readonly set: FeatureSet;
}

/** What features are looked up by. */
export type Encoded = Pick<PreparedStudy, "study" | "store" | "plan" | "scales" | "encoders" | "targets"> & {
  readonly files: readonly {
    readonly given: Pick<PreparedStudy["files"][number]["given"], "name" | "hash">;
    readonly file: { readonly dimension: number };
  }[];
};

/**
 * Looks up what a folder of features holds of a study; changes nothing.
 * @returns outputs in the order of the study file, what encoders that are run lack, and the bytes that will be written
 */
export function lookUpOutputs(
  { study, store, plan, scales, encoders, targets, files }: Encoded,
  folder: string,
): { readonly outputs: StudyOutput[]; readonly found: Lookup; readonly bytes: number } {
  const { composite } = study;
  const found = lookUp({ store, plan, scales, composite, encoders: targets, folder });
  const made = [...found.sets];
  let { bytes } = found;
  const given = files.map(({ given: { name, hash }, file: { dimension } }) => {
    const key = givenKey(hash, store.header, plan);
    const own = lookUpGiven({ name, dimension, key }, plan, folder);
    bytes += own.bytes;
    return own.set;
  });
  const outputs = encoders.flatMap((encoder): StudyOutput[] => {
    if (encoder.kind === "given") return [{ encoder, set: given.shift()! }];
    const target = targets.find((t) => t.encoder === encoder)!;
    return made.splice(0, target.names.length).map((set) => ({ encoder, set }));
  });
  return { outputs, found, bytes };
}

/** Which classes, cells and pairs the probes of a study are fitted on, and how they are split. */
export function chosenEvaluation({
  study,
  selection,
  groups,
}: Pick<PreparedStudy, "study" | "selection" | "groups">): Pick<
  Evaluation,
  "classes" | "rows" | "pairs" | "splits"
> {
  const { classes, rows } = selection;
  return {
    classes,
    rows,
    pairs: study.pairs === "all" ? undefined : chosenPairs(classes, study.pairs, study.seed),
    splits: studySplits(study, groups, selection),
  };
}
