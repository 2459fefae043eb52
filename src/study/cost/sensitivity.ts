import { lookUp } from "../../features/lookup.ts";
import type { Scales } from "../../swap/intensity.ts";
import { PlanIndex } from "../block.ts";
import { lackingFits } from "../blocks.ts";
import { planPart } from "../part.ts";
import { variantsOf, variedPart } from "../sensitivity/run.ts";
import { keptWrongScales } from "../sensitivity/wrong.ts";
import type { WorkRequest } from "./plan-work.ts";
import { partRequest } from "./remedies.ts";
import type { PlannedWork } from "./work.ts";

/** Adds what the composites of a study's part take when they are made otherwise. */
export function planSensitivity(request: WorkRequest, work: PlannedWork): void {
  const { study, plan, selection, targets, evaluation, layout, store } = request;
  const asked = partRequest(request);
  const variants = variantsOf(asked);
  if (variants.length === 0) return;
  const part = planPart(plan, study, selection);
  const rows = selection.rows.flatMap((own) => [...own]);
  for (const variant of variants) {
    const error = variant.error === null ? null : { ...variant.error, seed: study.seed };
    const kept =
      error &&
      keptWrongScales(store, variant.composite, { error, rows, path: layout.wrongMasks(variant.name) });
    const scales = error === null ? asked.pixels.scales : (kept ?? unlike(asked.pixels.scales));
    const { plan: changed, blocks, extraction } = variedPart(asked, part, { variant, scales, error });
    const found = lookUp(extraction);
    work.encoded(found.composites, targets, found.encodings);
    work.bytes += found.bytes;
    const index = new PlanIndex(changed);
    for (const set of found.sets)
      work.fit(
        lackingFits({ ...evaluation, layout: layout.sensitivity(), sets: [set], blocks, index }),
        set.dimension,
      );
  }
}

/** Scales that no run has measured: what rests on those of wrong masks is not there before they are. */
function unlike(scales: Scales): Scales {
  return scales.kind === "group" ? { ...scales, cell: scales.cell.map((level) => level + 1) } : scales;
}
