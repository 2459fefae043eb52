import { formatTrial } from "../../src/explore/playground/address.ts";
import { trialOf } from "../../src/explore/playground/trial.ts";
import type { Everything } from "../data/rows.ts";
import { settingOf } from "../data/study.ts";
import { go, useStudy } from "../state.ts";

/** Opens the swap playground with a composite of the study. */
export function TryButton({ row, of }: { row: number; of: Everything }) {
  const { study } = useStudy();
  const { composites, cells } = of;
  const cell = composites.cell[row];
  const setting = settingOf(composites.setting[row]);
  const open = () => {
    const { donor, medium } = composites;
    const trial = trialOf({ setting, cell, donor: donor[row], medium: medium[row] }, study.about.composite);
    go({ tab: "playground", cell: cells.id[cell], trial: formatTrial(trial, study.about) });
  };
  return (
    <button type="button" className="try" onClick={open} aria-label={`Swap by hand, from ${setting}`}>
      Swap by hand
    </button>
  );
}
