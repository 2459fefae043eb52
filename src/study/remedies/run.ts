import type { EncoderFile } from "../../encode/encoder-file.ts";
import type { EncoderTarget, ExtractOptions } from "../../features/extract.ts";
import type { FeatureSet } from "../../features/features.ts";
import { changedBy, parseRemedies, type Remedy } from "../../remedy/name.ts";
import { PlanIndex } from "../block.ts";
import { type BlockResult, type Evaluation, evaluateBlocks } from "../blocks.ts";
import type { Judged } from "../judge.ts";
import type { StudyLayout } from "../layout.ts";
import type { StudiedOutput } from "../results.ts";
import type { FittedStudy } from "../schema.ts";
import { metadataColumn } from "../select.ts";
import { fitTransfer, transferPredictions } from "../transfer.ts";
import { REMEDY_SETTINGS, type RemedyCrops, remedyCrops } from "./crops.ts";
import { donorsFor } from "./donors.ts";
import { fitted } from "./fitted.ts";
import type { RemedyOutcome, RemedyOutcomes, RemedyRefused } from "./outcome.ts";
import { type PixelRequest, pixelFeatures } from "./pixels.ts";
import { pooledFeatures, poolTargets } from "./pool.ts";
import { twinsOf } from "./twins.ts";

/** What remedies of a finished study are made from. */
export interface RemedyRequest extends Judged {
  readonly study: FittedStudy;
  readonly outputs: readonly StudiedOutput[];
  /** Encoders that can be run, with their dimensions. */
  readonly targets: readonly EncoderTarget[];
  readonly results: readonly BlockResult[];
  readonly layout: StudyLayout;
  readonly evaluation: Omit<Evaluation, "layout" | "sets" | "blocks" | "index" | "onProgress">;
  readonly pixels: Omit<PixelRequest, "crops" | "lenders" | "lending" | "seed">;
  /** Programs are not among them: each remedy starts those that it needs, so that they hold no memory in between. */
  readonly extractOptions: Omit<ExtractOptions, "onProgress" | "programs">;
  readonly onProgress?: (done: number, total: number) => void;
}

/** A remedy of the outputs that it is of; `names` are those of the outputs that are shown it, the twins' for retrained ones. */
interface Task {
  readonly remedy: Remedy;
  readonly pairs: readonly { readonly encoder: string; readonly of: string }[];
  /** Donors to recompose onto where the remedy names no number. */
  readonly donors?: number;
}

/**
 * Runs the remedies that a study names: what each makes of the composites of the study's own plan in the settings that
 * it is judged by. What an earlier run left is used where its key still fits.
 * @throws StudyError for a remedy that is none
 */
export async function runRemedies(request: RemedyRequest): Promise<RemedyOutcomes> {
  const { study, plan, selection } = request;
  const remedies = parseRemedies(study.remedies ?? []);
  if (remedies.length === 0) return { none: [], outcomes: [], refused: [], composites: 0 };
  const crops = remedyCrops(plan, study, selection);
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
  request: RemedyRequest,
  crops: RemedyCrops,
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
  request: RemedyRequest,
  crops: RemedyCrops,
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

/** Which outputs each remedy is of. Twins are remedied for the sake of the encoder that they are twins of. */
function tasksOf({ outputs, targets }: RemedyRequest, remedies: readonly Remedy[]) {
  const refused: RemedyRefused[] = [];
  const twins = twinsOf(outputs);
  const isTwin = new Set(twins.values());
  const bases = outputs.filter(({ set }) => !isTwin.has(set.name)).map(({ set }) => set.name);
  const runnable = new Set(targets.flatMap(({ names }) => names));
  const tasks = remedies.map((remedy): Task => {
    const pairs = bases.flatMap((encoder) => {
      const of = remedy.retrained ? twins.get(encoder) : encoder;
      const why =
        of === undefined
          ? 'it has no retrained twin in the study, or the twin no output like it; name the twin as "retrained" in its description, and list both encoders'
          : ["crops", "network"].includes(changedBy(remedy) ?? "") && !runnable.has(of)
            ? "its features were made elsewhere, so that it cannot be run"
            : null;
      if (why === null) return [{ encoder, of: of! }];
      refused.push({ encoder, remedy: remedy.name, why });
      return [];
    });
    return { remedy, pairs };
  });
  return { bases, tasks: tasks.filter(({ pairs }) => pairs.length > 0), refused };
}

/** A remedy that changes what the encoder sees: encodes it, then judges it. */
async function shown(
  request: RemedyRequest,
  crops: RemedyCrops,
  { remedy, pairs, donors }: Task,
  onProgress: (share: number) => void,
): Promise<Omit<RemedyOutcomes, "none">> {
  const { study, selection, groups, targets } = request;
  const { cells } = request.pixels.store;
  const behind = (name: string) => nameOf(name, remedy);
  const wanted = new Set(pairs.map(({ of }) => of));
  const own = targets.filter(({ names }) => names.some((name) => wanted.has(name)));
  const features = await pixelFeatures(
    {
      ...request.pixels,
      crops,
      lending: {
        field: cells.field,
        usable: cells.usable,
        labels: metadataColumn(cells, study.class, "class"),
        cluster: groups.cluster,
      },
      seed: study.seed,
      lenders: {
        classes: selection.classes,
        classOf: selection.classOf,
        field: cells.field,
        usable: Uint8Array.from(selection.classOf, (c) => (c >= 0 ? 1 : 0)),
        group: groups.group,
      },
    },
    donors === undefined ? remedy : { ...remedy, value: donors },
    own.map((target) => ({ ...target, names: target.names.map(behind) })),
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
  request: RemedyRequest,
  crops: RemedyCrops,
  { remedy, pairs }: Task,
  onProgress: (share: number) => void,
): Promise<Omit<RemedyOutcomes, "none">> {
  const { outputs, pixels, extractOptions } = request;
  const wanted = pairs.map(({ of }) => {
    const { encoder } = outputs.find(({ set }) => set.name === of)!;
    const own = outputs.filter((o) => o.encoder === encoder);
    const output = own.findIndex(({ set }) => set.name === of);
    return { encoder: encoder as EncoderFile, output, name: nameOf(of, remedy) };
  });
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
  request: RemedyRequest,
  crops: RemedyCrops,
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

/** Name of a remedied output, in results and folders: the output's, or its twin's, and the remedy. */
function nameOf(name: string, { kind, value }: Remedy): string {
  return `${name}+${value === null ? kind : `${kind}-${value}`}`;
}

/** Fits and judges the probes on the features of remedied crops. */
async function judged(
  request: RemedyRequest,
  crops: RemedyCrops,
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
    study: { ...study, settings: REMEDY_SETTINGS, backgrounds: [...crops.backgrounds] },
    groups,
  };
  const between = async () => {
    await new Promise(setImmediate);
    evaluation.signal?.throwIfAborted();
  };
  await fitTransfer(asked, between);
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
      ...(predictions === null ? [] : [layout.stage("transfer", set.name)]),
    ],
  };
}

/** The retrained twin as it is: what the study found of it already. */
function retrained(request: RemedyRequest, crops: RemedyCrops, { remedy, pairs }: Task): RemedyOutcome[] {
  return pairs.map(({ encoder, of }) => ({ ...asItIs(request, crops, of), encoder, remedy }));
}

/** What the study found of an encoder, on the backgrounds that remedies are judged on. */
function asItIs(
  { study, layout, results, plan, index, selection, groups, outputs, pixels }: RemedyRequest,
  crops: RemedyCrops,
  name: string,
): Omit<RemedyOutcome, "encoder" | "remedy"> {
  const inCrops = (setting: string, background: string | null) =>
    crops.blocks.some((b) => b.setting === setting && b.background === background);
  const { set } = outputs.find((o) => o.set.name === name)!;
  const asked = { set, layout, cells: pixels.store.cells, selection, index, study, groups };
  const found = transferPredictions(asked);
  return {
    results: results.filter((r) => r.encoder === name && inCrops(r.setting, r.background)),
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
