import { readdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CellStore } from "../cells/store.ts";
import { storeHash } from "../cells/store.ts";
import type { Groups } from "../core/groups.ts";
import type { Sensitivity } from "../evidence/sensitivity.ts";
import { type TransferStated, transferEstimates } from "../evidence/transfer.ts";
import type { FeatureSet } from "../features/features.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { canonicalJson } from "../files/hash.ts";
import { writeCsv, writeParquet, writeParquetPieces } from "../files/table.ts";
import {
  type FurtherEvidence,
  parseReport,
  REPORT_VERSION,
  type ReportData,
  type ReportInput,
} from "../report/data.ts";
import { renderReport } from "../report/html.ts";
import { type Clipping, measureClipping } from "../swap/clipping.ts";
import { Compositor } from "../swap/composite.ts";
import type { Scales } from "../swap/intensity.ts";
import { planHash } from "../swap/plan-file.ts";
import { SATURATED } from "../swap/signal.ts";
import type { Flag, PairScore, SwapPlan, Table } from "../types.ts";
import { version } from "../version.ts";
import type { PlanIndex } from "./block.ts";
import { type BlockResult, scores as blockScores } from "./blocks.ts";
import { type CurveResults, reportedCurve } from "./curve.ts";
import { aboutEncoder, encodedOn, type StudyEncoder } from "./encoders.ts";
import { furtherEvidence } from "./evidence/further.ts";
import { makeFlips } from "./flips.ts";
import { makeGallery } from "./gallery.ts";
import { foldsOf } from "./groups.ts";
import { proportions } from "./inference.ts";
import { type Judgment, judgeStudy } from "./judge.ts";
import type { StudyLayout } from "./layout.ts";
import { ownFiles } from "./own-files.ts";
import { ownFieldDonors, plainFlags } from "./plain-flags.ts";
import { claimOf, reportedClaim, withoutProportions } from "./proportions/claim.ts";
import { changeTable, shareTable } from "./proportions/tables.ts";
import { writePublishedResults } from "./published-csv.ts";
import type { RemedyOutcomes } from "./remedies/outcome.ts";
import { reportedRemedies } from "./remedies/report.ts";
import { type EncoderRemedies, remedyStatements, remedyTable } from "./remedies/table.ts";
import type { FittedStudy } from "./schema.ts";
import type { Selection } from "./select.ts";
import type { SensitivityOutcomes } from "./sensitivity/run.ts";
import { sensitivityStatements, sensitivityTable } from "./sensitivity/table.ts";
import {
  type CellTableOutput,
  type CellTableRequest,
  cellPieces,
  type EffectRow,
  effectsTable,
  scoreTable,
} from "./tables.ts";
import { isFittedInPieces, transferPredictions } from "./transfer.ts";
import { writeSources, writeSummary, writeView } from "./view/write.ts";

/** One output of an encoder. */
export interface StudiedOutput {
  readonly encoder: StudyEncoder;
  readonly set: FeatureSet;
}

/** Everything that a finished study is written from. */
export interface Finished {
  readonly study: FittedStudy;
  readonly store: CellStore;
  readonly selection: Selection;
  readonly groups: Groups;
  readonly plan: SwapPlan;
  readonly index: PlanIndex;
  readonly scales: Scales;
  readonly outputs: readonly StudiedOutput[];
  readonly results: readonly BlockResult[];
  /** The same by machines that were trained on fewer cells. */
  readonly curve: CurveResults;
  readonly remedies: RemedyOutcomes;
  readonly sensitivity: SensitivityOutcomes;
  readonly layout: StudyLayout;
  readonly facts: Pick<ReportInput["facts"], "date" | "command">;
  /** What the guards found. */
  readonly flags: readonly Flag[];
}

/** What a finished study says, and the files that hold it, with the outputs of stages that it is of. */
export interface WrittenResults {
  readonly report: ReportData;
  readonly remedies: readonly EncoderRemedies[];
  readonly sensitivity: readonly Sensitivity[];
  readonly files: readonly string[];
}

/** Writes the study's tables, the authors' CSV layout and the report. */
export function writeResults(
  finished: Finished,
  onProgress: (done: number, total: number) => void,
): WrittenResults {
  const { layout, outputs, results } = finished;
  let done = 0;
  const step = () => onProgress(done++, 3 * outputs.length + 7);
  step();
  const scores = results.flatMap(blockScores);
  const transfer = new Map(outputs.map(({ set }) => [set.name, statedTransfer(finished, set)]));
  const evidence = judgeStudy(finished, transfer);
  const further = outputs.map(({ set }) => {
    step();
    return furtherEvidence(request(finished, set), {
      stated: evidence.rows.filter(({ encoder }) => encoder === set.name),
      zone: evidence.report.zone,
    });
  });
  step();
  const { zone } = evidence.report;
  const answers = new Map(evidence.report.answers.map(({ encoder, badge }) => [encoder, badge]));
  const sensitivity = sensitivityStatements(finished.sensitivity, finished, answers, zone);
  const found = [...further.flatMap((f) => f.found), ...sensitivity];
  const remedies = remedyStatements(finished.remedies, finished.groups, zone);
  const claims = outputs.flatMap(({ set }) => claimOf(request(finished, set)) ?? []);
  const published = outputs.flatMap(({ set }) => proportions(request(finished, set)) ?? []);
  const { classes } = finished.selection;
  const some: [base: string, table: Table][] = [
    [layout.shares, shareTable(classes, claims, published)],
    [layout.changes, changeTable(classes, claims)],
    [layout.remedyTable, remedyTable(remedies)],
    [layout.sensitivityTable, sensitivityTable(sensitivity)],
  ];
  const tables: typeof some = [
    [layout.pairs, scoreTable(scores)],
    [layout.effects, effectsTable([...evidence.rows, ...found.flatMap(effectRows)])],
    ...some.filter(([, { rows }]) => rows > 0),
  ];
  const written = new Set([layout.cells]);
  for (const [base, table] of tables) {
    writeCsv(`${base}.csv`, table);
    writeParquet(`${base}.parquet`, table);
    written.add(`${base}.csv`).add(`${base}.parquet`);
  }
  step();
  writeParquetPieces(layout.cells, cellPieces(cellTable(finished), predicted(finished)));
  for (const { set } of outputs) {
    step();
    const folder = layout.published(set.name);
    for (const file of writePublishedResults(
      folder,
      scores.filter((s) => s.encoder === set.name),
    ))
      written.add(join(folder, file));
  }
  step();
  for (const file of writeView(finished)) written.add(file);
  step();
  const remedied = finished.remedies.outcomes.flatMap(({ files }) => files);
  written.add(layout.view("summary.json"));
  removeStale(layout.path, new Set([...written, ...remedied, layout.view("sources.json")]));
  writeSources(finished);
  const data = parseReport({
    ...reportData(finished, {
      scores,
      evidence,
      found: [
        ...further.flatMap((f) => f.flags),
        ...(claims.length + published.length > 0 ? [] : withoutProportions(finished)),
      ],
      step,
    }),
    further: found,
    proportions: published,
    claims: claims.map(reportedClaim),
    remedies: reportedRemedies(finished.remedies, remedies),
  });
  const report = [`${layout.report}.json`, `${layout.report}.html`];
  step();
  writeFileAtomic(report[0], `${JSON.stringify(data)}\n`);
  writeFileAtomic(report[1], renderReport(data));
  writeSummary(layout, data);
  step();
  const shown = new Set([...claims, ...published].map(({ encoder }) => encoder));
  const fits = outputs.flatMap(({ set: { name } }) => [
    ...((transfer.get(name)?.length ?? 0) > 0 ? [layout.stage("transfer", name)] : []),
    ...(shown.has(name) ? [layout.stage("proportions", name)] : []),
  ]);
  return {
    report: data,
    remedies,
    sensitivity,
    files: [
      ...written,
      ...report,
      layout.survey,
      ...blockFiles(finished),
      ...fits,
      ...further.flatMap((f) => f.files),
      ...remedied,
      ...finished.sensitivity.files,
    ],
  };
}

/** Numbers of further evidence as rows of `results/effects`. */
function effectRows({ encoder, numbers }: FurtherEvidence): EffectRow[] {
  return numbers.map(({ refused, estimate, kind: _, ...rest }) => ({
    encoder,
    ...rest,
    estimate: estimate ?? Number.NaN,
    ...(refused === null ? {} : { refused }),
  }));
}

/** Outputs of blocks, those of the curve too, that the results are of; others are of earlier choices. */
function blockFiles({ layout, results, curve }: Finished): string[] {
  return [
    ...results.map((r) => layout.block(r.encoder, r)),
    ...curve.flatMap(({ cells, results: fewer }) =>
      fewer === results ? [] : fewer.map((r) => layout.curve(cells).block(r.encoder, r)),
    ),
  ];
}

/** Removes results of earlier choices: encoders and settings that the study no longer has. */
function removeStale(study: string, written: ReadonlySet<string>): void {
  for (const { path } of ["results", "view"].flatMap((folder) => ownFiles(study, folder))) {
    if (written.has(path)) continue;
    rmSync(path);
    if (readdirSync(dirname(path)).length === 0) rmdirSync(dirname(path));
  }
}

/** What the transfer probes of one encoder say, for all classes and single ones. */
function statedTransfer(finished: Finished, set: FeatureSet): TransferStated[] {
  const asked = request(finished, set);
  const predictions = transferPredictions(asked);
  if (predictions === null) return [];
  return transferEstimates(predictions, asked.groups, { perClass: true });
}

function cellTable({ plan, store, selection, groups, study, layout }: Finished): CellTableRequest {
  return { plan, cells: store.cells, selection, groups, features: study.features ?? layout.features };
}

/** One encoder at a time, so that one encoder's predictions are held. */
function* predicted(finished: Finished): Generator<CellTableOutput> {
  for (const { set } of finished.outputs)
    yield { encoder: set.name, set, predictions: transferPredictions(request(finished, set)) };
}

interface Reported {
  readonly scores: readonly PairScore[];
  readonly evidence: Judgment;
  /** Flags of the evidence beside the ladder. */
  readonly found: readonly Flag[];
  /** Called before every part that takes long. */
  readonly step: () => void;
}

function reportData(finished: Finished, { scores, evidence, found, step }: Reported): ReportInput {
  const { study, store, selection, groups, plan, index, scales, outputs } = finished;
  const compositor = new Compositor(store, scales, study.composite);
  const clipping = store.masks === "none" ? null : measureClipping(store, compositor, plan, study);
  step();
  const used = selection.rows.reduce((n, rows) => n + rows.length, 0) + selection.multiple.length;
  const { same: sameField, swaps } = ownFieldDonors(plan, selection, store.cells.field);
  const gap = scores.reduce((most, s) => Math.max(most, s.gap ?? 0), 0);
  const inPieces = fittedInPieces(finished);
  return {
    version: REPORT_VERSION,
    title: study.title,
    preset: study.preset,
    createdBy: `cellswap ${version}`,
    classes: [...selection.classes],
    aggregation: study.aggregation,
    encoders: outputs.map(({ set, encoder }) => ({
      name: set.name,
      description: aboutEncoder(encoder).title,
      dimension: set.dimension,
      warnings: [...aboutEncoder(encoder).notes],
    })),
    scores: scores.map((s) => ({ ...s, folds: [...s.folds] })),
    ...evidence.report,
    flags: [
      ...plainFlags(finished, sameField, swaps),
      ...clippedFlag(clipping),
      // What the study costs is no finding about its results.
      ...[...finished.flags, ...found].flatMap(({ id, severity, encoder, text }) =>
        severity === "refuse" || id === "size"
          ? []
          : [{ id, severity, encoder, text: `${text[0].toUpperCase()}${text.slice(1)}.` }],
      ),
    ],
    flips: outputs.flatMap(({ set }) => {
      step();
      const predictions = transferPredictions(request(finished, set));
      return predictions === null
        ? []
        : makeFlips(set.name, predictions, store, compositor, index, selection);
    }),
    curve: reportedCurve(finished, finished.curve),
    facts: {
      ...finished.facts,
      dataset: store.header.source,
      clusterName: groups.unit === "cluster" ? (study.groupBy ?? "cluster").toLowerCase() : groups.unit,
      clusters: groups.fewest,
      groups: foldsOf(study, groups),
      cellsPerClass: Math.min(...selection.rows.map((rows) => rows.length)),
    },
    gallery: makeGallery(store, compositor, plan, index, selection.rows),
    cells: { total: store.count, used, leftOut: { ...selection.leftOut } },
    plan: { rows: plan.count, sameFieldDonors: sameField, seed: plan.seed },
    provenance: [
      { name: "cellswap", value: version },
      { name: "Cells (SHA-256)", value: storeHash(store.header) },
      { name: "Cells read by", value: store.header.source },
      { name: "Masks", value: store.header.maskSource ?? "none" },
      { name: "Swap plan (SHA-256)", value: planHash(plan) },
      { name: "Seed", value: String(study.seed) },
      { name: "Composites", value: canonicalJson(study.composite) },
      {
        name: "Cells per class",
        value: selection.rows.map((rows, c) => `${selection.classes[c]} ${rows.length}`).join(", "),
      },
      {
        name: "Probe",
        value: `linear C-SVC, C = 1, raw features; ${describeSplit(finished)}`,
      },
      ...(inPieces.length > 0
        ? [
            {
              name: "Probe of all classes",
              value: `multinomial logistic regression, of ${inPieces.join(", ")} fitted in pieces on all threads until its gradient is 1e-8 or no step lowers its loss`,
            },
          ]
        : []),
      ...(clipping === null || clipping.pixels === 0
        ? []
        : [{ name: "Background pixels clipped", value: describeClipping(clipping) }]),
      { name: "Largest relative duality gap", value: gap.toExponential(1) },
      { name: "Encoded on", value: encodedOn(outputs.map(({ encoder }) => encoder)) },
      ...outputs.map(({ set, encoder }) => ({
        name: `${encoder.kind === "given" ? "Features" : "Encoder"} ${set.name} (SHA-256)`,
        value: encoder.hash,
      })),
    ],
  };
}

function describeClipping({ pixels, clipped, composites, of }: Clipping): string {
  return `${((100 * clipped) / pixels).toFixed(2)} % (${composites} of ${of} composites with a donor looked at)`;
}

/** Says it where clipping takes more of the backgrounds than a few bright pixels. */
function clippedFlag(clipping: Clipping | null): ReportInput["flags"] {
  if (clipping === null || clipping.clipped <= SATURATED * clipping.pixels) return [];
  return [
    {
      id: "clipped-backgrounds",
      severity: "warning",
      encoder: null,
      text: `Background pixels at the limits of "clip": ${describeClipping(clipping)}. What is brighter or darker there is lost to every encoder: widen "clip", or set it to null.`,
    },
  ];
}

/** Outputs whose transfer probes are there, and have so many rows and classes that they are fitted in pieces. */
function fittedInPieces(finished: Finished): string[] {
  return finished.outputs
    .filter(({ set }) => isFittedInPieces(request(finished, set)))
    .map(({ set }) => set.name);
}

/** How cells train and test. */
function describeSplit({ groups, study }: Finished): string {
  return groups.count === 0
    ? `${foldsOf(study, groups)}-fold stratified unshuffled`
    : `${groups.count} closed groups of ${groups.unit}s (at least ${groups.fewest} a class), each tested by probes of the others`;
}

/** What is asked of the features of one output of a study. */
export function request(
  finished: Pick<Finished, "layout" | "store" | "selection" | "index" | "study" | "groups">,
  set: FeatureSet,
) {
  const { layout, store, selection, index, study, groups } = finished;
  return { set, layout, store, cells: store.cells, selection, index, study, groups };
}
