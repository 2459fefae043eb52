import type { EncoderFile } from "../../encode/encoder-file.ts";
import type { EncoderTarget } from "../../features/extract.ts";
import type { PartRequest, PlanPart } from "../part.ts";
import { metadataColumn } from "../select.ts";
import type { PixelRequest } from "./pixels.ts";
import type { PoolOutput } from "./pool.ts";
import { nameOf, type RemediedOutputs, type Task } from "./tasks.ts";

/** What remedies that change crops are made of in a study. */
export function pixelRequest(
  { study, selection, groups, pixels }: Pick<PartRequest, "study" | "selection" | "groups" | "pixels">,
  crops: PlanPart,
): PixelRequest {
  const { cells } = pixels.store;
  return {
    ...pixels,
    crops,
    lending: {
      field: cells.field,
      usable: cells.usable,
      labels: metadataColumn(cells, study.class, "class"),
      cluster: groups.cluster,
    },
    seed: study.seed,
    lenders: {
      classes: selection.classes,
      classOf: selection.classOf,
      field: cells.field,
      usable: Uint8Array.from(selection.classOf, (c) => (c >= 0 ? 1 : 0)),
      group: groups.group,
    },
  };
}

/** The encoders of a remedy, their outputs under its name. */
export function remediedTargets(
  { targets }: RemediedOutputs,
  { remedy, pairs }: Pick<Task, "remedy" | "pairs">,
): EncoderTarget[] {
  const wanted = new Set(pairs.map(({ of }) => of));
  return targets
    .filter(({ names }) => names.some((name) => wanted.has(name)))
    .map((target) => ({ ...target, names: target.names.map((name) => nameOf(name, remedy)) }));
}

/** Outputs that a remedy pools, one by one. */
export function pooledOutputs(
  { outputs }: RemediedOutputs,
  { remedy, pairs }: Pick<Task, "remedy" | "pairs">,
): PoolOutput[] {
  return pairs.map(({ of }) => {
    const { encoder } = outputs.find(({ set }) => set.name === of)!;
    const own = outputs.filter((o) => o.encoder === encoder);
    const output = own.findIndex(({ set }) => set.name === of);
    return { encoder: encoder as EncoderFile, output, name: nameOf(of, remedy) };
  });
}
