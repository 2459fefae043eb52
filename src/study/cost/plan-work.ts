import { join } from "node:path";
import { chosenPairs } from "../../evaluate/pair-sample.ts";
import type { FeatureSet } from "../../features/features.ts";
import { givenKey } from "../../features/given/given.ts";
import { lookUp, lookUpGiven } from "../../features/lookup.ts";
import { listBlocks } from "../block.ts";
import { type LookedUp, lackingFits } from "../blocks.ts";
import { curveParts } from "../curve.ts";
import type { StudyEncoder } from "../encoders.ts";
import { studySplits } from "../groups.ts";
import { StudyLayout } from "../layout.ts";
import type { PreparedStudy } from "../prepare.ts";
import { lackingTransfer } from "../transfer.ts";
import { planRemedies } from "./remedies.ts";
import { planSensitivity } from "./sensitivity.ts";
import { PlannedWork } from "./work.ts";

/** What the work of a study is counted from. */
export interface WorkRequest extends Omit<PreparedStudy, "close"> {
  readonly layout: StudyLayout;
  /** Folder of the features. */
  readonly features: string;
  /** Outputs in the order of the study file; their features can be read where none lacks. */
  readonly outputs: readonly {
    readonly encoder: StudyEncoder;
    readonly set: FeatureSet;
  }[];
  readonly evaluation: Omit<LookedUp, "layout" | "sets" | "blocks" | "index"> & Pick<LookedUp, "splits">;
}

/**
 * Counts what a run of a study would make, by what its folder lacks; the folder is looked at and not changed. What was
 * left there counts as whole.
 * @param out study folder; null where what is there will be replaced
 */
export async function planWork(prepared: PreparedStudy, out: string, force: boolean): Promise<PlannedWork> {
  const { study, store, plan, index, scales, selection, groups, targets, files } = prepared;
  // Where all is replaced, what is there counts for nothing.
  const layout = new StudyLayout(force ? join(out, ".replaced") : out);
  const features = study.features ?? layout.features;
  const work = new PlannedWork();
  const { composite } = study;
  const found = lookUp({ store, plan, scales, composite, encoders: targets, folder: features });
  work.encoded(found.composites, targets, found.encodings);
  work.bytes += found.bytes;
  const made = [...found.sets];
  const given = files.map(({ given: { name, hash }, file: { dimension } }) => {
    const key = givenKey(hash, store.header, plan);
    const { set, bytes } = lookUpGiven({ name, dimension, key }, plan, features);
    work.bytes += bytes;
    return set;
  });
  const outputs = prepared.encoders.flatMap((encoder): WorkRequest["outputs"][number][] => {
    if (encoder.kind === "given") {
      const set = given.shift()!;
      return [{ encoder, set }];
    }
    const target = targets.find((t) => t.encoder === encoder)!;
    return made.splice(0, target.names.length).map((set) => ({ encoder, set }));
  });
  const evaluation = {
    classes: selection.classes,
    rows: selection.rows,
    pairs: study.pairs === "all" ? undefined : chosenPairs(selection.classes, study.pairs, study.seed),
    splits: studySplits(study, groups, selection),
  };
  const blocks = listBlocks(study.settings, study.backgrounds ?? selection.classes);
  const request: WorkRequest = { ...prepared, layout, features, outputs, evaluation };
  for (const { set } of outputs) {
    const whole = { ...evaluation, layout, blocks, index, sets: [set] };
    work.fit(lackingFits(whole), set.dimension);
    for (const { part } of curveParts(whole, study, groups))
      if (part !== null) work.fit(lackingFits({ ...whole, ...part }), set.dimension);
    const asked = { set, layout, cells: store.cells, selection, index, study, groups };
    work.probe(lackingTransfer(asked), set.dimension);
  }
  await planRemedies(request, work);
  planSensitivity(request, work);
  return work;
}
