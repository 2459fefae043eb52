import type { FeatureSet } from "../../features/features.ts";
import type { Remedy } from "../../remedy/name.ts";
import { PlanIndex } from "../block.ts";
import { evaluateBlocks } from "../blocks.ts";
import { PART_SETTINGS, type PartRequest, type PlanPart, partResults } from "../part.ts";
import { fitTransfer, transferPredictions } from "../transfer.ts";
import type { RemedyOutcome } from "./outcome.ts";
import { pause } from "./remedied.ts";

/** Fits and judges the probes on the features of remedied crops. */
export async function judged(
  request: PartRequest,
  crops: PlanPart,
  {
    encoder,
    remedy,
    set,
    bases,
  }: {
    readonly encoder: string;
    readonly remedy: Remedy;
    readonly set: Pick<FeatureSet, "name" | "dimension" | "key" | "read">;
    readonly bases: readonly string[];
  },
): Promise<RemedyOutcome> {
  const { study, selection, groups, layout, evaluation } = request;
  const index = new PlanIndex(crops.plan);
  const at = layout.remedies();
  const results = await evaluateBlocks({
    ...evaluation,
    layout: at,
    sets: [set],
    blocks: crops.blocks,
    index,
  });
  const asked = {
    set,
    layout,
    cells: request.pixels.store.cells,
    selection,
    index,
    study: { ...study, settings: PART_SETTINGS, backgrounds: [...crops.backgrounds] },
    groups,
  };
  await fitTransfer(asked, () => pause(evaluation.signal), evaluation.work);
  const predictions = transferPredictions(asked);
  return {
    encoder,
    remedy,
    results,
    judged: { plan: crops.plan, index, selection, groups },
    predictions,
    bases,
    files: [
      ...crops.blocks.map((block) => at.block(set.name, block)),
      ...(predictions === null
        ? []
        : [layout.stage("transfer", set.name), layout.view("probes.npy", set.name)]),
    ],
  };
}

/** What the study found of an encoder, on the backgrounds that remedies are judged on. */
export function asItIs(
  { study, layout, results, plan, index, selection, groups, outputs, pixels }: PartRequest,
  crops: PlanPart,
  name: string,
): Omit<RemedyOutcome, "encoder" | "remedy"> {
  const inCrops = (setting: string, background: string | null) =>
    crops.blocks.some((b) => b.setting === setting && b.background === background);
  const { set } = outputs.find((o) => o.set.name === name)!;
  const asked = { set, layout, cells: pixels.store.cells, selection, index, study, groups };
  const found = transferPredictions(asked);
  return {
    results: partResults(results, crops, name),
    judged: { plan, index, selection, groups },
    predictions: found && {
      ...found,
      blocks: found.blocks.filter((b) =>
        inCrops(b.setting, b.background < 0 ? null : found.classes[b.background]),
      ),
    },
    files: [],
    bases: [],
  };
}
