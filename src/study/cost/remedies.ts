import { allPairs } from "../../evaluate/pair-sample.ts";
import { lookUp } from "../../features/lookup.ts";
import { changedBy, parseRemedies, type Remedy } from "../../remedy/name.ts";
import { PlanIndex } from "../block.ts";
import { type LookedUp, lackingFits } from "../blocks.ts";
import { PART_SETTINGS, type PlanPart, planPart } from "../part.ts";
import { lackingProbes } from "../predicted.ts";
import { donorsFor } from "../remedies/donors.ts";
import { isMapping } from "../remedies/feature-remedies.ts";
import { lookUpPixels } from "../remedies/pixels.ts";
import { poolTargets } from "../remedies/pool.ts";
import { keptBlock, remedied } from "../remedies/remedied.ts";
import { pixelRequest, pooledOutputs, remediedTargets } from "../remedies/request.ts";
import { nameOf, type Task, tasksOf } from "../remedies/tasks.ts";
import { lackingTransfer } from "../transfer.ts";
import type { WorkRequest } from "./plan-work.ts";
import type { PlannedWork } from "./work.ts";

/** Donors at most that recompose chooses by itself. */
const MOST_DONORS = 8;

/** Adds what the remedies of a study would make. */
export async function planRemedies(request: WorkRequest, work: PlannedWork): Promise<void> {
  const { study, plan, selection } = request;
  const remedies = parseRemedies(study.remedies ?? []);
  if (remedies.length === 0) return;
  const crops = planPart(plan, study, selection);
  for (const task of tasksOf(request, remedies).tasks)
    switch (changedBy(task.remedy)) {
      case null:
        break;
      case "crops":
        planShown(request, crops, task, work);
        break;
      case "network":
        await planPooled(request, crops, task, work);
        break;
      default:
        planFitted(request, crops, task, work);
    }
}

/** A remedy that changes what the encoder sees. */
function planShown(request: WorkRequest, crops: PlanPart, task: Task, work: PlannedWork): void {
  for (const [donors, pairs] of byDonors(request, task, work)) {
    const remedy: Remedy = donors === null ? task.remedy : { ...task.remedy, value: donors };
    const targets = remediedTargets(request, { remedy: task.remedy, pairs });
    const { averaged, ...found } = lookUpPixels(pixelRequest(partRequest(request), crops), remedy, targets);
    work.encoded(found.composites, targets, found.encodings);
    work.bytes += found.bytes;
    for (const { of } of pairs)
      planJudged(request, crops, averaged.find(({ name }) => name === nameOf(of, task.remedy))!, work);
  }
}

/** Outputs of a task by the number of donors that they are recomposed onto; null: the remedy's own. */
function byDonors(
  request: WorkRequest,
  { remedy, pairs }: Task,
  work: PlannedWork,
): Map<number | null, Task["pairs"]> {
  if (remedy.kind !== "recompose" || remedy.value !== null) return new Map([[null, pairs]]);
  const names = pairs.map(({ of }) => of);
  const outputs = request.outputs.filter(({ set }) => names.includes(set.name));
  if (!outputs.every(({ set }) => set.whole)) {
    // How many are enough is told by features that are not there yet.
    work.atMost = true;
    return new Map([[MOST_DONORS, pairs]]);
  }
  const curves = donorsFor({ ...request, pixels: { store: request.store } }, names);
  const groups = new Map<number, { encoder: string; of: string }[]>();
  for (const pair of pairs) {
    const { donors } = curves.get(pair.of)!;
    groups.set(donors, [...(groups.get(donors) ?? []), pair]);
  }
  return groups;
}

/** A remedy that takes other features from the encoder. */
async function planPooled(
  request: WorkRequest,
  crops: PlanPart,
  task: Task,
  work: PlannedWork,
): Promise<void> {
  const { pixels } = partRequest(request);
  const { targets } = await poolTargets(pooledOutputs(request, task), pixels.store, {});
  const found = lookUp({ ...pixels, plan: crops.plan, encoders: targets });
  work.encoded(found.composites, targets, found.encodings);
  work.bytes += found.bytes;
  for (const set of found.sets) planJudged(request, crops, set, work);
}

/** The probes on the features of remedied crops. */
function planJudged(
  { study, store, selection, groups, layout, evaluation }: WorkRequest,
  crops: PlanPart,
  set: LookedUp["sets"][number] & Parameters<typeof lackingTransfer>[0]["set"],
  work: PlannedWork,
): void {
  const index = new PlanIndex(crops.plan);
  const blocks = { ...evaluation, layout: layout.remedies(), sets: [set], blocks: crops.blocks, index };
  work.fit(lackingFits(blocks), set.dimension);
  const asked = { set, layout, cells: store.cells, selection, index, groups };
  const part = { ...study, settings: PART_SETTINGS, backgrounds: [...crops.backgrounds] };
  work.probe(lackingTransfer({ ...asked, study: part }), set.dimension);
}

/** A remedy that is fitted to the features that are there; one that refuses them takes less. */
function planFitted(request: WorkRequest, crops: PlanPart, { remedy, pairs }: Task, work: PlannedWork): void {
  const { layout, index, groups, evaluation, outputs } = request;
  work.atMost = true;
  for (const { of } of pairs) {
    const { set } = outputs.find((o) => o.set.name === of)!;
    const name = nameOf(of, remedy);
    const { block } = layout.remedies();
    const at = { block, stage: layout.stage.bind(layout), view: layout.view.bind(layout) };
    const grid = () => {
      throw new RangeError("nothing is fitted");
    };
    const asked = { ...evaluation, name, set, blocks: crops.blocks, index, groups, layout: at, grid };
    const own = isMapping(remedy.kind)
      ? remedied(asked, remedy.kind, remedy.value)
      : remedied(asked, remedy.kind!);
    const pairsOf = evaluation.pairs ?? allPairs(own.classes.length);
    const lacking = own.blocks.flatMap((b, k) => (keptBlock(own, b) === undefined ? [k] : []));
    const both = (b: number) =>
      pairsOf.filter(([i, j]) => own.present[i].includes(b) && own.present[j].includes(b));
    const machines = isMapping(remedy.kind)
      ? lacking.reduce((n, b) => n + both(b).length, 0)
      : remedy.kind === "augmented" && lacking.length > 0
        ? pairsOf.length
        : 0;
    work.fit(machines * groups.count, set.dimension);
    work.probe(lackingProbes({ layout: at, name, key: own.key, probes: groups }), set.dimension);
  }
}

/** What parts of a study are made anew of. */
export function partRequest(request: WorkRequest) {
  const { study, selection, groups, store, scales, features, layout, targets } = request;
  const pixels = { store, scales, composite: study.composite, folder: features };
  return { study, selection, groups, pixels, layout, targets };
}
