import { basename } from "node:path";
import type { CellStore } from "../cells/store.ts";
import { constantFeatures } from "../encode/try.ts";
import type { FeatureSet } from "../features/features.ts";
import { type FeatureFile, openFeatureFile } from "../features/given/file.ts";
import type { GivenFeatures } from "../features/given/given.ts";
import { lackingColumns, planOrder } from "../features/given/order.ts";
import { SETTINGS, traitsOf } from "../settings.ts";
import type { Scales } from "../swap/intensity.ts";
import { rowsInSetting, segmentsOf } from "../swap/segments.ts";
import type { CompositeOptions, Flag, SwapPlan } from "../types.ts";
import { checkExported, EXPORT_RECORD } from "./composites/record.ts";

/** Features that were made elsewhere, checked against the plan of the study. */
export interface OpenGiven {
  readonly given: GivenFeatures;
  readonly file: FeatureFile;
  /** Row of the plan of every row of the file; null: in the order of the plan. */
  readonly order: Int32Array | null;
  /** Whether a record of the export that they are of is at hand, with which plan and pixels were compared. */
  readonly exported: boolean;
}

/** What features are checked against. */
export interface StudyComposites {
  readonly store: CellStore;
  readonly plan: SwapPlan;
  readonly scales: Scales;
  readonly composite: CompositeOptions;
}

/**
 * Opens features that were made elsewhere; values are not read yet.
 * @throws DataError where the file or its rows do not fit the plan, StudyError where plan or pixels changed since the export
 */
export async function openGiven(given: GivenFeatures, composites: StudyComposites): Promise<OpenGiven> {
  const exported = checkExported(given, composites);
  const file = await openFeatureFile(given.path);
  try {
    const order = planOrder(file, composites.plan, composites.store.cells);
    return { given, file, order, exported };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** What is said of features whose network is not at hand. */
export function givenFindings({ given, file, exported }: OpenGiven): Flag[] {
  const { name, path } = given;
  const lacking = exported ? [] : lackingColumns(file);
  const pixels = exported
    ? ""
    : `; nor are the pixels that they are of, as no ${EXPORT_RECORD} is there: crops, masks and choices of composites`;
  const text = `features of ${name} were made elsewhere (${basename(path)}, ${file.dimension} in a row): not-reproducible, batch-dependent and changed-units are not checked, as they need the network${pixels}`;
  const flags: Flag[] = [{ id: "made-elsewhere", severity: "note", encoder: name, text }];
  if (lacking.length > 0)
    flags.push({
      id: "unchecked-rows",
      severity: "warning",
      encoder: name,
      text: `nothing in ${basename(path)} says which composites its rows are of${file.identity.size === 0 ? "" : ` (it lacks ${lacking.join(", ")})`}, and they are taken in the order of the plan: put the file into the folder of the exported composites, or name that folder as "composites" of ${name}`,
    });
  return flags;
}

/** Rows that are looked at for features that tell no cell from another. */
const LOOKED_AT = 16;

/** Warns of features that are the same for cells of all classes, where they are seen as they are. */
export function constantFinding(
  set: Pick<FeatureSet, "name" | "dimension" | "read">,
  plan: SwapPlan,
): Flag | null {
  const used = new Set(segmentsOf(plan).map(({ setting }) => setting));
  const setting = SETTINGS.find((s) => traitsOf(s).cell !== "removed" && used.has(s));
  const own = setting === undefined ? new Int32Array(0) : rowsInSetting(plan, setting);
  const count = Math.min(LOOKED_AT, own.length);
  const rows = Int32Array.from({ length: count }, (_, i) => own[Math.floor((i * own.length) / count)]);
  const features = new Float32Array(count * set.dimension);
  set.read(rows, features);
  return constantFeatures(set.name, [{ features, dimension: set.dimension }], count);
}
