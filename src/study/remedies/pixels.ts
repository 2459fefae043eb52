import { AveragedFeatures } from "../../features/averaged.ts";
import {
  type EncoderTarget,
  type ExtractOptions,
  type ExtractRequest,
  extract,
} from "../../features/extract.ts";
import type { FeatureSet } from "../../features/features.ts";
import { type Lookup, lookUp } from "../../features/lookup.ts";
import { clear } from "../../remedy/clear.ts";
import { DEFAULT_DONORS } from "../../remedy/enough-donors.ts";
import { maskOut } from "../../remedy/mask.ts";
import type { Remedy } from "../../remedy/name.ts";
import { drawDonors, type Lenders, recompose } from "../../remedy/recompose.ts";
import type { Seen } from "../../remedy/seen.ts";
import { type Lending, lendMedium } from "../../swap/lend.ts";
import type { PlanPart } from "../part.ts";

/** What remedies that change what an encoder sees are made of. */
export interface PixelRequest extends Omit<ExtractRequest, "plan" | "derived" | "error" | "encoders"> {
  readonly crops: PlanPart;
  readonly lenders: Lenders;
  readonly lending: Lending;
  readonly seed: number;
}

/** The features of remedied crops, one set per output of the encoders; to be closed when they are read. */
export interface PixelFeatures {
  readonly sets: readonly AveragedFeatures[];
  readonly made: readonly FeatureSet[];
  /** Composites that had to be made. */
  readonly composites: number;
}

/** Encodes the study's composites as a remedy shows them to `encoders`, whose names are those of the remedied outputs. */
export async function pixelFeatures(
  request: PixelRequest,
  remedy: Remedy,
  encoders: readonly EncoderTarget[],
  options: ExtractOptions,
): Promise<PixelFeatures> {
  const { plan, draws, extraction } = asSeen(request, remedy, encoders);
  const { sets, composites } = await extract(extraction, options);
  const shape = { count: request.crops.plan.count, draws };
  return {
    sets: sets.map((set) => new AveragedFeatures(set.name, set, plan, shape)),
    made: sets,
    composites,
  };
}

/** What {@link pixelFeatures} would make; nothing is encoded. */
export function lookUpPixels(
  request: PixelRequest,
  remedy: Remedy,
  encoders: readonly EncoderTarget[],
): Lookup & { readonly averaged: readonly AveragedFeatures[] } {
  const { plan, draws, extraction } = asSeen(request, remedy, encoders);
  const found = lookUp(extraction);
  const shape = { count: request.crops.plan.count, draws };
  return {
    ...found,
    averaged: found.sets.map((set) => new AveragedFeatures(set.name, set, plan, shape)),
  };
}

function asSeen(request: PixelRequest, remedy: Remedy, encoders: readonly EncoderTarget[]) {
  const { crops, lenders: _, lending: __, seed: ___, ...rest } = request;
  const { plan, draws, center, dilate } = seenBy(request, remedy);
  const derived = { plan: crops.plan, center, dilate };
  return { plan, draws, extraction: { ...rest, plan, derived, encoders } };
}

function seenBy({ crops, store, lenders, lending, seed }: PixelRequest, { kind, value }: Remedy): Seen {
  const { plan } = crops;
  if (kind === "clear") return clear(plan, store.count);
  if (kind === "masked") return maskOut(plan, store.count, value ?? 0);
  const seen = recompose(plan, store, drawDonors(lenders, value ?? DEFAULT_DONORS, seed));
  // Who may lend medium to a crowded donor is asked of the cell, not of the crop that it is seen in.
  const cells = seen.plan.cell.map((crop) => plan.cell[crop - store.count]);
  const { medium } = lendMedium(store, { ...seen.plan, cell: cells }, lending, seed);
  return { ...seen, plan: { ...seen.plan, medium } };
}
