import { SettingError } from "../../errors.ts";
import { type EncoderTarget, type ExtractRequest, extract } from "../../features/extract.ts";
import { inputsOf } from "../../features/inputs.ts";
import { featureKey } from "../../features/key.ts";
import type { MaskSummary } from "../../masks/mask-error.ts";
import type { Setting } from "../../settings.ts";
import type { Scales } from "../../swap/intensity.ts";
import { unitOf } from "../../swap/recommended.ts";
import { settingOf } from "../../swap/runs.ts";
import { type FittedVariant, fitVariants } from "../../swap/variant.ts";
import type { SeededError } from "../../swap/wrong-masks.ts";
import type { SwapPlan } from "../../types.ts";
import { type Block, PlanIndex } from "../block.ts";
import { type BlockResult, evaluateBlocks } from "../blocks.ts";
import { PART_SETTINGS, type PartRequest, type PlanPart, partResults, planPart, rowsOf } from "../part.ts";
import { wrongScales } from "./wrong.ts";

/** What one variant makes of one output of an encoder. */
export interface VariedOutput {
  readonly encoder: string;
  /** Its blocks of the part: those that it changes, and the study's. */
  readonly results: readonly BlockResult[];
}

/** One variant of all outputs that can be encoded. */
export interface VariantOutcome {
  readonly variant: FittedVariant;
  readonly masks: MaskSummary | null;
  readonly outputs: readonly VariedOutput[];
}

/** What becomes of a study's results when its composites are made otherwise. */
export interface SensitivityOutcomes {
  /** Every output of the study, as it is, on the part that variants are judged on; empty where none was asked for. */
  readonly asRun: readonly VariedOutput[];
  readonly backgrounds: readonly string[];
  readonly outcomes: readonly VariantOutcome[];
  /** `encoder` null: of all of them; `variant` null: under none. */
  readonly refused: readonly { encoder: string | null; variant: string | null; why: string }[];
  /** Composites that had to be made. */
  readonly composites: number;
  /** Files of the study folder that they rest on. */
  readonly files: readonly string[];
  /** Parts of the features that they rest on, paths without ending. */
  readonly bases: readonly string[];
}

const NONE: SensitivityOutcomes = {
  asRun: [],
  backgrounds: [],
  outcomes: [],
  refused: [],
  composites: 0,
  files: [],
  bases: [],
};

/** A variant with the scales and mask error that its composites are made with. */
interface Made {
  readonly variant: FittedVariant;
  readonly scales: Scales;
  readonly error: SeededError | null;
  readonly masks: MaskSummary | null;
}

/**
 * Makes the composites of a part of the study's plan anew under every variant that the study names: the same cells and
 * donors, so that differences pair. What an earlier run left is used where its key still fits, and settings that a
 * variant leaves as they are keep the study's results.
 */
export async function runSensitivity(request: PartRequest): Promise<SensitivityOutcomes> {
  const { study, plan, selection, outputs, results, targets } = request;
  const variants = variantsOf(request);
  if (variants.length === 0) return NONE;
  const part = planPart(plan, study, selection);
  const runnable = new Set(targets.flatMap(({ names }) => names));
  const refused: SensitivityOutcomes["refused"][number][] = outputs
    .filter(({ set }) => !runnable.has(set.name))
    .map(({ set }) => ({
      encoder: set.name,
      variant: null,
      why: "its features were made elsewhere, so that no other composites can be encoded",
    }));
  const outcomes: VariantOutcome[] = [];
  const files: string[] = [];
  const bases: string[] = [];
  let composites = 0;
  for (const [i, variant] of variants.entries()) {
    const onProgress = (share: number) =>
      request.onProgress?.(Math.floor(10 * (i + share)) / 10, variants.length);
    onProgress(0);
    const made = madeOf(request, variant);
    if ("why" in made) {
      refused.push({ encoder: null, variant: variant.name, why: made.why });
      continue;
    }
    const found = await varied(request, part, made, onProgress);
    outcomes.push({ variant, masks: made.masks, outputs: found.outputs });
    files.push(...found.files);
    bases.push(...found.bases);
    composites += found.composites;
  }
  request.onProgress?.(variants.length, variants.length);
  return {
    asRun: outputs.map(({ set }) => ({ encoder: set.name, results: partResults(results, part, set.name) })),
    backgrounds: part.backgrounds,
    outcomes,
    refused,
    composites,
    files,
    bases,
  };
}

/** The variants that a study names, for its crops and choices. @throws StudyError as {@link fitVariants} */
export function variantsOf({
  study,
  pixels,
}: Pick<PartRequest, "study"> & { readonly pixels: Pick<PartRequest["pixels"], "store"> }) {
  return fitVariants(study.sensitivity ?? [], study.composite, unitOf(pixels.store));
}

/** Scales as the variant's masks give them, or why there are none. */
function madeOf(
  { study, selection, layout, pixels }: PartRequest,
  variant: FittedVariant,
): Made | { readonly why: string } {
  if (variant.error === null) return { variant, scales: pixels.scales, error: null, masks: null };
  const error = { ...variant.error, seed: study.seed };
  try {
    const { scales, summary } = wrongScales(pixels.store, variant.composite, {
      error,
      rows: selection.rows.flatMap((rows) => [...rows]),
      path: layout.wrongMasks(variant.name),
    });
    return { variant, scales, error, masks: summary };
  } catch (cause) {
    if (!(cause instanceof SettingError)) throw cause;
    return { why: cause.message };
  }
}

/** Encodes what a variant changes, judges it, and takes the rest from the study. */
async function varied(
  request: PartRequest,
  part: PlanPart,
  { variant, scales, error }: Made,
  onProgress: (share: number) => void,
): Promise<Pick<SensitivityOutcomes, "composites" | "files" | "bases"> & Pick<VariantOutcome, "outputs">> {
  const { results, targets, evaluation, layout, extractOptions } = request;
  const { plan, blocks, extraction: wanted } = variedPart(request, part, { variant, scales, error });
  const extraction = await extract(wanted, {
    ...extractOptions,
    onProgress: (done, total) => onProgress((0.8 * done) / Math.max(1, total)),
  });
  try {
    const at = layout.sensitivity();
    const found = await evaluateBlocks({
      ...evaluation,
      layout: at,
      sets: extraction.sets,
      blocks,
      index: new PlanIndex(plan),
      onProgress: (done, total) => onProgress(0.8 + (0.19 * done) / Math.max(1, total)),
    });
    const kept = { blocks: part.blocks.filter((block) => !blocks.includes(block)) };
    return {
      composites: extraction.composites,
      bases: extraction.sets.flatMap((set) => set.bases),
      files: [
        ...extraction.sets.flatMap(({ name }) => blocks.map((block) => at.block(name, block))),
        ...(error === null ? [] : [layout.wrongMasks(variant.name)]),
      ],
      outputs: targets.flatMap(({ names }) =>
        names.map((encoder) => ({
          encoder,
          results: [
            ...found.filter((r) => r.encoder === nameOf(encoder, variant)),
            ...partResults(results, kept, encoder),
          ],
        })),
      ),
    };
  } finally {
    for (const set of extraction.sets) set.close();
  }
}

/** What of a part a variant changes, and how its composites are made. */
export function variedPart(
  { pixels, targets }: Pick<PartRequest, "pixels" | "targets">,
  part: PlanPart,
  { variant, scales, error }: Pick<Made, "variant" | "scales" | "error">,
): { plan: SwapPlan; blocks: readonly Block[]; extraction: ExtractRequest } {
  const own = inputsOf({ ...pixels, plan: part.plan });
  const other = inputsOf({ ...pixels, plan: part.plan, scales, composite: variant.composite, error });
  const isChanged = (setting: Setting) =>
    targets.some(({ encoder, names }) =>
      names.some((_, o) => featureKey(own, encoder, o, setting) !== featureKey(other, encoder, o, setting)),
    );
  const changed: readonly Setting[] = PART_SETTINGS.filter(isChanged);
  const rows = part.rows.map((_, row) => row).filter((row) => changed.includes(settingOf(part.plan, row)));
  const plan = rowsOf(part.plan, rows);
  const encoders = targets.map(
    (t): EncoderTarget => ({ ...t, names: t.names.map((name) => nameOf(name, variant)) }),
  );
  return {
    plan,
    blocks: part.blocks.filter(({ setting }) => changed.includes(setting)),
    extraction: { ...pixels, plan, scales, composite: variant.composite, error, encoders },
  };
}

/** Name of an output under a variant, in folders. */
function nameOf(name: string, { name: variant }: FittedVariant): string {
  return `${name}+${variant}`;
}
