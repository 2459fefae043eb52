import type { Groups } from "../../core/groups.ts";
import {
  atOnce,
  levelOfEach,
  type Recommendation,
  type RemedyEvidence,
  recommend,
  remedyEvidence,
  transferSentence,
} from "../../evidence/remedies.ts";
import { type TransferStated, transferEstimates } from "../../evidence/transfer.ts";
import { table } from "../../files/table.ts";
import type { DonorCurve } from "../../remedy/donor-curve.ts";
import type { Remedy } from "../../remedy/name.ts";
import type { Column, Table } from "../../types.ts";
import { judgmentsOf } from "../judge.ts";
import { type EffectRow, effectsTable } from "../tables.ts";
import type { RemedyOutcome, RemedyOutcomes, RemedyRefused } from "./outcome.ts";

/** What remedies make of one output of an encoder. */
export interface EncoderRemedies {
  readonly encoder: string;
  /** As it is (`none`), then every remedy in the order of the study. */
  readonly evidence: readonly (RemedyEvidence & {
    readonly transfer: readonly TransferStated[];
    /** Donors of a recomposition whose number the features chose. */
    readonly donors?: DonorCurve;
  })[];
  readonly recommendation: Recommendation;
  readonly refused: readonly RemedyRefused[];
}

const LEVEL = 0.95;

/** Statements of the transfer probes that are shown of a remedy. */
const TRANSFER: readonly string[] = [
  "transfer/original",
  "transfer/different",
  "capture/different",
  "capture-neighbor",
];

/** Everything that is stated of remedies, encoder by encoder. @param zone half width of the zone of equivalence, a share */
export function remedyStatements(
  { none, outcomes, refused }: RemedyOutcomes,
  groups: Groups,
  zone: number,
): EncoderRemedies[] {
  return none.map((before) => {
    const own = outcomes.filter((o) => o.encoder === before.encoder);
    const judgments = (o: Pick<RemedyOutcome, "judged" | "results">) => judgmentsOf(o.judged, o.results);
    const transfer = (o: Pick<RemedyOutcome, "predictions">, level: number) =>
      o.predictions === null
        ? []
        : transferEstimates(o.predictions, groups, { level })
            .filter((s) => TRANSFER.includes(s.statement))
            .map((s) => atOnce(s, LEVEL, own.length));
    const evidence = remedyEvidence(
      judgments(before),
      own.map((o) => ({ remedy: o.remedy.name, judgments: judgments(o) })),
      groups,
      LEVEL,
    );
    const whole = evidence.map((e, i) => ({
      ...e,
      transfer: i === 0 ? transfer(before, LEVEL) : transfer(own[i - 1], levelOfEach(LEVEL, own.length)),
      ...(own[i - 1]?.donors === undefined ? {} : { donors: own[i - 1].donors }),
    }));
    const { remedy, sentence } = recommend(evidence, zone);
    const best = whole.find((e) => e.remedy === remedy);
    const more =
      best === undefined
        ? ""
        : transferSentence(best.transfer, trainedOn(own.find((o) => o.remedy.name === remedy)?.remedy));
    return {
      encoder: before.encoder,
      evidence: whole,
      recommendation: { remedy, sentence: more === "" ? sentence : `${sentence} ${more}` },
      refused: refused.filter((r) => r.encoder === before.encoder),
    };
  });
}

/** What the probe of all classes is trained on, by the remedy; without one, original crops. */
function trainedOn(remedy: Remedy | undefined): string {
  if (remedy?.kind === "augmented") return "original and swapped crops";
  return remedy?.kind === "dfr" ? "swapped crops" : "original crops";
}

/** `results/remedies`: a row per encoder, remedy and statement, as `results/effects` has them. */
export function remedyTable(encoders: readonly EncoderRemedies[]): Table {
  const rows: (EffectRow & { remedy: string })[] = encoders.flatMap(({ encoder, evidence }) =>
    evidence.flatMap(({ remedy, original, cost, neighbor, medium, transfer }) => [
      { encoder, remedy, statement: "original", ...original },
      ...(remedy === "none" ? [] : [{ encoder, remedy, statement: "cost", ...cost }]),
      { encoder, remedy, statement: "neighbor", ...neighbor },
      { encoder, remedy, statement: "medium", ...medium },
      ...transfer.map((t) => ({ encoder, remedy, ...t })),
    ]),
  );
  const { columns } = effectsTable(rows);
  const recommended = new Set(encoders.map((e) => `${e.encoder} ${e.recommendation.remedy}`));
  const [encoder, ...rest] = columns;
  return table(
    new Map<string, Column>([
      encoder,
      ["remedy", rows.map((r) => r.remedy)],
      ["recommended", Uint8Array.from(rows, (r) => (recommended.has(`${r.encoder} ${r.remedy}`) ? 1 : 0))],
      ...rest.filter(([name]) => name !== "class" && name !== "q"),
    ]),
  );
}
