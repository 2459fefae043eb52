import { changedBy, parseRemedies } from "../../remedy/name.ts";
import { type PartRequest, type PlanPart, planPart } from "../part.ts";
import { donorsFor } from "./donors.ts";
import { fitted } from "./fitted.ts";
import { asItIs, judged } from "./judged.ts";
import type { RemedyOutcome, RemedyOutcomes, RemedyRefused } from "./outcome.ts";
import { pixelFeatures } from "./pixels.ts";
import { pooledFeatures, poolTargets } from "./pool.ts";
import { pixelRequest, pooledOutputs, remediedTargets } from "./request.ts";
import { nameOf, type Task, tasksOf } from "./tasks.ts";

/**
 * Runs the remedies that a study names: what each makes of the composites of the study's own plan in the settings that
 * it is judged by. What an earlier run left is used where its key still fits.
 * @throws StudyError for a remedy that is none
 */
export async function runRemedies(request: PartRequest): Promise<RemedyOutcomes> {
  const { study, plan, selection } = request;
  const remedies = parseRemedies(study.remedies ?? []);
  if (remedies.length === 0) return { none: [], outcomes: [], refused: [], composites: 0 };
  const crops = planPart(plan, study, selection);
  const { bases, tasks, refused } = tasksOf(request, remedies);
  const none = bases.map((encoder) => ({ encoder, ...asItIs(request, crops, encoder) }));
  const outcomes: RemedyOutcome[] = [];
  let composites = 0;
  for (const [i, task] of tasks.entries()) {
    const onProgress = (share: number) =>
      request.onProgress?.(Math.floor(10 * (i + share)) / 10, tasks.length);
    onProgress(0);
    const found = await perform(request, crops, task, onProgress);
    outcomes.push(...found.outcomes);
    refused.push(...found.refused);
    composites += found.composites;
  }
  request.onProgress?.(tasks.length, tasks.length);
  return { none, outcomes, refused, composites };
}

/** Runs one remedy of all its outputs. */
async function perform(
  request: PartRequest,
  crops: PlanPart,
  task: Task,
  onProgress: (share: number) => void,
): Promise<Omit<RemedyOutcomes, "none">> {
  switch (changedBy(task.remedy)) {
    case null:
      return { outcomes: retrained(request, crops, task), refused: [], composites: 0 };
    case "crops":
      return task.remedy.kind === "recompose" && task.remedy.value === null
        ? recomposed(request, crops, task, onProgress)
        : shown(request, crops, task, onProgress);
    case "network":
      return pooled(request, crops, task, onProgress);
    default:
      return fittedOnFeatures(request, crops, task, onProgress);
  }
}

/** Recomposition of every output onto as many donors as its features ask for. */
async function recomposed(
  request: PartRequest,
  crops: PlanPart,
  { remedy, pairs }: Task,
  onProgress: (share: number) => void,
): Promise<Omit<RemedyOutcomes, "none">> {
  const curves = donorsFor(
    request,
    pairs.map(({ of }) => of),
  );
  const outcomes: RemedyOutcome[] = [];
  let composites = 0;
  const numbers = [...new Set([...curves.values()].map(({ donors }) => donors))];
  for (const [i, donors] of numbers.entries()) {
    const own = pairs.filter(({ of }) => curves.get(of)!.donors === donors);
    const found = await shown(request, crops, { remedy, pairs: own, donors }, (share) =>
      onProgress((i + share) / numbers.length),
    );
    outcomes.push(...found.outcomes.map((o, k) => ({ ...o, donors: curves.get(own[k].of)! })));
    composites += found.composites;
  }
  return { outcomes, refused: [], composites };
}

/** A remedy that changes what the encoder sees: encodes it, then judges it. */
async function shown(
  request: PartRequest,
  crops: PlanPart,
  { remedy, pairs, donors }: Task,
  onProgress: (share: number) => void,
): Promise<Omit<RemedyOutcomes, "none">> {
  const behind = (name: string) => nameOf(name, remedy);
  const features = await pixelFeatures(
    pixelRequest(request, crops),
    donors === undefined ? remedy : { ...remedy, value: donors },
    remediedTargets(request, { remedy, pairs }),
    { ...request.extractOptions, onProgress: (done, total) => onProgress((0.8 * done) / Math.max(1, total)) },
  );
  try {
    const outcomes: RemedyOutcome[] = [];
    for (const { encoder, of } of pairs) {
      const set = features.sets.find(({ name }) => name === behind(of))!;
      const bases = features.made.find(({ name }) => name === behind(of))!.bases;
      outcomes.push(await judged(request, crops, { encoder, remedy, set, bases }));
    }
    return { outcomes, refused: [], composites: features.composites };
  } finally {
    for (const set of features.made) set.close();
  }
}

/** A remedy that takes other features from the encoder: encodes the composites with these, then judges them. */
async function pooled(
  request: PartRequest,
  crops: PlanPart,
  { remedy, pairs }: Task,
  onProgress: (share: number) => void,
): Promise<Omit<RemedyOutcomes, "none">> {
  const { pixels, extractOptions } = request;
  const wanted = pooledOutputs(request, { remedy, pairs });
  const { targets, refused } = await poolTargets(wanted, pixels.store, extractOptions);
  const { sets, composites } = await pooledFeatures({ ...pixels, crops }, targets, {
    ...extractOptions,
    onProgress: (done, total) => onProgress((0.8 * done) / Math.max(1, total)),
  });
  try {
    const outcomes: RemedyOutcome[] = [];
    for (const { encoder, of } of pairs) {
      const set = sets.find(({ name }) => name === nameOf(of, remedy));
      if (set !== undefined)
        outcomes.push(await judged(request, crops, { encoder, remedy, set, bases: set.bases }));
    }
    return {
      outcomes,
      composites,
      refused: pairs.flatMap(({ encoder, of }) => {
        const why = refused.get(nameOf(of, remedy));
        return why === undefined ? [] : [{ encoder, remedy: remedy.name, why }];
      }),
    };
  } finally {
    for (const set of sets) set.close();
  }
}

/** A remedy that is fitted to the features that are there. */
async function fittedOnFeatures(
  request: PartRequest,
  crops: PlanPart,
  { remedy, pairs }: Task,
  onProgress: (share: number) => void,
): Promise<Omit<RemedyOutcomes, "none">> {
  const outcomes: RemedyOutcome[] = [];
  const refused: RemedyRefused[] = [];
  for (const [i, { encoder, of }] of pairs.entries()) {
    onProgress(i / pairs.length);
    const { set } = request.outputs.find((o) => o.set.name === of)!;
    const found = await fitted(request, crops, remedy, { encoder, name: nameOf(of, remedy), set });
    if ("why" in found) refused.push(found);
    else outcomes.push(found);
  }
  return { outcomes, refused, composites: 0 };
}

/** The retrained twin as it is: what the study found of it already. */
function retrained(request: PartRequest, crops: PlanPart, { remedy, pairs }: Task): RemedyOutcome[] {
  return pairs.map(({ encoder, of }) => ({ ...asItIs(request, crops, of), encoder, remedy }));
}
