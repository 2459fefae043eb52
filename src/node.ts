// Everything of index.ts, and what needs Node: files, ONNX Runtime, worker threads.

export type { FieldEntry, FieldList } from "./cells/fields/field.ts";
export { type FieldListOptions, listFields } from "./cells/fields/list.ts";
export { type AnnDataOptions, anndataSource } from "./cells/formats/anndata.ts";
export { cellprofilerSet } from "./cells/formats/cellprofiler.ts";
export { deeplocSource } from "./cells/formats/deeploc.ts";
export { deepprofilerSet } from "./cells/formats/deepprofiler.ts";
export { type FieldsOptions, fieldsSource } from "./cells/formats/fields.ts";
export { type FolderOptions, folderSource } from "./cells/formats/folder.ts";
export { type H5scOptions, h5scSource } from "./cells/formats/h5sc.ts";
export { type HpaOptions, hpaSource } from "./cells/formats/hpa.ts";
export { type LocationsOptions, locationsSource } from "./cells/formats/locations.ts";
export { type NpyOptions, npySource } from "./cells/formats/npy.ts";
export { pciSource } from "./cells/formats/pci.ts";
export { pifiaSource } from "./cells/formats/pifia.ts";
export { type StripsOptions, stripsSource } from "./cells/formats/strips.ts";
export {
  type CellPixels,
  type CellSource,
  type ImportOptions,
  type ImportSummary,
  importCells,
} from "./cells/importer.ts";
export { type Labels, readLabels } from "./cells/metadata/labels.ts";
export { type CellRecord, CellStore, CellStoreWriter, type StoreHeader } from "./cells/store.ts";
export type { Verification, VerifiedFile } from "./cells/verify.ts";
export { type Demo, type DemoOptions, type DemoProgress, runDemo } from "./demo.ts";
export { bundledEncoders, encoderPath } from "./encode/bundled.ts";
export type { Encoder } from "./encode/encoder.ts";
export { type EncoderFile, readEncoder } from "./encode/encoder-file.ts";
export {
  type ExportEncoderOptions,
  type ExportedEncoder,
  type ExportedFeatures,
  exportEncoder,
} from "./encode/export.ts";
export { type Draft, draftEncoder, initEncoder } from "./encode/onnx/draft.ts";
export { type OpenOptions, openEncoder } from "./encode/open.ts";
export { pooledEncoder } from "./encode/pooled.ts";
export { openDeepLoc } from "./encode/published/deeploc.ts";
export { readFeatureFolder, readFeaturePickle } from "./encode/published/feature-folder.ts";
export { importPublished } from "./encode/published/import.ts";
export { openPci } from "./encode/published/pci.ts";
export { openPifia } from "./encode/published/pifia.ts";
export { showEncoder } from "./encode/published/show.ts";
export { runTrial, type Trial, type TrialOptions } from "./encode/trial.ts";
export { PairGrid } from "./evaluate/grid.ts";
export type { ComparedFlips, ComparedNumber, ComparedPair } from "./explore/compare.ts";
export { type ExtractRequest, extract, tryEncoder } from "./features/extract.ts";
export * from "./index.ts";
export { type CellFeatureOptions, type CellFeatures, writeCellFeatures } from "./remedy/cell-features.ts";
export { type SegmentOptions, type SegmentSummary, segmentStore } from "./segment/segment-store.ts";
export {
  type SimulationOptions,
  type SimulationSummary,
  writeSimulatedCells,
} from "./simulate/write-cells.ts";
export { type AnnDataExport, type AnnDataExportOptions, exportAnnData } from "./study/anndata/export.ts";
export { type AuthorFeatureOptions, evaluateAuthorFeatures } from "./study/author-features.ts";
export { type CompareOptions, compareStudies } from "./study/compare/compare.ts";
export {
  type Exported,
  type ExportOptions,
  type ExportSize,
  exportComposites,
} from "./study/composites/export.ts";
export type { StudyCost } from "./study/cost/cost.ts";
export type { StudyProgress } from "./study/prepare.ts";
export { readPublishedResults, writePublishedResults } from "./study/published-csv.ts";
export { readResults, readStudyFolder, type StudyResults } from "./study/read.ts";
export { exportRemedied, type RemediedExport } from "./study/remedies/export.ts";
export { readStudyFile, resolveStudy, type Study, StudyFile } from "./study/schema.ts";
export { verify } from "./study/verify.ts";
export { type DryRun, dryRun, runStudy, type StudyOptions, type StudyRun } from "./study.ts";
export { writePlan } from "./swap/plan-file.ts";
export { readPlan } from "./swap/read-plan.ts";
export { type ExportViewOptions, exportView, type ViewExport } from "./view/export.ts";
export { type ServeOptions, type Serving, serveStudies } from "./view/server.ts";
export type { OpenViewOptions } from "./view/study.ts";
