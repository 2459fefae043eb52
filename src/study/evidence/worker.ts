import { type CheckedStore, CropFiles } from "../../cells/crops.ts";
import type { Groups } from "../../core/groups.ts";
import { FeatureSet, type SharedSet } from "../../features/features.ts";
import { serve } from "../../files/worker.ts";
import type { Cells, SwapPlan } from "../../types.ts";
import { PlanIndex } from "../block.ts";
import { Work } from "../cost/work.ts";
import { StudyLayout } from "../layout.ts";
import type { Study } from "../schema.ts";
import type { Selection } from "../select.ts";
import { doProbeJob, type ProbeJob } from "./jobs.ts";

/** What a thread needs to know of a study. */
export interface ProbeSetup {
  readonly study: Study;
  /** The study folder. */
  readonly path: string;
  readonly store: CheckedStore;
  readonly cells: Cells;
  readonly selection: Selection;
  readonly groups: Groups;
  readonly plan: SwapPlan;
  readonly sets: readonly SharedSet[];
}

/** Does jobs of a study and answers with the number of probes of all classes that were fitted; every step is told by the port. */
serve((setup: ProbeSetup, port) => {
  const { study, cells, selection, groups } = setup;
  const layout = new StudyLayout(setup.path);
  const store = new CropFiles(setup.store);
  const index = new PlanIndex(setup.plan);
  const requests = setup.sets.map((shared) => ({
    set: FeatureSet.openShared(shared),
    ...{ layout, store, cells, selection, index, study, groups },
  }));
  return async (job: ProbeJob): Promise<number> => {
    const work = new Work();
    await doProbeJob(job, requests, async () => port?.postMessage(null), work, 1);
    return work.probes;
  };
});
