import type { Work } from "../cost/work.ts";
import { proportions } from "../inference.ts";
import { drawClaim } from "../proportions/claim.ts";
import { fitTransfer } from "../transfer.ts";
import { drawEvidence, EVIDENCE, type EvidenceRequest } from "./further.ts";

/** A part of what is drawn from features, by the positions of the feature sets that it is of. */
export interface ProbeJob {
  readonly what: "transfer" | "proportions" | (typeof EVIDENCE)[number]["id"];
  readonly sets: readonly number[];
}

/** Jobs by what they wait for; those of one list, and of `transfer` and `free`, may be done in any order. */
export interface ProbeJobs {
  readonly transfer: readonly ProbeJob[];
  readonly free: readonly ProbeJob[];
  /** What needs all of `transfer`. */
  readonly predicted: readonly ProbeJob[];
}

/** All jobs for `count` feature sets. */
export function probeJobs(count: number): ProbeJobs {
  const sets = Array.from({ length: count }, (_, set) => set);
  const each = (what: ProbeJob["what"]) => sets.map((set): ProbeJob => ({ what, sets: [set] }));
  const kinds = (predicted: boolean) => EVIDENCE.filter((k) => k.predicted === predicted && !k.together);
  return {
    transfer: each("transfer"),
    free: [...kinds(false).flatMap(({ id }) => each(id)), ...each("proportions")],
    predicted: [
      ...EVIDENCE.filter((k) => k.together).map(({ id }) => ({ what: id, sets })),
      ...kinds(true).flatMap(({ id }) => each(id)),
    ],
  };
}

/** Does one job, or finds what it makes in the study folder; `between` is awaited after every step. */
export async function doProbeJob(
  { what, sets }: ProbeJob,
  requests: readonly EvidenceRequest[],
  between: () => Promise<void>,
  work: Work,
  workers?: number,
): Promise<void> {
  for (const set of sets) {
    const request = requests[set];
    if (what === "transfer") await fitTransfer(request, between, work, workers);
    else if (what === "proportions") {
      await between();
      proportions(request);
      await drawClaim(request, between);
    } else await drawEvidence(EVIDENCE.find(({ id }) => id === what)!, request, between);
  }
}
