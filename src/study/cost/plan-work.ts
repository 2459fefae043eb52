import { join } from "node:path";
import { listBlocks } from "../block.ts";
import { type LookedUp, lackingFits } from "../blocks.ts";
import { curveParts } from "../curve.ts";
import { StudyLayout } from "../layout.ts";
import { chosenEvaluation, lookUpOutputs, type StudyOutput } from "../outputs.ts";
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
  readonly outputs: readonly StudyOutput[];
  readonly evaluation: Omit<LookedUp, "layout" | "sets" | "blocks" | "index"> & Pick<LookedUp, "splits">;
}

/**
 * Counts what a run of a study would make, by what its folder lacks; the folder is looked at and not changed. What was
 * left there counts as whole.
 * @param out study folder; null where what is there will be replaced
 */
export async function planWork(prepared: PreparedStudy, out: string, force: boolean): Promise<PlannedWork> {
  const { study, store, index, selection, groups, targets } = prepared;
  // Where all is replaced, what is there counts for nothing.
  const layout = new StudyLayout(force ? join(out, ".replaced") : out);
  const features = study.features ?? layout.features;
  const work = new PlannedWork();
  const { outputs, found, bytes } = lookUpOutputs(prepared, features);
  work.encoded(found.composites, targets, found.encodings);
  work.bytes += bytes;
  const evaluation = chosenEvaluation(prepared);
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
