import { CellStore } from "./cells/store.ts";
import type { CommandFile } from "./encode/command/file.ts";
import { RunningPrograms } from "./encode/command/programs.ts";
import type { Encoder } from "./encode/encoder.ts";
import { tryOut } from "./encode/try.ts";
import { changedUnits } from "./encode/units.ts";
import { InUseError, isCellswapError } from "./errors.ts";
import { PairGrid } from "./evaluate/grid.ts";
import { chosenPairs } from "./evaluate/pair-sample.ts";
import type { Sensitivity } from "./evidence/sensitivity.ts";
import { type EncoderTarget, type Extraction, extract, tryEncoder } from "./features/extract.ts";
import type { FeatureSet } from "./features/features.ts";
import { takeFeatures } from "./features/given/given.ts";
import type { PartDamage } from "./features/part.ts";
import type { ReportData } from "./report/data.ts";
import { listBlocks, PlanIndex } from "./study/block.ts";
import { evaluateBlocks } from "./study/blocks.ts";
import { curveSettings, evaluateCurve, SMALLER_SIZES } from "./study/curve.ts";
import { encoderName, outputNames, readEncoders, recordedEncoders } from "./study/encoders.ts";
import { featuresOf, withFeatures } from "./study/feature-folder.ts";
import { constantFinding, givenFindings, type OpenGiven, openGiven } from "./study/given.ts";
import { allowedSettings, checkClosed, foldsOf, studyGroups, studySplits } from "./study/groups.ts";
import { costs, studySize, wideFeatures } from "./study/guards/size.ts";
import { surveyOf } from "./study/guards/survey.ts";
import { chanceFindings, cropFindings, Findings, planFindings, samples } from "./study/guards.ts";
import { StudyInputs } from "./study/inputs.ts";
import { keep } from "./study/kept.ts";
import { checkFolder, type OnDamage, OpenFolder } from "./study/open-folder.ts";
import type { PartRequest } from "./study/part.ts";
import { studyPlan } from "./study/plan.ts";
import type { StudyRecord } from "./study/record.ts";
import { checkRemedies } from "./study/remedies/check.ts";
import { runRemedies } from "./study/remedies/run.ts";
import type { EncoderRemedies } from "./study/remedies/table.ts";
import { fitProbes, writeResults } from "./study/results.ts";
import { scalesOf, writeScales } from "./study/scales.ts";
import { fitToCells, type Study } from "./study/schema.ts";
import { selectCells } from "./study/select.ts";
import { checkSensitivity, sensitivityCost } from "./study/sensitivity/check.ts";
import { runSensitivity } from "./study/sensitivity/run.ts";
import { UnusableEncoders } from "./study/unusable.ts";
import { planFiles, planHash, writePlan } from "./swap/plan-file.ts";
import type { Flag } from "./types.ts";

/** Where a run is: its stage, how much of it is done. */
export type StudyProgress = (
  stage: "check" | "features" | "composites" | "pairs" | "curve" | "remedies" | "sensitivity",
  done: number,
  total: number,
) => void;

export interface StudyOptions {
  /** Study folder to make or go on with. */
  readonly out: string;
  /** Threads; one per core by default. */
  readonly workers?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: StudyProgress;
  /** Called with every encoder that is another program, before it is started. */
  readonly onProgram?: (encoder: CommandFile) => void;
  /** Called with what the guards find, as it is found. */
  readonly onFlag?: (flag: Flag) => void;
  /** Called with what an earlier run left and what is not as it was left, and what is done about it. */
  readonly onDamage?: OnDamage;
  /** Replace what an earlier study left in the folder, features included. */
  readonly force?: boolean;
  /** For the head of the report, as a person types it. */
  readonly command?: string;
  /** For the head of the report, `2026-11-25`; a folder keeps that of its first run. */
  readonly date?: string;
}

/** Bytes of a cell store above which it is told how far its check is. */
const LARGE = 1e9;

/** What a run did. */
export interface StudyRun {
  readonly report: ReportData;
  /** Composites that had to be made; the features of all others were there. */
  readonly composites: number;
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
  const { out, workers, force = false } = options;
  checkFolder(out, force);
  const store = await CellStore.open(given.cells, given.allow, {
    signal: options.signal,
    onProgress: (done, total) => {
      if (total > LARGE) options.onProgress?.("check", Math.round(done / 1e6), Math.round(total / 1e6));
    },
  });
  const wanted = fitToCells(given, store);
  let folder: OpenFolder | undefined;
  let grid: PairGrid | undefined;
  let extraction: Extraction | undefined;
  const files: OpenGiven[] = [];
  const taken: FeatureSet[] = [];
  const programs = new RunningPrograms();
  const stopPrograms = () => programs.stop();
  options.signal?.addEventListener("abort", stopPrograms, { once: true });
  try {
    // What can be wrong with the inputs is found before anything is written.
    const encoders = readEncoders(wanted);
    const inputs = new StudyInputs(wanted);
    const findings = new Findings(options.onFlag);
    const selection = selectCells(store.cells, wanted, store.verdicts);
    const split = studyGroups(store.cells, wanted, selection);
    const study = allowedSettings(wanted, split);
    checkRemedies(study, { masks: store.masks, classes: selection.classes }, split);
    const outputCount = encoders.reduce((n, e) => n + outputNames(e).length, 0);
    checkSensitivity(study, store, selection.classes, split, encoders);
    // What no machine gets done is not even planned.
    const drawn = studySize(
      { ...study, folds: foldsOf(study, split), again: curveSettings(study, split), times: SMALLER_SIZES },
      selection,
      outputCount,
      study.plan === undefined ? null : 0,
    );
    const cost = costs(drawn, []);
    if (cost.severity === "refuse") findings.add(cost);
    const plan = await studyPlan(store, study, selection, split);
    inputs.check();
    const groups = study.plan === undefined ? split : checkClosed(split, plan);
    const index = new PlanIndex(plan);
    findings.add(...planFindings(study, selection, index, store.cells, store.verdicts));
    const earlier = force ? null : out;
    const { scales, key } = scalesOf(study, store, plan, earlier);
    const look = surveyOf(study, store, plan, scales, selection, earlier);
    findings.add(...cropFindings(look.survey, study, plan, scales, store.channels));
    const tried = samples(store, scales, study, selection);
    const targets: EncoderTarget[] = [];
    const unusable = new UnusableEncoders(encoders.length);
    const usable: string[] = [];
    for (const encoder of encoders)
      try {
        if (encoder.kind === "given") {
          const open = await openGiven(encoder, { store, plan, scales, composite: study.composite });
          files.push(open);
          findings.add(...givenFindings(open), wideFeatures(encoder.name, open.file.dimension));
        } else {
          if (encoder.kind === "command") options.onProgram?.(encoder);
          const { name } = encoder.description;
          const tryIt = async (opened: Encoder) => {
            const names = outputNames(encoder);
            findings.add(...names.map((output, o) => wideFeatures(output, opened.dimensions[o])));
            findings.add(...(await tryOut(opened, name, tried)));
          };
          const dimensions = await tryEncoder(encoder, store, tryIt, {
            programs,
            signal: options.signal,
          });
          targets.push({ encoder, names: outputNames(encoder), dimensions });
          findings.add(changedUnits(encoder.description, study.composite.intensity));
        }
        usable.push(encoderName(encoder));
      } catch (error) {
        unusable.add(encoderName(encoder), encoder.path, error);
      }
    unusable.check(usable);
    findings.add(
      costs({ ...drawn, composites: plan.count }, [
        ...targets.flatMap((t) => t.dimensions),
        ...files.map((f) => f.file.dimension),
      ]),
    );
    findings.add(
      sensitivityCost(study, store, {
        plan,
        selection,
        folds: foldsOf(study, split),
        encoders: targets.length,
        outputs: targets.flatMap((t) => t.names).length,
      }),
    );
    folder = OpenFolder.open(
      out,
      {
        crops: store.header.hashes["crops.npy"],
        study: choicesOf(study, inputs),
        encoders: recordedEncoders(encoders),
        date: options.date ?? null,
      },
      force,
      options.onDamage,
    );
    const { layout, lost } = folder;
    const signal = options.signal === undefined ? lost : AbortSignal.any([options.signal, lost]);
    folder.stage("plan", planHash(plan), planFiles(layout.plan, plan), () =>
      writePlan(layout.plan, plan, { ...store.cells, classOf: selection.classOf }),
    );
    folder.stage("scales", key, scales.kind === "group" ? [layout.scales] : [], () =>
      writeScales(layout.scales, scales, store.channels),
    );
    if (!look.kept) keep(layout.survey, look.key, look.survey);
    const onDamage = ({ path, what }: PartDamage) =>
      options.onDamage?.(path, `${what}; what is not whole is made again`);
    extraction = await withFeatures(study, layout, async (features, shared) => {
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
          signal,
          onProgress: (done, total) => options.onProgress?.("composites", done, total),
        },
      );
    });
    store.checkUnchanged();
    const { composites } = extraction;
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
      classes: selection.classes,
      rows: selection.rows,
      index,
      pairs: study.pairs === "all" ? undefined : chosenPairs(selection.classes, study.pairs, study.seed),
      splits: studySplits(study, groups, selection),
      grid: () => (grid ??= new PairGrid(workers)),
      signal,
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
    await fitProbes(judged, signal);
    const { found, varied } = await withFeatures(study, layout, async (features, shared) => {
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
        extractOptions: { ...(workers === undefined ? {} : { workers }), signal },
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
    } = writeResults({ ...judged, remedies: found, sensitivity: varied });
    const bases = [
      ...sets.flatMap((set) => set.bases),
      ...found.outcomes.flatMap((o) => o.bases),
      ...varied.bases,
    ];
    folder.finish(written, featuresOf(out, study.features ?? layout.features, bases));
    const all = composites + found.composites + varied.composites;
    return { report, composites: all, remedies, sensitivity, flags };
  } catch (error) {
    if (folder?.lost.aborted && isCellswapError(error))
      throw new InUseError(
        "was taken over by another run, as this one had not answered for minutes; wait for that run, then start again",
        { path: out, cause: error },
      );
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", stopPrograms);
    await programs.end();
    await grid?.dispose();
    for (const { file } of files) file.close();
    for (const set of [...taken, ...(extraction?.sets ?? [])]) set.close();
    store.close();
    folder?.close();
  }
}

/** The choices of a study as its record shows them; files by their content. */
function choicesOf(study: Study, inputs: StudyInputs): StudyRecord["study"] {
  const {
    cells: _cells,
    encoders: _encoders,
    features: _features,
    plan: _plan,
    cellList: _list,
    ...choices
  } = study;
  return { ...choices, ...inputs.hashes() };
}
