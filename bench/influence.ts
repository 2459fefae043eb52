/**
 * Neighbor influence against simulated truth: every cell is rendered with and without the other cells of its field, and
 * the move of an encoder's features is held against the column that `cellswap features --remedy recompose` writes. Encoders
 * are oracles that read the surroundings with a known dose, and bundled ones. `--cells N` (8) in each of four fields of
 * eight localizations, `--reference K` (16) donors for what the standard error promises.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mean } from "../src/core/statistics.ts";
import { encoderPath } from "../src/encode/bundled.ts";
import { ORGANISMS } from "../src/simulate/organisms.ts";
import { option, record, smoke } from "./harness.ts";
import { agreement, compareInfluence } from "./influence/compare.ts";
import { writeOracles } from "./influence/oracles.ts";

const DONORS = 4;
const reference = Number(option("reference", "16"));
const rendering = {
  localizations: ORGANISMS.yeast.localizations.filter((_, i) => (smoke ? i < 2 : i % 2 === 0)),
  proteins: 1,
  fields: smoke ? 2 : 4,
  cellsPerField: smoke ? 3 : Number(option("cells", "8")),
  seed: 11,
};
const bundled = smoke ? [] : ["deeploc", "pci", "deeploc-swap"];
const folder = mkdtempSync(join(tmpdir(), "cellswap-influence-"));
try {
  const encoders = [writeOracles(folder), ...bundled.map((name) => encoderPath(name, folder))];
  const donors = smoke ? [DONORS] : [DONORS, reference];
  const [few, many = few] = await compareInfluence({ folder, encoders, rendering, donors });
  const rows = few.map((own, o) => {
    const { output, cells, truth, found, error } = own;
    // The same cells on more media; lengths in feature space, as the error does not cover the distance between classes.
    const ratio = many[o].distance / own.distance;
    const near = found.map((v, i) => (Math.abs(v - ratio * many[o].found[i]) <= 2 * error[i] ? 1 : 0));
    return {
      output,
      cells,
      truth: mean(truth),
      found: mean(found),
      error: mean(error),
      ...agreement(own),
      withinTwoErrors: mean(near),
    };
  });
  for (const r of rows)
    console.log(
      `${r.output.padEnd(16)} ${r.cells} cells, truth ${r.truth.toFixed(3)}, found ${r.found.toFixed(3)} (SE ${r.error.toFixed(4)}), Spearman ${r.spearman.toFixed(3)}, slope ${r.slope.toFixed(3)}, intercept ${r.intercept.toFixed(3)}, spread ${r.spread.toFixed(3)}; within two errors of ${reference} donors: ${(100 * r.withinTwoErrors).toFixed(0)} %`,
    );
  record("influence", { donors: DONORS, reference, rendering, rows });
} finally {
  rmSync(folder, { recursive: true });
}
