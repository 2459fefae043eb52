import { listed } from "../core/format.ts";
import type { ReportInput } from "../report/data.ts";
import { hasDonor, hasSharedBackground, SETTINGS } from "../settings.ts";
import { isSameField } from "../swap/runs.ts";
import type { SwapPlan } from "../types.ts";
import type { Finished } from "./results.ts";
import type { Selection } from "./select.ts";

/** Swaps that enter a statement (not those on the own class's background), and those with a donor of the cell's own field. */
export function ownFieldDonors(
  plan: SwapPlan,
  { classOf }: Selection,
  field: readonly string[],
): { same: number; swaps: number } {
  let [same, swaps] = [0, 0];
  for (const { setting, background, start, end } of plan.runs) {
    if (!hasDonor(SETTINGS[setting])) continue;
    const shared = hasSharedBackground(SETTINGS[setting]);
    for (let row = start; row < end; row++) {
      if (shared && classOf[plan.cell[row]] === background) continue;
      swaps++;
      if (isSameField(plan, row, field)) same++;
    }
  }
  return { same, swaps };
}

/** What every report warns of that its choices and donors alone say. */
export function plainFlags(
  { study, selection }: Pick<Finished, "study" | "selection">,
  sameField: number,
  swaps: number,
): ReportInput["flags"] {
  const list: ReportInput["flags"] = [];
  const warn = (id: string, text: string) => list.push({ id, severity: "warning", encoder: null, text });
  if (sameField > 0)
    warn(
      "same-field",
      `${sameField} of ${swaps} swaps took their donor from the center cell's own field, because its class has no other: batch and neighbors cannot be told apart there.`,
    );
  if (study.composite.donorCenter === "keep")
    warn(
      "donor-kept",
      "The donor's own center cell was kept, as published: what the pasted cell does not cover stays visible and adds to the drop.",
    );
  const small = selection.classes.filter((_, c) => selection.rows[c].length < 50);
  if (small.length > 0)
    warn("few-cells", `Fewer than 50 cells in ${listed(small, 15)}: accuracies there are coarse.`);
  return list;
}
