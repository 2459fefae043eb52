// The browser-safe library, in the order of the pipeline. What needs files or ONNX Runtime is in node.ts, what
// draws the report in report.ts.

export { memoryCrops } from "./cells/memory.ts";
export { closedGroups, type Groups } from "./core/groups.ts";
export { EncoderDescription, EncoderOutput, PreprocessStep } from "./encode/description.ts";
export { makePooling, type Pooling } from "./encode/pool.ts";
export { makePreprocessor, type Preprocessor } from "./encode/preprocess.ts";
export * from "./errors.ts";
export { crossValidatePair, type PairFit } from "./evaluate/crossvalidate.ts";
export {
  fitLogistic,
  type LogisticModel,
  type LogisticOptions,
  predictProbabilities,
} from "./evaluate/logistic/logistic.ts";
export {
  type Fold,
  groupSplit,
  heldOutSplit,
  leaveOneClusterOut,
  type PairSplits,
  type Split,
  stratifiedPairs,
  stratifiedSplit,
} from "./evaluate/split.ts";
export { type Answer, answer, type Badge } from "./evidence/answer.ts";
export { collectJudgments } from "./evidence/collect.ts";
export { encoderDifferences } from "./evidence/encoders.ts";
export { type Estimate, estimate } from "./evidence/estimate.ts";
export type { Judgments } from "./evidence/judgments.ts";
export { classEstimates } from "./evidence/per-class.ts";
export {
  type PredictedBlock,
  type PredictedCells,
  type PredictionRequest,
  type Predictions,
  predictHeldOut,
} from "./evidence/predictions.ts";
export {
  type Recommendation,
  type Remedied,
  type RemedyEvidence,
  recommend,
  remedyEvidence,
} from "./evidence/remedies.ts";
export { type Sensitivity, type SensitivityCase, sensitivity } from "./evidence/sensitivity.ts";
export { STATEMENTS, type Stated, statedEstimates } from "./evidence/statements.ts";
export { type Aggregation, EFFECTS, type ResultTable, resultTable } from "./evidence/tables.ts";
export { type TransferStated, transferEstimates } from "./evidence/transfer.ts";
export { type MaskChange, type MaskError, MaskErrors } from "./masks/mask-error.ts";
export { judgeMask } from "./masks/verdict.ts";
export {
  HUMAN_LOCALIZATIONS,
  type HumanLocalization,
  LOCALIZATIONS,
  type Localization,
} from "./names.ts";
export {
  applyScaling,
  applyTemperature,
  type Calibrator,
  fitScaling,
  fitTemperature,
  type Scaling,
} from "./proportions/calibrate.ts";
export { divergence, totalVariation } from "./proportions/divergence.ts";
export { localizationProportions, type ProportionResult } from "./proportions/proportions.ts";
export {
  type Calibration,
  type Prevalence,
  prevalence,
  QUANTIFIERS,
  type Quantifier,
} from "./proportions/quantify.ts";
export { type Region, type RegionRequest, shareRegion } from "./proportions/region.ts";
export { type AffineMap, applyAffine, composeAffine } from "./remedy/affine.ts";
export { clear } from "./remedy/clear.ts";
export { fitDfr, scoreMap } from "./remedy/dfr.ts";
export { fitLeace } from "./remedy/leace.ts";
export { maskOut } from "./remedy/mask.ts";
export { parseRemedy, REMEDIES, type Remedy, type RemedyKind } from "./remedy/name.ts";
export { fitProjection } from "./remedy/project.ts";
export { drawDonors, type Lenders, recompose } from "./remedy/recompose.ts";
export type { ClassRows, RemedyBlock } from "./remedy/rows.ts";
export type { Seen } from "./remedy/seen.ts";
export { fitWhitening } from "./remedy/whiten.ts";
export { SETTINGS, type Setting, type SettingTraits, traitsOf } from "./settings.ts";
export { cutCrops, type SimulatedCrop } from "./simulate/crops.ts";
export {
  type DatasetCell,
  type DatasetField,
  type DatasetOptions,
  datasetProteins,
  simulateDataset,
  simulateFields,
} from "./simulate/dataset.ts";
export {
  type FieldOptions,
  type SimulatedCell,
  type SimulatedField,
  simulateField,
} from "./simulate/field.ts";
export { type OracleOptions, oracleFeatures } from "./simulate/oracle.ts";
export type { OrganismName } from "./simulate/organism.ts";
export { HUMAN_PHYSICS, PHYSICS, type Physics } from "./simulate/parameters.ts";
export {
  makeProtein,
  mixedProteins,
  type Protein,
  type SimulatedLocalization,
  singleProteins,
} from "./simulate/proteins.ts";
export { type Clipping, measureClipping } from "./swap/clipping.ts";
export { Compositor } from "./swap/composite.ts";
export { type Derived, DerivedCrops, derivedScales } from "./swap/derived.ts";
export { groupOf, measureScales, plainScales, type Scales } from "./swap/intensity.ts";
export { makePlan, type PlanRequest, type SameDonor } from "./swap/plan.ts";
export { type FittedVariant, fitVariants, VARIANTS } from "./swap/variant.ts";
export { type SeededError, WrongMasks } from "./swap/wrong-masks.ts";
export * from "./types.ts";
export { version } from "./version.ts";
