import { InUseError, isCellswapError, StudyError } from "./errors.ts";
import { PairGrid } from "./evaluate/grid.ts";
import type { Sensitivity } from "./evidence/sensitivity.ts";
import { type Extraction, extract } from "./features/extract.ts";
import type { FeatureSet } from "./features/features.ts";
import { takeFeatures } from "./features/given/given.ts";
import type { PartDamage } from "./features/part.ts";
import type { ReportData } from "./report/data.ts";
import { type BeginOptions, beginStudy } from "./study/begin.ts";
import { listBlocks } from "./study/block.ts";
import { evaluateBlocks } from "./study/blocks.ts";
import { costFinding, costOf, type StudyCost } from "./study/cost/cost.ts";
import { Work } from "./study/cost/work.ts";
import { evaluateCurve } from "./study/curve.ts";
import { hasDrawnCells } from "./study/draw/drawn-store.ts";
import { encoderName, outputNames } from "./study/encoders.ts";
import { featuresOf, partsBeside, partsOfStudy, withFeatures } from "./study/feature-folder.ts";
import { constantFinding } from "./study/given.ts";
import { chanceFindings } from "./study/guards.ts";
import { StudyLayout } from "./study/layout.ts";
import type { OpenFolder } from "./study/open-folder.ts";
import { chosenEvaluation, lookUpOutputs } from "./study/outputs.ts";
import type { PartRequest } from "./study/part.ts";
import { type PreparedStudy, type PrepareOptions, prepareStudy } from "./study/prepare.ts";
import { fitProbes } from "./study/probes.ts";
import { runRemedies } from "./study/remedies/run.ts";
import type { EncoderRemedies } from "./study/remedies/table.ts";
import { writeResults } from "./study/results.ts";
import type { Study } from "./study/schema.ts";
import { runSensitivity } from "./study/sensitivity/run.ts";
import type { Flag } from "./types.ts";

export interface StudyOptions extends BeginOptions {
  /** For the head of the report, as a person types it. */
  readonly command?: string;
  /** Whether shards made all features, so that a study that lacks some is refused. */
  readonly encoded?: boolean;
}

/** What a run would make and take, and what the guards found. */
export interface DryRun {
  readonly cost: StudyCost;
  /** Why it would be refused; null where it would not. */
  readonly refused: string | null;
  readonly flags: readonly Flag[];
}

/**
 * Says what a run of a study would make and take, by what its folder has already; writes nothing.
 * @throws CellswapError as {@link runStudy}, but for a cost above the limit
 */
export async function dryRun(given: Study, options: PrepareOptions): Promise<DryRun> {
  if (!(await hasDrawnCells(given, { signal: options.signal })))
    throw new StudyError(
      "a dry run writes nothing, and the cells of this study are still to be drawn and segmented; run it once, stop it when it encodes, and what is drawn stays",
    );
  const prepared = await prepareStudy(given, options);
  try {
    options.onProgress?.("cost", 0, 0);
    const cost = await costOf(prepared, options);
    const { severity, text } = costFinding(cost, options.limit);
    return { cost, refused: severity === "refuse" ? text : null, flags: prepared.findings.flags };
  } finally {
    await prepared.close();
  }
}

/** What a run did. */
export interface StudyRun {
  readonly report: ReportData;
  /** Composites that had to be made; the features of all others were there. */
  readonly composites: number;
  /** What had to be made, all stages together. */
  readonly made: Readonly<Work>;
  /** What remedies leave and cost, by encoder; empty where the study asks for none. */
  readonly remedies: readonly EncoderRemedies[];
  /** What becomes of effects when composites are made otherwise, by encoder; empty where the study asks for none. */
  readonly sensitivity: readonly Sensitivity[];
  /** What the guards found, in the order in which they looked. */
  readonly flags: readonly Flag[];
}

/**
 * Runs a study: selection, swap plan, intensity scales, composites through every encoder, pairwise probes, tables and
 * report. Every stage is known by a key of exactly what it depends on: what an earlier run left in the folder, whatever
 * its other choices, is used where its key still fits, and a run that was killed goes on.
 * @throws CellswapError naming the file and the remedy; InUseError where another run has the folder.
 */
export async function runStudy(given: Study, options: StudyOptions): Promise<StudyRun> {
  const { out, workers } = options;
  const prepared = await prepareStudy(given, options);
  const { store, programs, encoders, findings, selection, study, groups } = prepared;
  const { plan, index, scales, targets, files } = prepared;
  let folder: OpenFolder | undefined;
  let grid: PairGrid | undefined;
  let extraction: Extraction | undefined;
  const taken: FeatureSet[] = [];
  const work = new Work();
  const onLacking = work.encoded.bind(work);
  try {
    if (options.encoded === true) checkEncoded(prepared, out);
    options.onProgress?.("cost", 0, 0);
    findings.add(costFinding(await costOf(prepared, options), options.limit));
    folder = beginStudy(prepared, options);
    const { layout, lost } = folder;
    const signal = options.signal === undefined ? lost : AbortSignal.any([options.signal, lost]);
    const onDamage = ({ path, what }: PartDamage) =>
      options.onDamage?.(path, `${what}; what is not whole is made again`);
    options.onProgress?.("composites", 0, 0);
    const own = { ...study, signal, wanted: () => partsOfStudy(prepared, layout) };
    extraction = await withFeatures(own, layout, async (features, shared) => {
      for (const { given, file, order } of files) {
        const place = { header: store.header, plan, cells: store.cells, folder: features, shared };
        const onProgress = (done: number, total: number) => options.onProgress?.("features", done, total);
        taken.push(await takeFeatures(given, file, order, place, { signal, onProgress, onDamage }));
      }
      return extract(
        {
          store,
          plan,
          scales,
          composite: study.composite,
          encoders: targets,
          folder: features,
          shared,
          onDamage,
          logs: layout.logs,
        },
        {
          programs,
          ...(workers === undefined ? {} : { workers }),
          ...{ signal, onLacking },
          onProgress: (done, total) => options.onProgress?.("composites", done, total),
        },
      );
    });
    store.checkUnchanged();
    // In the order of the study file.
    const [given, made] = [[...taken], [...extraction.sets]];
    const outputs = encoders.flatMap((encoder) => {
      const own = encoder.kind === "given" ? given : made;
      return own.splice(0, outputNames(encoder).length).map((set) => ({ encoder, set }));
    });
    const sets = outputs.map(({ set }) => set);
    findings.add(...taken.map((set) => constantFinding(set, plan)));
    const evaluation = {
      layout,
      sets,
      blocks: listBlocks(study.settings, study.backgrounds ?? selection.classes),
      index,
      ...chosenEvaluation(prepared),
      grid: () => (grid ??= new PairGrid(workers)),
      ...{ signal, work, workers },
    };
    const results = await evaluateBlocks({
      ...evaluation,
      onProgress: (done, total) => options.onProgress?.("pairs", done, total),
    });
    const curve = await evaluateCurve(
      { ...evaluation, onProgress: (done, total) => options.onProgress?.("curve", done, total) },
      results,
      study,
      groups,
    );
    // Encoders that give every crop the same features are told already.
    const seeing = outputs.filter(({ encoder }) => !findings.has("constant-features", encoderName(encoder)));
    findings.add(
      ...chanceFindings(
        seeing.map(({ set }) => set.name),
        results,
        store.cells,
        selection,
      ),
    );
    const { flags } = findings;
    const facts = { date: folder.date, command: options.command ?? null };
    const judged = {
      flags,
      study,
      store,
      selection,
      groups,
      plan,
      index,
      scales,
      outputs,
      results,
      curve,
      layout,
      facts,
    };
    await fitProbes(judged, {
      ...{ signal, work, workers },
      onProgress: (done, total) => options.onProgress?.("probes", done, total),
    });
    const beside = { ...study, signal, wanted: () => partsBeside(prepared) };
    const { found, varied } = await withFeatures(beside, layout, async (features, shared) => {
      const asked = (stage: "remedies" | "sensitivity"): PartRequest => ({
        ...judged,
        targets,
        evaluation,
        pixels: {
          store,
          scales,
          composite: study.composite,
          folder: features,
          shared,
          onDamage,
          logs: layout.logs,
        },
        extractOptions: { ...(workers === undefined ? {} : { workers }), signal, onLacking },
        onProgress: (done, total) => options.onProgress?.(stage, done, total),
      });
      return {
        found: await runRemedies(asked("remedies")),
        varied: await runSensitivity(asked("sensitivity")),
      };
    });
    store.checkUnchanged();
    const {
      report,
      remedies,
      sensitivity,
      files: written,
    } = writeResults({ ...judged, remedies: found, sensitivity: varied }, (done, total) =>
      options.onProgress?.("results", done, total),
    );
    const bases = [
      ...sets.flatMap((set) => set.bases),
      ...found.outcomes.flatMap((o) => o.bases),
      ...varied.bases,
    ];
    folder.finish(written, featuresOf(out, study.features ?? layout.features, bases));
    return { report, composites: work.composites, made: work, remedies, sensitivity, flags };
  } catch (error) {
    if (folder?.lost.aborted && isCellswapError(error))
      throw new InUseError(
        "was taken over by another run, as this one had not answered for minutes; wait for that run, then start again",
        { path: out, cause: error },
      );
    throw error;
  } finally {
    await grid?.dispose();
    for (const set of [...taken, ...(extraction?.sets ?? [])]) set.close();
    await prepared.close();
    folder?.close();
  }
}

/** @throws StudyError for a study that lacks features, whatever its shards have made */
function checkEncoded(prepared: PreparedStudy, out: string): void {
  const folder = prepared.study.features ?? new StudyLayout(out).features;
  const { composites } = lookUpOutputs(prepared, folder).found;
  if (composites > 0)
    throw new StudyError(
      `lacks ${composites} composites that no shard was to make, as the study, its cells or encoders changed since; run \`cellswap plan\` again, or \`cellswap run\`, which makes them on this machine`,
      { path: out },
    );
}
