import type { CellStore } from "../../cells/store.ts";
import type { FeatureSet } from "../../features/features.ts";
import { Pool } from "../../files/pool.ts";
import { sharePlan } from "../../swap/plan.ts";
import type { EvidenceRequest } from "./further.ts";
import type { ProbeJob } from "./jobs.ts";
import type { ProbeSetup } from "./worker.ts";

/** Features (values of all composites and sets) from which threads are worth their start, a quarter of a second each. */
const WORTH = 2e6;

/** Cells whose names a thread holds once more, at most. */
const MOST_CELLS = 200_000;

/** Memory that a thread needs beside the features that a probe is fitted on: its own, names of cells, shares of variance. */
const THREAD_BYTES = 2 ** 28;

/** Memory of one thread whose probes are fitted on `rows` cells of `dimension` features, in float32 and float64. */
export const probeThreadBytes = (rows: number, dimension: number) => THREAD_BYTES + 12 * rows * dimension;

/** What decides how many threads are worth it. */
export interface ProbeSize {
  readonly composites: number;
  /** Cells of the store. */
  readonly cells: number;
  /** Cells of the study. */
  readonly selected: number;
  /** Features of every output. */
  readonly dimensions: readonly number[];
}

/**
 * Threads that jobs of a study are to be done on; 0 where they are better done one after the other in this one.
 * @param memory bytes that may be taken
 */
export function probeThreads(
  { composites, cells, selected, dimensions }: ProbeSize,
  workers: number,
  memory: number,
): number {
  if (cells > MOST_CELLS || dimensions.reduce((sum, d) => sum + composites * d, 0) < WORTH) return 0;
  const threads = Math.min(workers, Math.floor(memory / probeThreadBytes(selected, Math.max(...dimensions))));
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
