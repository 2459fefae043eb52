import type { CellStore } from "../../cells/store.ts";
import type { FeatureSet } from "../../features/features.ts";
import { usableCores, usableMemory } from "../../files/machine.ts";
import { Pool } from "../../files/pool.ts";
import { sharePlan } from "../../swap/plan.ts";
import type { EvidenceRequest } from "./further.ts";
import type { ProbeJob } from "./jobs.ts";
import type { ProbeSetup } from "./worker.ts";

/** Features (values of all composites and sets) from which threads are worth their start, a quarter of a second each. */
const WORTH = 2e6;

/** Cells whose names a thread holds once more, at most. */
const MOST_CELLS = 200_000;

/** Memory that a thread may need: shares of variance take an eighth of it, the features that probes are fitted on the rest. */
const BYTES = 2 ** 30;

/** Threads that jobs of a study are to be done on; 0 where they are better done one after the other in this one. */
export function probeThreads(
  requests: readonly Pick<EvidenceRequest, "set" | "cells" | "index">[],
  workers = usableCores(),
): number {
  if (requests.length === 0 || requests[0].cells.count > MOST_CELLS) return 0;
  const rows = requests[0].index.plan.count;
  if (requests.reduce((sum, { set }) => sum + rows * set.dimension, 0) < WORTH) return 0;
  const threads = Math.min(workers, Math.floor(usableMemory() / BYTES));
  return threads < 2 ? 0 : threads;
}

/** Threads that do jobs of one study. Call `dispose` when done: they keep the process alive. */
export type ProbeThreads = Pool<ProbeJob, number>;

/**
 * @param store of the requests, as this thread has it open
 * @param onStep called after every step of any job
 */
export function startProbeThreads(
  requests: readonly (EvidenceRequest & { readonly set: FeatureSet })[],
  store: CellStore,
  threads: number,
  onStep: () => void,
): ProbeThreads {
  const { study, cells, selection, groups, index, layout } = requests[0];
  const init: ProbeSetup = {
    ...{ study, cells, selection, groups },
    path: layout.path,
    store: store.checked,
    plan: sharePlan(index.plan),
    sets: requests.map(({ set }) => set.shared),
  };
  return new Pool({
    base: import.meta.url,
    module: "worker",
    init,
    threads,
    work: "evidence",
    connect: (port) => {
      port.on("message", onStep);
      port.unref();
    },
  });
}
