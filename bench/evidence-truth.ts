/**
 * Evidence beside the ladder, through pixels: whole studies of simulated cells whose design is known, with the bundled
 * encoders and oracles of known behavior (`bench/influence/oracles.ts`), and what every kind of evidence says of them.
 * `--organism human` (yeast), `--studies N` (6) of each design, `--designs a,b` (all), `--show natural,capture` (statements
 * that begin so). Studies are kept under `.bench/`, so that a run that was stopped goes on and new evidence is drawn from
 * features that are there; `--read` only counts what finished ones stated. Seeds from 3,000 on: those of no training.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { mean, standardDeviation } from "../src/core/statistics.ts";
import { readCsv } from "../src/files/table.ts";
import type { DatasetOptions } from "../src/simulate/dataset.ts";
import type { OrganismName } from "../src/simulate/organism.ts";
import { built, option, record, smoke } from "./harness.ts";
import { writeOracles } from "./influence/oracles.ts";

const { ORGANISMS } = await built<typeof import("../src/simulate/organisms.ts")>("simulate/organisms");
const { writeSimulatedCells } =
  await built<typeof import("../src/simulate/write-cells.ts")>("simulate/write-cells");
const { readStudyFile } = await built<typeof import("../src/study/schema.ts")>("study/schema");
const { runStudy } = await built<typeof import("../src/study.ts")>("study");

const organism = option("organism", "yeast") as OrganismName;
const studies = smoke ? 1 : Number(option("studies", "6"));
const shown = option("show", "").split(",");
const encoders = smoke
  ? [organism === "yeast" ? "oracles.json" : "human-center"]
  : {
      yeast: ["deeploc", "deeploc-swap", "pci", "pifia", "oracles.json"],
      human: ["human", "human-swap", "human-center"],
    }[organism];
/** One class is told from the others by its structure alone; all are bright enough to be seen. */
const classes = {
  yeast: ["actin", "cytoplasm", "ER", "mitochondrion", "nucleus"],
  human: ["Nucleoplasm", "Cytosol", "Mitochondria", "Nucleoli"],
} as const;
/** Nothing of a field's images is its own but the cells and what they do to the light around them. */
const ALIKE = { batch: 0, plate: 0, vignette: 0, clouds: 0 };
const PLATES = { plate: 0.5 };

const ONE_PROTEIN = {
  localizations: [classes[organism][3]],
  plates: 4,
  fieldsPerProtein: 32,
  cellsPerProtein: smoke ? 64 : 256,
  physics: PLATES,
};

interface Design {
  readonly dataset: Partial<DatasetOptions>;
  readonly study?: Readonly<Record<string, unknown>>;
  /** At most. */
  readonly studies?: number;
}

/** What differs between the classes of a design besides the cells themselves, and what a cell's neighbors are. */
const DESIGNS: Readonly<Record<string, Design>> = {
  /** A screen: one class a field, fields that differ. */
  standard: { dataset: {} },
  /** Many fields, for what is small; two studies. */
  large: { dataset: { fieldsPerProtein: 20, cellsPerProtein: 160 }, studies: 2 },
  /** As the standard one, and the images of all fields are taken alike: the neighbors alone tell the class. */
  "neighbors-only": { dataset: { physics: ALIKE } },
  /** Three classes a field, at random. */
  mixed: { dataset: { proteinsPerField: 3 } },
  /** Every class on both plates. */
  crossed: { dataset: { plates: 2, physics: PLATES } },
  /** A plate for each class. */
  confounded: { dataset: { plates: classes[organism].length, plateLayout: "confounded", physics: PLATES } },
  /** One protein; its classes are plates. */
  "batch-only": { dataset: ONE_PROTEIN, study: { class: "Plate" } },
  /** The same, and backgrounds are not brought to the levels of the cell's field. */
  "batch-only-raw": { dataset: ONE_PROTEIN, study: { class: "Plate", intensity: "none" } },
};
const wanted = option("designs", smoke ? "mixed,batch-only" : Object.keys(DESIGNS).join(",")).split(",");

/** A stated number over all classes. */
interface Said {
  readonly encoder: string;
  readonly statement: string;
  readonly estimate: number;
  readonly low: number | null;
  readonly high: number | null;
}

function datasetOf({ dataset }: Design, seed: number): DatasetOptions {
  const { physics, ...rest } = dataset;
  const size = organism === "human" ? { size: 320 } : {};
  return {
    organism,
    seed,
    localizations: classes[organism],
    proteinsPerLocalization: 1,
    fieldsPerProtein: 8,
    cellsPerProtein: smoke ? 16 : 64,
    ...rest,
    physics: { ...size, ...physics },
  };
}

/** Folder of a study; cells, features and probes that an earlier run left there are used again. */
function folderOf(name: string, seed: number): string {
  if (smoke) return mkdtempSync(join(tmpdir(), "cellswap-evidence-"));
  const design = DESIGNS[name];
  const what = createHash("sha256").update(JSON.stringify([datasetOf(design, seed), design.study, encoders]));
  const folder = resolve(
    import.meta.dirname,
    `../.bench/evidence-truth/${name}-${what.digest("hex").slice(0, 8)}`,
  );
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Runs a study; what it states over all classes. */
async function study(name: string, seed: number): Promise<Said[]> {
  const folder = folderOf(name, seed);
  const effects = join(folder, "study/results/effects.csv");
  if (process.argv.includes("--read")) return existsSync(effects) ? statedIn(effects) : [];
  try {
    const cells = join(folder, "cells");
    if (!existsSync(cells)) await writeSimulatedCells(cells, datasetOf(DESIGNS[name], seed));
    if (encoders.includes("oracles.json")) writeOracles(folder, [0, 1]);
    const path = join(folder, "study.json");
    const { allowed } = ORGANISMS[organism];
    const keys = { cells: "cells", encoders, learningCurve: false, ...DESIGNS[name].study };
    writeFileSync(path, JSON.stringify(allowed.length === 0 ? keys : { ...keys, allow: allowed }));
    await runStudy(readStudyFile(path), { out: join(folder, "study") });
    return statedIn(effects);
  } finally {
    if (smoke) rmSync(folder, { recursive: true });
  }
}

/** Numbers over all classes. */
function statedIn(path: string): Said[] {
  const table = readCsv(path);
  const column = (name: string) => table.get(name)!;
  const number = (text: string) => (text === "" ? null : Number(text));
  return column("statement").flatMap((statement, row) => {
    const estimate = number(column("estimate")[row]);
    if (column("class")[row] !== "" || estimate === null) return [];
    const [low, high] = ["low", "high"].map((name) => number(column(name)[row]));
    return [{ encoder: column("encoder")[row], statement, estimate, low, high }];
  });
}

/** What a statement is without what it asks for. */
const nullOf = (statement: string) => (statement.startsWith("paste-") ? 0.5 : 0);

const rows = [];
for (const design of wanted) {
  const found = new Map<string, Said[]>();
  for (let s = 0; s < Math.min(studies, DESIGNS[design].studies ?? studies); s++)
    for (const said of await study(design, 3000 + s)) {
      const key = `${said.encoder}\t${said.statement}`;
      found.set(key, [...(found.get(key) ?? []), said]);
    }
  for (const list of found.values()) {
    const { encoder, statement } = list[0];
    const at = nullOf(statement);
    const given = list.filter((s) => s.low !== null && s.high !== null);
    const estimates = list.map((s) => s.estimate);
    rows.push({
      design,
      encoder,
      statement,
      studies: list.length,
      mean: mean(estimates),
      sd: list.length < 2 ? null : standardDeviation(estimates, 1),
      intervals: given.length,
      halfWidth: given.length === 0 ? null : mean(given.map((s) => (s.high! - s.low!) / 2)),
      above: given.filter((s) => s.low! > at).length,
      below: given.filter((s) => s.high! < at).length,
    });
  }
  console.log(`\n${design}`);
  for (const r of rows)
    if (r.design === design && shown.some((start) => r.statement.startsWith(start)))
      console.log(
        `${r.encoder.padEnd(18)} ${r.statement.padEnd(34)} ${r.mean.toFixed(3).padStart(7)} (SD ${r.sd?.toFixed(3) ?? "–"}), half width ${r.halfWidth?.toFixed(3) ?? "–"}, above ${r.above}, below ${r.below} of ${r.intervals}`,
      );
}
/** Variants of statements that are printed but not recorded. */
const LEFT_OUT = /log-odds|errors|brightness|variance-raw|transfer|-base/;
const short = (value: unknown) => (typeof value === "number" ? Number(value.toPrecision(3)) : value);
record(organism === "yeast" ? "evidence-truth" : `evidence-truth-${organism}`, {
  classes: classes[organism],
  columns: Object.keys(rows[0]),
  rows: rows.filter((r) => !LEFT_OUT.test(r.statement)).map((r) => Object.values(r).map(short).join(", ")),
});
