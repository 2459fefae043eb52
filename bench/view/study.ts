import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { CellStore, CellStoreWriter } from "../../src/cells/store.ts";
import { mulberry32 } from "../../src/core/rng.ts";
import { ENCODER_COLUMNS, VIEW_VERSION, type ViewStudy, viewStudySchema } from "../../src/explore/format.ts";
import { table, writeParquetPieces } from "../../src/files/table.ts";
import { parseReport } from "../../src/report/data.ts";
import { summaryOf } from "../../src/report/summary.ts";
import { SETTINGS } from "../../src/settings.ts";
import { cellPieces, planPieces, type ViewRequest, writeNumbers } from "../../src/study/view/tables.ts";
import { backgroundOf } from "../../src/swap/runs.ts";
import type { PlanRun, SwapPlan } from "../../src/types.ts";
import { type Entry, encodePath } from "../../src/view/entries.ts";
import type { OpenedStudy } from "../../src/view/study.ts";
import { drawnReport } from "./report.ts";

/** Classes, and so composites of a cell: four without a background class, then two before each other class. */
export const CLASSES = Array.from({ length: 9 }, (_, c) => `class ${c + 1}`);
export const PER_CELL = 4 + 2 * (CLASSES.length - 1);
export const ENCODERS = ["one", "two", "three"];
const SIDE = 32;
const PIECE = 65_536;

export interface Drawn {
  readonly cells: number;
  readonly classes?: readonly string[];
  /** Classes whose backgrounds are used; all by default. */
  readonly backgrounds?: readonly string[];
  readonly encoders?: readonly string[];
}

/** Writes the files that the explorer reads of a study of drawn cells; returns the number of composites. */
export async function writeDrawnStudy(
  folder: string,
  { cells, classes = CLASSES, backgrounds = classes, encoders = ENCODERS }: Drawn,
): Promise<number> {
  const path = join(folder, "cells");
  writeCells(path, cells, classes);
  const store = await CellStore.open(path);
  const classOf = Int16Array.from({ length: cells }, (_, cell) => cell % classes.length);
  const rows = classes.map((_, c) => Int32Array.from(classOf.keys()).filter((cell) => classOf[cell] === c));
  const lending = backgrounds.map((name) => classes.indexOf(name));
  const plan = drawnPlan(classOf, classes, lending);
  const view = join(folder, "study", "view");
  mkdirSync(view, { recursive: true });
  const request = {
    plan,
    store,
    selection: { classes, classOf, rows },
    groups: {
      group: Int32Array.from(classOf, (_, cell) => cell % 5),
      cluster: Int32Array.from(classOf, (_, cell) => Math.floor(cell / 100)),
    },
  } satisfies ViewRequest;
  writeNumbers(join(view, "plan.parquet"), planPieces(request));
  writeParquetPieces(join(view, "cells.parquet"), cellPieces(request));
  for (const [e, name] of encoders.entries()) {
    mkdirSync(join(view, name), { recursive: true });
    writeNumbers(join(view, name, "composites.parquet"), encoderPieces(plan, classOf, e, classes.length));
  }
  const json = (file: string, value: unknown) =>
    writeFileSync(join(folder, "study", file), JSON.stringify(value));
  const scales = {
    kind: "none",
    groups: [],
    groupOf: Array.from({ length: cells }, () => -1),
    background: [],
    cell: [],
  };
  json("view/scales.json", scales);
  json("view/study.json", about({ cells, composites: plan.count, classes, lending, encoders }));
  json("view/sources.json", {
    cells: "../cells",
    encoders: Object.fromEntries(encoders.map((e) => [e, null])),
  });
  json("view/summary.json", summaryOf(parseReport(drawnReport(classes, encoders, backgrounds))));
  return plan.count;
}

/** The study as `cellswap view` serves it, without the hashes that a real one is held to. */
export function openDrawnStudy(folder: string): OpenedStudy {
  const entries = new Map<string, Entry>();
  const add = (name: string, path: string) =>
    entries.set(encodePath(name), { path: resolve(folder, path), sha256: null, state: null });
  const view = join(folder, "study", "view");
  for (const found of readdirSync(view, { recursive: true, withFileTypes: true })) {
    const path = join(found.parentPath, found.name);
    if (found.isFile()) add(path.slice(view.length + 1), path);
  }
  for (const name of ["crops.npy", "masks.npy"]) add(name, join("cells", name));
  entries.set("results.json", { text: "[]" });
  const about = viewStudySchema.parse(JSON.parse(readFileSync(join(view, "study.json"), "utf8")));
  return { path: folder, about, entries, encoders: new Map() };
}

function about({
  cells,
  composites,
  classes,
  lending,
  encoders,
}: Required<Pick<Drawn, "cells" | "classes" | "encoders">> & {
  composites: number;
  lending: number[];
}): ViewStudy {
  return {
    version: VIEW_VERSION,
    title: "Drawn cells",
    createdBy: "cellswap",
    classes: [...classes],
    settings: ["original", "self", "same", "cell-free", "different", "masked"],
    backgrounds: lending,
    encoders: encoders.map((name) => ({
      name,
      output: 0,
      description: null,
      title: "drawn numbers",
      dimension: 384,
      remedy: null,
      predicted: true,
      map: {
        crops: cells,
        axes: [1, 2].map((n) => ({ label: `principal component ${n}`, share: 0.3 / n })),
      },
      runs: { where: "none", why: "its features are drawn" },
    })),
    composites,
    crops: { count: cells, channels: ["GFP"], height: SIDE, width: SIDE, masks: "full", micrometers: null },
    composite: {
      edge: "hard",
      sigma: 1,
      donorCenter: "fill",
      halo: 0,
      intensity: "none",
      clip: null,
      seed: 0,
    },
    unit: "field",
    groups: { count: 5, fewest: 1, reach: "all", notes: [] },
    pixels: {},
  };
}

/** Noise with a disk in the middle and one in a corner: 64 crops over and over. */
function writeCells(path: string, count: number, classes: readonly string[]): void {
  const random = mulberry32(7);
  const tiles = Array.from({ length: 64 }, (_, t) => {
    const crop = new Float32Array(SIDE * SIDE);
    const mask = new Uint8Array(SIDE * SIDE);
    for (let p = 0; p < crop.length; p++) {
      const [y, x] = [Math.floor(p / SIDE), p % SIDE];
      const own = Math.hypot(y - 15.5, x - 15.5) < 7 + (t % 4);
      mask[p] = own ? 1 : Math.hypot(y - 3, x - 27) < 5 ? 2 : 0;
      crop[p] = 100 + 40 * random() + (mask[p] === 0 ? 0 : 200 + 80 * Math.sin(x + t));
    }
    return { crop, mask };
  });
  const writer = new CellStoreWriter(
    path,
    { channels: ["GFP"], height: SIDE, width: SIDE },
    "full",
    "drawings",
  );
  for (let i = 0; i < count; i++) {
    const { crop, mask } = tiles[i % tiles.length];
    writer.append(crop, mask, {
      Metadata_Cell: `P${i % 97}_field${Math.floor(i / 100)}_${i}`,
      Metadata_Protein: `P${i % 97}`,
      Metadata_Field: `field ${Math.floor(i / 100)}`,
      Metadata_Localization: classes[i % classes.length],
    });
  }
  const area = new Float64Array(count).fill(200);
  writer.finish({ verdict: new Array(count).fill("ok"), measures: new Map([["Quality_CenterArea", area]]) });
}

/** Every cell in six settings, before the backgrounds of all other classes where these have one. */
function drawnPlan(classOf: Int16Array, classes: readonly string[], lending: readonly number[]): SwapPlan {
  const random = mulberry32(11);
  const foreign = lending.reduce((n, b) => n + classOf.reduce((sum, own) => sum + Number(own !== b), 0), 0);
  const count = 4 * classOf.length + 2 * foreign;
  const runs: PlanRun[] = [];
  const plan = {
    seed: 0,
    count,
    classes: [...classes],
    runs,
    cell: new Int32Array(count),
    donor: new Int32Array(count).fill(-1),
  };
  let row = 0;
  const segment = (setting: (typeof SETTINGS)[number], background: number) => {
    const start = row;
    for (let cell = 0; cell < classOf.length; cell++) {
      if (classOf[cell] === background) continue;
      plan.cell[row] = cell;
      if (setting === "self") plan.donor[row] = cell;
      else if (setting !== "original" && setting !== "masked") {
        const from = background < 0 ? classOf[cell] : background;
        const places = Math.ceil((classOf.length - from) / classes.length);
        plan.donor[row] = from + classes.length * Math.floor(random() * places);
      }
      row++;
    }
    runs.push({ setting: SETTINGS.indexOf(setting), background, start, end: row });
  };
  for (const setting of ["original", "self", "same"] as const) segment(setting, -1);
  for (const setting of ["cell-free", "different"] as const) for (const b of lending) segment(setting, b);
  segment("masked", -1);
  return plan;
}

/** Predictions that foreign neighbors lead astray, and a map on which classes are clouds. */
function* encoderPieces(plan: SwapPlan, classOf: Int16Array, seed: number, classes: number) {
  const random = mulberry32(100 + seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  for (let start = 0; start < plan.count; start += PIECE) {
    const rows = Math.min(PIECE, plan.count - start);
    const numbers = Object.fromEntries(
      ENCODER_COLUMNS.map((name) => [name, new Float32Array(rows)]),
    ) as Record<(typeof ENCODER_COLUMNS)[number], Float32Array>;
    for (let i = 0; i < rows; i++) {
      const row = start + i;
      const [own, lent] = [classOf[plan.cell[row]], backgroundOf(plan, row)];
      const margin = 2 + normal() - (lent >= 0 ? 1.5 * random() : 0);
      numbers.prediction[i] = margin > 0 ? own : lent >= 0 ? lent : (own + 1) % classes;
      numbers.margin[i] = margin;
      numbers.own[i] = 1 / (1 + Math.exp(-margin));
      numbers.probability[i] = Math.max(numbers.own[i], 1 - numbers.own[i]);
      numbers.lent[i] = lent >= 0 ? random() * (1 - numbers.own[i]) : Number.NaN;
      const angle = (2 * Math.PI * numbers.prediction[i]) / classes;
      numbers.map_x[i] = 5 * Math.cos(angle) + normal();
      numbers.map_y[i] = 5 * Math.sin(angle) + normal();
    }
    yield table({ ...numbers, prediction: Int32Array.from(numbers.prediction) });
  }
}
