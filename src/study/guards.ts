import type { CellStore } from "../cells/store.ts";
import { cutOut } from "../cells/surroundings.ts";
import { repeated } from "../cells/twins.ts";
import { type Samples, takeSamples } from "../encode/try.ts";
import { SettingError, StudyError } from "../errors.ts";
import { aboveChance } from "../evidence/above-chance.ts";
import { SETTINGS, type Setting, traitsOf } from "../settings.ts";
import { Compositor } from "../swap/composite.ts";
import type { Scales } from "../swap/intensity.ts";
import { crowdedDonors } from "../swap/lend.ts";
import { reusedDonors } from "../swap/reuse.ts";
import { settingsOf } from "../swap/runs.ts";
import { saturated, weakScales, withoutSignal } from "../swap/signal.ts";
import type { Cells, Flag, SwapPlan } from "../types.ts";
import type { PlanIndex } from "./block.ts";
import { type BlockResult, unpackBits } from "./blocks.ts";
import { tooManyForShares } from "./evidence/shares.ts";
import { fewFields, mixedFields, overLimits, unequalClasses } from "./guards/classes.ts";
import { missingRows } from "./guards/rows.ts";
import type { Survey } from "./guards/survey.ts";
import type { FittedStudy } from "./schema.ts";
import type { Selection } from "./select.ts";

/** Collects what the guards of a run find. */
export class Findings {
  readonly #flags: Flag[] = [];
  readonly #onFlag: ((flag: Flag) => void) | undefined;

  constructor(onFlag?: (flag: Flag) => void) {
    this.#onFlag = onFlag;
  }

  /** Takes up findings in their order. @throws StudyError of one that refuses the study */
  add(...found: readonly (Flag | null)[]): void {
    for (const flag of found) {
      if (flag === null) continue;
      if (flag.severity === "refuse") throw new StudyError(flag.text);
      this.#flags.push(flag);
      this.#onFlag?.(flag);
    }
  }

  get flags(): readonly Flag[] {
    return this.#flags;
  }

  has(id: string, encoder: string): boolean {
    return this.#flags.some((f) => f.id === id && f.encoder === encoder);
  }
}

/** What is wrong with a plan, before a crop is read. */
export function planFindings(
  study: FittedStudy,
  selection: Selection,
  index: PlanIndex,
  cells: Cells,
  verdicts: readonly string[] | null,
): (Flag | null)[] {
  const { plan } = index;
  return [
    overLimits(selection, verdicts),
    study.plan === undefined ? null : missingRows(index, study, selection),
    unequalClasses(selection),
    fewFields(cells, selection),
    mixedFields(cells, selection),
    tooManyForShares(study, selection),
    reusedDonors(plan, selection.classOf, cells),
    crowdedDonors(plan),
  ];
}

/** What is wrong with the crops and scales of a study. @throws SettingError for a setting that needs what they lack */
export function cropFindings(
  found: Survey,
  study: FittedStudy,
  plan: SwapPlan,
  scales: Scales,
  channels: readonly string[],
): (Flag | null)[] {
  const bare = cutOut(found.surroundings, channels);
  const swapped = settingsOf(plan).find(showsBackground);
  if (bare?.severity === "refuse" && swapped !== undefined)
    throw new SettingError(
      `setting ${swapped} needs a background: ${bare.text}, or set "settings" to ${SETTINGS.filter((s) => !showsBackground(s)).join(", ")}`,
    );
  const { composite } = study;
  const known = (values: readonly (number | null)[]) => values.map((v) => v ?? Number.NaN);
  return [
    // Where no setting shows a background there is nothing to refuse.
    bare === null || bare.severity === "refuse" ? null : bare,
    repeated(found.twins, study.class.toLowerCase()),
    ...(scales.kind === "group" ? weakScales(scales, known(found.noise), channels, composite.intensity) : []),
    withoutSignal(known(found.contrast), channels),
    // By field, cells are never clipped; what is of their backgrounds is counted on composites.
    composite.intensity === "field" ? null : saturated(found.clipped, channels, composite.clip),
  ];
}

/** Whether a setting shows the surroundings of another crop, or surroundings alone. */
function showsBackground(setting: Setting): boolean {
  const { background, cell } = traitsOf(setting);
  return background !== "none" && (background !== "own" || cell === "removed");
}

/** Crops of the study after the intensity step, in turn from all classes; those of one value are passed over. */
export function samples(
  store: CellStore,
  scales: Scales,
  { composite }: Pick<FittedStudy, "composite">,
  { rows }: Pick<Selection, "rows">,
): Samples {
  const compositor = new Compositor(store, scales, composite);
  const longest = Math.max(...rows.map((own) => own.length));
  const inTurn = function* () {
    for (let k = 0; k < longest; k++) for (const own of rows) if (k < own.length) yield own[k];
  };
  return takeSamples(store, inTurn(), (row, crop) => compositor.readScaled(row, crop));
}

/**
 * Encoders whose probes do not tell the classes apart where the cell is seen as it is: in `original`, or the first
 * setting that shows a cell.
 */
export function chanceFindings(
  encoders: readonly string[],
  results: readonly BlockResult[],
  cells: Cells,
  { classes, rows }: Selection,
): Flag[] {
  const clusters = rows.map((own) => Array.from(own, (row) => cells.field[row]));
  return encoders.flatMap((encoder): Flag[] => {
    const own = results.filter((r) => r.encoder === encoder && r.pairs.length > 0);
    const setting = SETTINGS.find(
      (s) => traitsOf(s).cell !== "removed" && own.some((r) => r.setting === s && r.background === null),
    );
    const block = own.find((r) => r.setting === setting);
    if (block === undefined) return [];
    const { accuracy, error, clear } = aboveChance(
      block.pairs.map(({ class1, class2, cells: count, correct }) => ({
        first: classes.indexOf(class1),
        second: classes.indexOf(class2),
        correct: unpackBits(correct, count ?? 0),
      })),
      clusters,
    );
    if (clear) return [];
    return [
      {
        id: "at-chance",
        severity: "warning",
        encoder,
        text: `encoder ${encoder} does not tell these classes apart in ${block.setting}: ${accuracy.toFixed(3)}, not more than three standard errors (${error.toFixed(3)} over fields) above chance, 0.5; what its neighbors do to it is undecided: check its preprocessing, or take other classes or more cells`,
      },
    ];
  });
}
