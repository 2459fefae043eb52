import { InterruptedError, STOPPED } from "../errors.ts";
import type { Work } from "./cost/work.ts";
import { drawEvidence } from "./evidence/further.ts";
import { proportions } from "./inference.ts";
import { drawClaim } from "./proportions/claim.ts";
import { type Finished, request } from "./results.ts";
import { fitTransfer } from "./transfer.ts";

/** Share of what is left that is left after a step. */
const LEFT = 0.95;

/** Fits what the report needs of every encoder, one fit at a time, so that a run can be stopped between them. */
export async function fitProbes(
  finished: Omit<Finished, "remedies" | "sensitivity">,
  {
    signal,
    work,
    workers,
    onProgress,
  }: {
    readonly signal: AbortSignal | undefined;
    readonly work: Work;
    /** Threads; one per core by default. */
    readonly workers: number | undefined;
    readonly onProgress: (done: number, total: number) => void;
  },
): Promise<void> {
  const count = finished.outputs.length;
  for (const [o, { set }] of finished.outputs.entries()) {
    // Nobody knows how many steps there are: each takes a part of what is left of the part that all of them have.
    const between = (from: number, to: number) => {
      let left = to - from;
      return async () => {
        left *= LEFT;
        onProgress(o + to - left, count);
        await new Promise(setImmediate);
        if (signal?.aborted) throw new InterruptedError(STOPPED);
      };
    };
    onProgress(o, count);
    await fitTransfer(request(finished, set), between(0, 0.3), work, workers);
    await drawEvidence(request(finished, set), between(0.3, 0.8));
    const claimed = between(0.8, 1);
    await claimed();
    proportions(request(finished, set));
    await drawClaim(request(finished, set), claimed);
  }
  onProgress(count, count);
}
