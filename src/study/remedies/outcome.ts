import type { Predictions } from "../../evidence/predictions.ts";
import type { DonorCurve } from "../../remedy/donor-curve.ts";
import type { Remedy } from "../../remedy/name.ts";
import type { BlockResult } from "../blocks.ts";
import type { Judged } from "../judge.ts";

/** What one remedy made of one output of an encoder. */
export interface RemedyOutcome {
  /** Output that is remedied, as results name it. */
  readonly encoder: string;
  readonly remedy: Remedy;
  /** Out-of-fold hits of its pairwise probes, and the plan that their blocks are of. */
  readonly results: readonly BlockResult[];
  readonly judged: Judged;
  /** What probes that were trained on remedied original crops make of the others; null where nothing was fitted. */
  readonly predictions: Predictions | null;
  /** Donors that it was recomposed onto, where its features chose their number. */
  readonly donors?: DonorCurve;
  /** Files of the study folder that it rests on. */
  readonly files: readonly string[];
  /** Parts of the features that it rests on, paths without ending. */
  readonly bases: readonly string[];
}

/** Why a remedy could not be had of an encoder. */
export interface RemedyRefused {
  readonly encoder: string;
  readonly remedy: string;
  readonly why: string;
}

export interface RemedyOutcomes {
  /** Every output that is remedied, as it is; empty where the study asks for no remedies. */
  readonly none: readonly Omit<RemedyOutcome, "remedy">[];
  readonly outcomes: readonly RemedyOutcome[];
  readonly refused: readonly RemedyRefused[];
  /** Composites that had to be made. */
  readonly composites: number;
}
