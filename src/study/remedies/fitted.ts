import { InterruptedError, isCellswapError } from "../../errors.ts";
import type { FeatureSet } from "../../features/features.ts";
import type { Remedy } from "../../remedy/name.ts";
import type { PartRequest, PlanPart } from "../part.ts";
import { evaluateMapped, isMapping } from "./feature-remedies.ts";
import type { RemedyOutcome, RemedyRefused } from "./outcome.ts";
import { evaluateAugmented, evaluateDfr } from "./probe-remedies.ts";
import type { RemedyEvaluation, RemedyResult } from "./remedied.ts";

/** Evaluates a remedy that is fitted to the features that a study has already. */
function evaluate(of: RemedyEvaluation, { kind, value }: Remedy): Promise<RemedyResult> {
  if (kind === "augmented") return evaluateAugmented(of);
  if (kind === "dfr") return evaluateDfr(of);
  if (isMapping(kind)) return evaluateMapped(of, kind, value);
  throw new RangeError(`${kind} is not fitted to features`);
}

/**
 * What such a remedy makes of one output of an encoder, or why it cannot be had of it.
 * @param set features of the study's plan; @param name of the results
 */
export async function fitted(
  request: PartRequest,
  crops: PlanPart,
  remedy: Remedy,
  { encoder, name, set }: { encoder: string; name: string; set: FeatureSet },
): Promise<RemedyOutcome | RemedyRefused> {
  const { layout, plan, index, selection, groups, evaluation } = request;
  const { block } = layout.remedies();
  const { blocks } = crops;
  const of = {
    ...evaluation,
    name,
    set,
    blocks,
    index,
    groups,
    layout: { block, stage: layout.stage.bind(layout), view: layout.view.bind(layout) },
  };
  try {
    const result = await evaluate(of, remedy);
    return {
      ...result,
      encoder,
      remedy,
      judged: { plan, index, selection, groups },
      bases: [],
      files: [
        ...blocks.map((b) => block(name, b)),
        layout.stage("transfer", name),
        layout.view("probes.npy", name),
      ],
    };
  } catch (error) {
    // What names a file is about the folder, not the remedy.
    if (!isCellswapError(error) || error instanceof InterruptedError || error.path !== undefined) throw error;
    return { encoder, remedy: remedy.name, why: error.message };
  }
}
