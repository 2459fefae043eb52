/**
 * Validity of what `cellswap sensitivity` states: studies of known truth whose composites are made in five other ways, the
 * same cells and donors. How often the intervals of all changes hold at once, how often a change is shown where there is
 * none, and how often the effects under a variant lie in their own intervals. `--replicates N` (400).
 */
import { option, record, smoke } from "./harness.ts";
import { design } from "./validity/designs.ts";
import { sensitivityValidity } from "./validity/sensitivity.ts";

const replicates = smoke ? 4 : Number(option("replicates", "400"));
const designs = smoke
  ? [design("sensitivity-smoke", [3, 3, 3], 1)]
  : [
      [3, 3],
      [3, 4],
      [3, 6],
      [3, 10],
      [6, 3],
    ].map(([classes, fields]) =>
      design(
        `sensitivity-C${classes}-F${fields}`,
        Array.from({ length: classes }, () => fields),
        1,
      ),
    );
const found = designs.map((d) => {
  const summary = sensitivityValidity(d, replicates);
  for (const { effect, all, given, whole, each, typeI, variants } of summary.rows) {
    const own = Object.values(variants).map((v) => v.effect);
    const bias = Math.max(...Object.values(variants).map((v) => Math.abs(v.bias)));
    console.log(
      `${d.name.padEnd(22)} ${effect.padEnd(9)} all changes ${all.toFixed(1)} % (${given.toFixed(1)} % have an interval, of which ${each.toFixed(1)} % hold; ${whole.all?.toFixed(1) ?? "-"} % at once in the ${whole.studies} studies in which all have one), none shown ${typeI.toFixed(1)} %, effects ${Math.min(...own).toFixed(1)} to ${Math.max(...own).toFixed(1)} %, bias at most ${bias.toFixed(2)} points`,
    );
  }
  return summary;
});
record("sensitivity-validity", { replicates, found });
