import { InterruptedError, STOPPED } from "../errors.ts";
import type { Work } from "./cost/work.ts";
import { drawEvidence } from "./evidence/further.ts";
import { proportions } from "./inference.ts";
import { drawClaim } from "./proportions/claim.ts";
import { type Finished, request } from "./results.ts";
import { fitTransfer } from "./transfer.ts";

/** Fits what the report needs of every encoder, one fit at a time, so that a run can be stopped between them. */
export async function fitProbes(
  finished: Omit<Finished, "remedies" | "sensitivity">,
  {
    signal,
    work,
    onProgress,
  }: {
    readonly signal: AbortSignal | undefined;
    readonly work: Work;
    readonly onProgress: (done: number, total: number) => void;
  },
): Promise<void> {
  const between = async () => {
    await new Promise(setImmediate);
    if (signal?.aborted) throw new InterruptedError(STOPPED);
  };
  const count = finished.outputs.length;
  for (const [o, { set }] of finished.outputs.entries()) {
    const next = async (share: number) => {
      onProgress(o + share, count);
      await between();
    };
    await next(0);
    await fitTransfer(request(finished, set), between, work);
    await next(0.3);
    await drawEvidence(request(finished, set), between);
    await next(0.8);
    proportions(request(finished, set));
    await drawClaim(request(finished, set), between);
  }
  onProgress(count, count);
}
