import { InterruptedError, STOPPED } from "../errors.ts";
import { stoppable } from "./blocks.ts";
import type { Work } from "./cost/work.ts";
import { doProbeJob, type ProbeJob, probeJobs } from "./evidence/jobs.ts";
import { probeThreads, startProbeThreads } from "./evidence/threads.ts";
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
  finished: Omit<Finished, "remedies" | "sensitivity">,
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
  const threads = probeThreads(requests, workers);
  if (threads === 0) {
    for (const jobs of [transfer, free, predicted]) await here(jobs);
    return;
  }
  // These use all threads by themselves.
  const inPieces = ({ sets }: ProbeJob) => isFittedInPieces(requests[sets[0]]);
  await here(transfer.filter(inPieces));
  const pool = startProbeThreads(requests, finished.store, threads, onStep);
  const all = (jobs: readonly ProbeJob[]) =>
    pool.each(jobs, (probes) => {
      work.probes += probes;
      onDone();
    });
  try {
    const first = all(transfer.filter((job) => !inPieces(job)));
    await stoppable(() => Promise.all([all(free), first.then(() => all(predicted))]), signal);
  } finally {
    await pool.dispose();
  }
}
