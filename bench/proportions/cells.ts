/** Features of simulated proteins, singly localized and heterogeneous, in four kinds of crops, kept under `.bench/`. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CellStore } from "../../src/cells/store.ts";
import type { Extraction } from "../../src/features/extract.ts";
import type { Setting } from "../../src/settings.ts";
import { backgroundOf, runOf, runsOf, settingOf } from "../../src/swap/runs.ts";
import type { SwapPlan } from "../../src/types.ts";
import { built } from "../harness.ts";

const cellStore = await built<typeof import("../../src/cells/store.ts")>("cells/store");
const { bundledEncoders } = await built<typeof import("../../src/encode/bundled.ts")>("encode/bundled");
const { readEncoder } = await built<typeof import("../../src/encode/encoder-file.ts")>("encode/encoder-file");
const { extract, tryEncoder } =
  await built<typeof import("../../src/features/extract.ts")>("features/extract");
const { writeSimulatedCells } =
  await built<typeof import("../../src/simulate/write-cells.ts")>("simulate/write-cells");
const { groupOf, measureScales } =
  await built<typeof import("../../src/swap/intensity.ts")>("swap/intensity");
const { makePlan } = await built<typeof import("../../src/swap/plan.ts")>("swap/plan");
const { recommendedFor } = await built<typeof import("../../src/swap/recommended.ts")>("swap/recommended");
const { readCsvColumn } = await built<typeof import("../../src/files/table.ts")>("files/table");
const { datasetProteins } = await built<typeof import("../../src/simulate/dataset.ts")>("simulate/dataset");

/** What is simulated; proteins are new to the encoders, with traits of a proteome of their own for every seed. */
export interface Screen {
  readonly seed: number;
  readonly proteinsPerLocalization: number;
  readonly cellsPerProtein: number;
  readonly fieldsPerProtein: number;
  readonly heterogeneous: number;
  readonly cellsPerHeterogeneous: number;
  readonly correlation: number;
}

/** Kinds of crops that proportions are estimated from. */
export const KINDS = ["original", "masked", "recomposed"] as const;
export type Kind = (typeof KINDS)[number];

/** Cells of a screen, singly localized ones first, and their features. */
export interface ScreenCells {
  readonly classes: readonly string[];
  readonly protein: readonly string[];
  readonly field: readonly string[];
  /** Class of every cell; that of a heterogeneous protein's cell is its truth. */
  readonly label: readonly number[];
  /** Whether the cell's protein has several localizations. */
  readonly mixed: readonly boolean[];
  /** Shares of every heterogeneous protein over the classes. */
  readonly shares: Readonly<Record<string, readonly number[]>>;
  readonly dimension: Readonly<Record<string, number>>;
}

/** Backgrounds that recomposed cells are averaged over. */
const BACKGROUNDS = ["bud neck", "cytoplasm", "mitochondrion", "nucleus"];

/** Makes what `folder` does not hold of a screen; gives its cells and a reader of features, cells x dimension. */
export async function screenFeatures(folder: string, screen: Screen, encoders: readonly string[]) {
  const done = join(folder, "cells.json");
  if (!existsSync(done)) await make(folder, screen, encoders);
  const cells = JSON.parse(readFileSync(done, "utf8")) as ScreenCells;
  const read = (encoder: string, kind: Kind) => {
    const bytes = readFileSync(join(folder, `${encoder}-${kind}.f32`));
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  };
  return { cells, read };
}

async function make(out: string, screen: Screen, encoders: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-proportions-"));
  try {
    const dataset = { ...screen, proteome: 1000 + screen.seed };
    const place = join(folder, "cells");
    await writeSimulatedCells(place, dataset);
    const truth = readCsvColumn(join(place, "truth.csv"), "Truth_Localization");
    const store = await cellStore.CellStore.open(place);
    try {
      const proteins = datasetProteins(dataset);
      const classes = [...new Set(truth)].sort();
      const rows = Int32Array.from(store.cells.usable.keys()).filter((row) => store.cells.usable[row] === 1);
      const protein = Array.from(rows, (row) => store.cells.protein![row]);
      const several = new Set(proteins.filter((p) => p.shares.length > 1).map((p) => p.name));
      const cells = {
        classes,
        protein,
        field: Array.from(rows, (row) => store.cells.field[row]),
        label: Array.from(rows, (row) => classes.indexOf(truth[row])),
        mixed: protein.map((name) => several.has(name)),
        shares: Object.fromEntries(
          proteins
            .filter((p) => several.has(p.name))
            .map((p) => [p.name, classes.map((c) => p.shares.find((s) => s.localization === c)?.share ?? 0)]),
        ),
      };
      const plan = planOf(store, cells, rows, screen.seed);
      const composite = recommendedFor(store, screen.seed);
      const scales = measureScales(store, composite, groupOf(store.cells, composite.intensity));
      const targets = [];
      for (const name of encoders) {
        const encoder = readEncoder(bundledEncoders().get(name)!);
        targets.push({ encoder, names: [name], dimensions: await tryEncoder(encoder, store) });
      }
      const request = { store, plan, scales, composite, encoders: targets, folder: join(folder, "features") };
      const { sets } = await extract(request, { workers: 2 });
      const written = mkdtempSync(join(tmpdir(), "cellswap-proportions-"));
      const dimension: Record<string, number> = {};
      for (const set of sets) {
        dimension[set.name] = set.dimension;
        for (const kind of KINDS)
          writeFileSync(join(written, `${set.name}-${kind}.f32`), averaged(set, plan, rows, kind));
        set.close();
      }
      writeFileSync(join(written, "cells.json"), JSON.stringify({ ...cells, dimension }));
      cpSync(written, out, { recursive: true });
      rmSync(written, { recursive: true });
    } finally {
      store.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Every cell as imaged, masked, and on a background of each class of `BACKGROUNDS`, its own included. */
function planOf(
  store: CellStore,
  cells: Omit<ScreenCells, "dimension">,
  rows: Int32Array,
  seed: number,
): SwapPlan {
  // A heterogeneous protein is a class of its own, so that it lends nothing.
  const classes = [...cells.classes, ...Object.keys(cells.shares)];
  const classOf = new Int16Array(store.cells.field.length).fill(-1);
  rows.forEach((row, i) => {
    classOf[row] = cells.mixed[i] ? classes.indexOf(cells.protein[i]) : cells.label[i];
  });
  const plan = makePlan({
    classes,
    classOf,
    field: store.cells.field,
    protein: store.cells.protein,
    usable: store.cells.usable,
    settings: ["original", "masked", "same", "different"],
    backgrounds: BACKGROUNDS,
    sameDonor: "any",
    seed,
  });
  const own = (row: number) => BACKGROUNDS.includes(classes[classOf[plan.cell[row]]]);
  const kept = Int32Array.from({ length: plan.count }, (_, row) => row).filter(
    (row) => settingOf(plan, row) !== "same" || own(row),
  );
  return {
    ...plan,
    count: kept.length,
    cell: kept.map((row) => plan.cell[row]),
    runs: runsOf(
      Uint8Array.from(kept, (row) => runOf(plan, row).setting),
      Int16Array.from(kept, (row) => backgroundOf(plan, row)),
    ),
    donor: kept.map((row) => plan.donor[row]),
  };
}

/** Features of every cell: of its one crop, or the mean over its backgrounds. */
function averaged(
  set: Extraction["sets"][number],
  plan: SwapPlan,
  rows: Int32Array,
  kind: Kind,
): Float32Array {
  const settings: readonly Setting[] = kind === "recomposed" ? ["same", "different"] : [kind];
  const place = new Map(Array.from(rows, (row, i) => [row, i]));
  const sum = new Float64Array(rows.length * set.dimension);
  const count = new Int32Array(rows.length);
  const one = new Float32Array(set.dimension);
  for (let row = 0; row < plan.count; row++) {
    if (!settings.includes(settingOf(plan, row))) continue;
    const i = place.get(plan.cell[row])!;
    count[i]++;
    set.read([row], one);
    for (let j = 0; j < one.length; j++) sum[i * one.length + j] += one[j];
  }
  return Float32Array.from(sum, (value, at) => value / count[Math.floor(at / set.dimension)]);
}
