import { InterruptedError, STOPPED } from "../errors.ts";
import { memoryLeft, usableCores } from "../files/machine.ts";
import { stoppable } from "./blocks.ts";
import type { Work } from "./cost/work.ts";
import { doProbeJob, type ProbeJob, probeJobs } from "./evidence/jobs.ts";
import { type ProbeSize, probeThreads, startProbeThreads } from "./evidence/threads.ts";
import { type Finished, request } from "./results.ts";
import { isFittedInPieces } from "./transfer.ts";

/** Share of what is left of a job that is left after a step: nobody knows how many steps there are. */
const LEFT = 0.95;

export interface ProbeOptions {
  readonly signal: AbortSignal | undefined;
  readonly work: Work;
  /** Threads; one per core by default. */
  readonly workers: number | undefined;
  readonly onProgress: (done: number, total: number) => void;
}

/**
 * Fits what the report needs of every encoder and leaves it in the study folder, on threads where it takes long; a run
 * can be stopped between its steps.
 */
export async function fitProbes(
  finished: Parameters<typeof request>[0] & Pick<Finished, "outputs" | "plan">,
  { signal, work, workers, onProgress }: ProbeOptions,
): Promise<void> {
  const requests = finished.outputs.map(({ set }) => request(finished, set));
  const { transfer, free, predicted } = probeJobs(requests.length);
  const count = transfer.length + free.length + predicted.length;
  let [done, left] = [0, 1];
  const onStep = () => {
    left *= LEFT;
    onProgress(done + 1 - left, count);
  };
  const onDone = () => {
    left = 1;
    onProgress(++done, count);
  };
  onProgress(0, count);
  const here = async (jobs: readonly ProbeJob[]) => {
    for (const job of jobs) {
      await doProbeJob(job, requests, pause, work, workers);
      onDone();
    }
  };
  const pause = async () => {
    onStep();
    await new Promise(setImmediate);
    if (signal?.aborted) throw new InterruptedError(STOPPED);
  };
  const { selection, plan, store } = finished;
  const size: ProbeSize = {
    composites: plan.count,
    cells: store.count,
    selected: selection.rows.reduce((sum, own) => sum + own.length, 0),
    dimensions: requests.map(({ set }) => set.dimension),
  };
  const threads = probeThreads(size, workers ?? usableCores(), memoryLeft());
  if (threads === 0) {
    for (const jobs of [transfer, free, predicted]) await here(jobs);
    return;
  }
  // These use all threads by themselves.
  const inPieces = ({ sets }: ProbeJob) => isFittedInPieces(requests[sets[0]]);
  await here(transfer.filter(inPieces));
  const pool = startProbeThreads(requests, store, threads, onStep);
  const all = (jobs: readonly ProbeJob[]) =>
    pool.each(jobs, (probes) => {
      work.probes += probes;
      onDone();
    });
  try {
    await stoppable(() => {
      const first = all(transfer.filter((job) => !inPieces(job)));
      return Promise.all([all(free), first.then(() => all(predicted))]);
    }, signal);
  } finally {
    await pool.dispose();
  }
}
