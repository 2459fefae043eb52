import type { z } from "zod";
import type { CropFiles } from "../../cells/crops.ts";
import type { Groups } from "../../core/groups.ts";
import type { FurtherEvidence } from "../../report/data.ts";
import type { Flag } from "../../types.ts";
import type { FeatureRequest } from "../inference.ts";
import { keep, readKept } from "../kept.ts";
import type { EffectRow } from "../tables.ts";
import { batchEvidence } from "./batch.ts";
import { naturalEvidence } from "./natural.ts";
import { pasteEvidence } from "./paste.ts";
import { shareEvidence } from "./shares.ts";

/** What evidence of one encoder is drawn from: its features of every composite, and the cells. */
export interface EvidenceRequest extends FeatureRequest {
  /** Closed groups of the study's cells; `count` is 0 where there are none. */
  readonly groups: Groups;
  readonly store: CropFiles;
}

/** Evidence beside the ladder, drawn from the features that a study has. */
export interface EvidenceKind<T extends FurtherEvidence = FurtherEvidence> {
  /** Names its stage, its results and its place in the report. */
  readonly id: T["id"];
  readonly shape: z.ZodType<T>;
  /** Whether it is drawn from the predictions of the transfer probes, which are then to be there. */
  readonly predicted: boolean;
  /** Whether encoders share much of the work, so that one thread draws it for all of them. */
  readonly together?: boolean;
  /**
   * Hash of exactly what it depends on, its own version included; null where the study lacks what it needs.
   */
  key(request: EvidenceRequest): string | null;
  /** Draws it, with a pause after every step that takes long. */
  draw(request: EvidenceRequest): Generator<void, T>;
  /** What a reader must know before believing other numbers; none by default. */
  flags?(found: T, ladder: Ladder): Flag[];
}

/** What the study states of the same encoder. */
export interface Ladder {
  readonly stated: readonly Pick<EffectRow, "statement" | "class" | "estimate" | "low" | "high">[];
  /** Equivalence zone, a share. */
  readonly zone: number;
}

/** All of it, in the order of the report. */
export const EVIDENCE: readonly EvidenceKind[] = [
  batchEvidence,
  naturalEvidence,
  pasteEvidence,
  shareEvidence,
];

/** Draws one kind of evidence of one encoder, or finds it in the study folder; `between` is awaited after every step. */
export async function drawEvidence(
  kind: EvidenceKind,
  request: EvidenceRequest,
  between: () => Promise<void>,
): Promise<void> {
  const steps = stepsOf(kind, request);
  while (steps.next().done !== true) await between();
}

/** The evidence of one encoder, from the study folder where {@link drawEvidence} left it, and its files. */
export function furtherEvidence(
  request: EvidenceRequest,
  ladder: Ladder,
): {
  found: FurtherEvidence[];
  flags: Flag[];
  files: string[];
} {
  const all = EVIDENCE.flatMap((kind) => {
    const steps = stepsOf(kind, request);
    let step = steps.next();
    while (step.done !== true) step = steps.next();
    return step.value === null ? [] : [{ kind, ...step.value }];
  });
  return {
    found: all.map(({ found }) => found),
    flags: all.flatMap(({ kind, found }) => kind.flags?.(found, ladder) ?? []),
    files: all.map(({ path }) => path),
  };
}

function* stepsOf(
  kind: EvidenceKind,
  request: EvidenceRequest,
): Generator<void, { path: string; found: FurtherEvidence } | null> {
  const key = kind.key(request);
  if (key === null) return null;
  const path = request.layout.evidence(kind.id, request.set.name);
  const known = readKept<FurtherEvidence>(path, key, kind.shape);
  return { path, found: known ?? keep(path, key, yield* kind.draw(request)) };
}
