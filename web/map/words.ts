import type { Everything } from "../data/rows.ts";
import { settingOf } from "../data/study.ts";

/** What is said of one composite. */
export function wordsOf({ composites, cells, predictions, classes }: Everything, row: number) {
  const cell = composites.cell[row];
  const on = classes[composites.background[row]] ?? null;
  const called = predictions?.prediction[row] ?? -1;
  return {
    id: cells.id[cell],
    own: classes[cells.class[cell]] ?? "no class",
    /** Class of the background, null where there is none. */
    on,
    setting: `${settingOf(composites.setting[row])}${on === null ? "" : ` on ${on}`}`,
    called: called < 0 ? "not predicted" : `${classes[called]} (${predictions!.probability[row].toFixed(2)})`,
  };
}
