import { planFiles, planHash, writePlan } from "../swap/plan-file.ts";
import { recordedEncoders } from "./encoders.ts";
import type { StudyInputs } from "./inputs.ts";
import { keep } from "./kept.ts";
import { type OnDamage, OpenFolder } from "./open-folder.ts";
import type { PreparedStudy, PrepareOptions } from "./prepare.ts";
import type { StudyRecord } from "./record.ts";
import { writeScales } from "./scales.ts";
import type { Study } from "./schema.ts";

export interface BeginOptions extends PrepareOptions {
  /** Called with what an earlier run left and what is not as it was left, and what is done about it. */
  readonly onDamage?: OnDamage;
  /** For the head of the report, `2026-11-25`; a folder keeps that of its first run. */
  readonly date?: string;
}

/**
 * Opens or makes the folder of a prepared study, and leaves its plan, its scales and the survey of its crops there.
 * @throws CellswapError as {@link OpenFolder.open}
 */
export function beginStudy(
  { study, store, encoders, inputs, selection, plan, scales, scalesKey, look }: PreparedStudy,
  { out, force = false, device, date, onDamage }: BeginOptions,
): OpenFolder {
  const folder = OpenFolder.open(
    out,
    {
      crops: store.header.hashes["crops.npy"],
      study: { ...choicesOf(study, inputs), ...(device === undefined ? {} : { device }) },
      encoders: recordedEncoders(encoders),
      date: date ?? null,
    },
    force,
    onDamage,
  );
  try {
    const { layout } = folder;
    folder.stage("plan", planHash(plan), planFiles(layout.plan, plan), () =>
      writePlan(layout.plan, plan, { ...store.cells, classOf: selection.classOf }),
    );
    folder.stage("scales", scalesKey, scales.kind === "group" ? [layout.scales] : [], () =>
      writeScales(layout.scales, scales, store.channels),
    );
    if (!look.kept) keep(layout.survey, look.key, look.survey);
    return folder;
  } catch (error) {
    folder.close();
    throw error;
  }
}

/** The choices of a study as its record shows them; files by their content. */
function choicesOf(study: Study, inputs: StudyInputs): StudyRecord["study"] {
  const {
    cells: _cells,
    encoders: _encoders,
    features: _features,
    remoteFeatures: _remote,
    plan: _plan,
    cellList: _list,
    segment,
    ...choices
  } = study;
  const { cells: _into, ...how } = segment ?? {};
  return { ...choices, ...(segment === undefined ? {} : { segment: how }), ...inputs.hashes() };
}
