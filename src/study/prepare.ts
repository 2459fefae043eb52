import { existsSync } from "node:fs";
import { CellStore } from "../cells/store.ts";
import type { CommandFile } from "../encode/command/file.ts";
import { RunningPrograms } from "../encode/command/programs.ts";
import type { Device } from "../encode/device.ts";
import type { Encoder } from "../encode/encoder.ts";
import { tryFile } from "../encode/try-file.ts";
import { changedUnits } from "../encode/units.ts";
import { type EncoderTarget, tryEncoder } from "../features/extract.ts";
import { usableCores, usableMemory } from "../files/machine.ts";
import type { Scales } from "../swap/intensity.ts";
import type { Flag, SwapPlan } from "../types.ts";
import { type ChosenCells, chooseCells, type DrawnPlan, drawPlan } from "./choose.ts";
import { wideFeatures } from "./cost/cost.ts";
import { LIMIT_HOURS } from "./cost/limit.ts";
import { TimedEncoder, type Trial, trialOf, trialOfGiven } from "./cost/trial.ts";
import { drawStudyCells } from "./draw/drawn-store.ts";
import { encoderName, outputNames, readEncoders } from "./encoders.ts";
import { givenFindings, type OpenGiven, openGiven } from "./given.ts";
import { chosenSize, hopeless, wideMaps } from "./guards/size.ts";
import { surveyOf } from "./guards/survey.ts";
import { cropFindings, Findings, planFindings, samples } from "./guards.ts";
import { checkFolder } from "./open-folder.ts";
import { checkRemedies } from "./remedies/check.ts";
import { scalesOf } from "./scales.ts";
import type { Study } from "./schema.ts";
import type { Selection } from "./select.ts";
import { checkSensitivity } from "./sensitivity/check.ts";
import { UnusableEncoders } from "./unusable.ts";

/** Where a run is: its stage, how much of it is done; `total` 0 where nobody knows how much there is. */
export type StudyProgress = (
  stage:
    | "check"
    | "segment"
    | "plan"
    | "scales"
    | "survey"
    | "encoders"
    | "cost"
    | "features"
    | "composites"
    | "pairs"
    | "curve"
    | "probes"
    | "remedies"
    | "sensitivity"
    | "results",
  done: number,
  total: number,
) => void;

export interface PrepareOptions {
  /** Study folder to make or go on with. */
  readonly out: string;
  /** Threads; one per usable core by default. */
  readonly workers?: number;
  /** Where ONNX networks run; the processor by default. */
  readonly device?: Device;
  readonly signal?: AbortSignal;
  readonly onProgress?: StudyProgress;
  /** Called with every encoder that is another program, before it is started. */
  readonly onProgram?: (encoder: CommandFile) => void;
  /** Called with what the guards find, as it is found. */
  readonly onFlag?: (flag: Flag) => void;
  /** Replace what an earlier study left in the folder, features included. */
  readonly force?: boolean;
  /** Hours that a run may take by its estimate; 24 by default. */
  readonly limit?: number;
}

/** A study that fits its cells, with all that a run needs before it writes anything. */
export interface PreparedStudy extends ChosenCells, DrawnPlan {
  readonly store: CellStore;
  /** Encoders that can be run, tried, with their dimensions. */
  readonly targets: readonly EncoderTarget[];
  /** Features that were made elsewhere. */
  readonly files: readonly OpenGiven[];
  readonly programs: RunningPrograms;
  readonly findings: Findings;
  readonly scales: Scales;
  readonly scalesKey: string;
  readonly look: ReturnType<typeof surveyOf>;
  /** How long encoders took, and what they gave. */
  readonly trials: readonly Trial[];
  /** Ends programs and closes files. */
  close(): Promise<void>;
}

/** Bytes of a cell store above which it is told how far its check is. */
const LARGE = 1e9;

/**
 * Finds what can be wrong with the inputs of a study before anything is written, but the store of the cells that it draws
 * and segments, where it says so: reads cells and encoders, draws the
 * plan, measures scales, looks at every crop, and tries every encoder. To be closed by who called it.
 * @throws CellswapError naming the file and the remedy
 */
export async function prepareStudy(given: Study, options: PrepareOptions): Promise<PreparedStudy> {
  const { out, force = false, signal, onProgress } = options;
  checkFolder(out, force);
  onProgress?.("check", 0, 0);
  const onCheck = (done: number, total: number) => {
    if (total > LARGE) onProgress?.("check", Math.round(done / 1e6), Math.round(total / 1e6));
  };
  // Before cells are segmented, which takes long.
  if (given.segment !== undefined) readEncoders(given);
  const { study, note } = await drawStudyCells(given, {
    workers: options.workers,
    signal,
    onProgress: (done, total) => onProgress?.("segment", done, total),
    onCheck,
  });
  const store = await CellStore.open(study.cells, study.allow, { signal, onProgress: onCheck });
  const programs = new RunningPrograms();
  const stopPrograms = () => programs.stop();
  signal?.addEventListener("abort", stopPrograms, { once: true });
  const files: OpenGiven[] = [];
  const close = async () => {
    signal?.removeEventListener("abort", stopPrograms);
    await programs.end();
    for (const { file } of files) file.close();
    store.close();
  };
  try {
    const findings = new Findings(options.onFlag);
    findings.add(note);
    return { ...(await prepare(study, options, { store, programs, files, findings })), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function prepare(
  given: Study,
  options: PrepareOptions,
  {
    store,
    programs,
    files,
    findings,
  }: Pick<PreparedStudy, "store" | "programs" | "findings"> & {
    files: OpenGiven[];
  },
): Promise<Omit<PreparedStudy, "close">> {
  const { out, force = false, device = "cpu", signal, onProgress } = options;
  const chosen = chooseCells(given, store, device);
  const { study, encoders, inputs, selection, split } = chosen;
  checkRemedies(study, { masks: store.masks, classes: selection.classes }, split);
  const outputCount = encoders.reduce((n, e) => n + outputNames(e).length, 0);
  checkSensitivity(study, store, selection.classes, split, encoders);
  // What no machine gets done is not even planned.
  const drawn = chosenSize({ study, selection, split }, outputCount);
  const { limit = LIMIT_HOURS, workers = usableCores() } = options;
  const more = study.remedies !== undefined || study.sensitivity !== undefined;
  // A given plan may lack blocks, and what earlier runs left is not looked at yet.
  const counted = more
    ? "besides"
    : study.plan !== undefined || (!force && existsSync(out))
      ? "up to"
      : "exact";
  findings.add(hopeless(drawn, { limit, workers, memory: usableMemory(), counted }));
  const wide = (output: string, dimension: number) =>
    study.pairs === "none"
      ? null
      : wideFeatures(output, dimension, { rows: selection.rows, workers, memory: usableMemory() });
  onProgress?.("plan", 0, 0);
  const { plan, groups, index } = await drawPlan(chosen, store);
  findings.add(...planFindings(study, selection, index, store.cells, store.verdicts));
  const earlier = force ? null : out;
  onProgress?.("scales", 0, 0);
  const { scales, key: scalesKey } = scalesOf(study, store, plan, {
    out: earlier,
    onProgress: (done, total) => onProgress?.("scales", done, total),
  });
  const look = surveyOf(study, store, plan, scales, selection, earlier, (done, total) =>
    onProgress?.("survey", done, total),
  );
  findings.add(...cropFindings(look.survey, study, plan, scales, store.channels));
  const tried = samples(store, scales, study, selection);
  const two = samples(store, scales, study, { rows: twoClasses(selection) });
  const trials: Trial[] = [];
  const targets: EncoderTarget[] = [];
  const unusable = new UnusableEncoders(encoders.length);
  const usable: string[] = [];
  for (const [e, encoder] of encoders.entries())
    try {
      onProgress?.("encoders", e, encoders.length);
      if (encoder.kind === "given") {
        const open = await openGiven(encoder, { store, plan, scales, composite: study.composite });
        files.push(open);
        const { dimension } = open.file;
        findings.add(
          ...givenFindings(open),
          wide(encoder.name, dimension),
          wideMaps(encoder.name, dimension, study),
        );
        const [first, second] = twoClasses(selection);
        trials.push(await trialOfGiven(open, [planRowsOf(plan, first), planRowsOf(plan, second)]));
      } else {
        if (encoder.kind === "command") options.onProgram?.(encoder);
        const tryIt = async (opened: Encoder) => {
          const timed = new TimedEncoder(opened, encoder.kind === "command" || device !== "cpu");
          const names = outputNames(encoder);
          findings.add(
            ...names.flatMap((output, o) => {
              const dimension = opened.dimensions[o];
              return [wide(output, dimension), wideMaps(output, dimension, study)];
            }),
          );
          findings.add(...(await tryFile(encoder, timed, store, tried, signal)));
          trials.push(await trialOf(timed, encoder.description.name, names, two));
        };
        const dimensions = await tryEncoder(encoder, store, tryIt, {
          programs,
          signal,
        });
        targets.push({ encoder, names: outputNames(encoder), dimensions });
        findings.add(changedUnits(encoder.description, study.composite.intensity));
      }
      usable.push(encoderName(encoder));
    } catch (error) {
      unusable.add(encoderName(encoder), encoder.path, error);
    }
  unusable.check(usable);
  return {
    ...{ study, store, encoders, targets, files, programs, inputs, findings, selection, split, groups },
    ...{ plan, index, scales, scalesKey, look, trials },
  };
}

/** Rows of two classes, one from the beginning of their list and one from its middle. */
function twoClasses({ rows }: Selection): Int32Array[] {
  return [rows[0], rows[rows.length >> 1]];
}

/** A row of the plan for each of some cells: the first that shows it. */
function planRowsOf(plan: SwapPlan, cells: Int32Array): Int32Array {
  const wanted = new Set(cells.subarray(0, 64));
  const found = new Map<number, number>();
  for (let row = 0; row < plan.count && found.size < wanted.size; row++)
    if (wanted.has(plan.cell[row]) && !found.has(plan.cell[row])) found.set(plan.cell[row], row);
  return Int32Array.from(found.values());
}
