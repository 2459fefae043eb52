import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { pciSource } from "../../src/cells/formats/pci.ts";
import { importCells } from "../../src/cells/importer.ts";
import { CellStore } from "../../src/cells/store.ts";
import { writeSimulatedCells } from "../../src/simulate/write-cells.ts";
import { PlanIndex } from "../../src/study/block.ts";
import { studyGroups } from "../../src/study/groups.ts";
import { missingRows } from "../../src/study/guards/rows.ts";
import { hopeless, studySize, wideMaps } from "../../src/study/guards/size.ts";
import { rowsOf } from "../../src/study/part.ts";
import { studyPlan } from "../../src/study/plan.ts";
import { readStudyFile } from "../../src/study/schema.ts";
import { selectCells } from "../../src/study/select.ts";
import { runStudy } from "../../src/study.ts";
import { backgroundOf } from "../../src/swap/runs.ts";
import type { Flag } from "../../src/types.ts";
import { type Drawing, type DrawnEncoder, drawCells, writeEncoder, writeStudy } from "./drawn.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-guards-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const shared = resolve(import.meta.dirname, "../../../shared");
const images = join(shared, "data/yeast/images");

/** Cells on which no guard has anything to say. */
const GOOD: Drawing = { cellsPerClass: 18, fields: 3 };

let number = 0;
/** Runs a study of drawn cells in a folder of its own; what its guards found, the cost left out. */
async function found(
  keys: Readonly<Record<string, unknown>> = {},
  drawing: Drawing = {},
  encoder: Partial<DrawnEncoder> = {},
): Promise<Flag[]> {
  const dir = join(base, `study${number++}`);
  drawCells(join(dir, "cells"), { ...GOOD, ...drawing });
  writeEncoder(dir, { name: "tiny", filters: 16, ...encoder });
  const study = readStudyFile(
    writeStudy(join(dir, "study.json"), { settings: ["original", "masked"], split: "stratified", ...keys }),
  );
  const told: Flag[] = [];
  const run = await runStudy(study, {
    out: join(dir, "out"),
    workers: 1,
    onFlag: (flag) => void told.push(flag),
  });
  expect(told).toEqual(run.flags);
  const [cost] = told.filter((f) => f.id === "size");
  expect(cost).toMatchObject({ severity: "note", encoder: null });
  const flags = told.filter((f) => f !== cost);
  const report = JSON.parse(readFileSync(join(dir, "out/report.json"), "utf8"));
  for (const { text } of flags)
    expect(report.flags.map((f: { text: string }) => f.text)).toContain(
      `${text[0].toUpperCase()}${text.slice(1)}.`,
    );
  expect(report.flags.some((f: { text: string }) => f.text.includes("fits of pairs"))).toBe(false);
  return flags;
}
const ids = (flags: readonly Flag[]) => flags.map((f) => f.id);

describe("what is well is not spoken of", () => {
  test("drawn cells, all settings", async () => {
    expect(await found({ settings: undefined })).toEqual([]);
  });
  test("simulated cells with the bundled encoders", async () => {
    const dir = join(base, "simulated");
    const dataset = { seed: 7, proteinsPerLocalization: 2, cellsPerProtein: 6, fieldsPerProtein: 2 };
    await writeSimulatedCells(join(dir, "cells"), dataset);
    const encoders = ["deeploc", "pci-swap"].map((name) =>
      resolve(import.meta.dirname, `../../encoders/${name}.json`),
    );
    const path = writeStudy(join(dir, "study.json"), { encoders, settings: ["original", "same", "masked"] });
    const { flags } = await runStudy(readStudyFile(path), { out: join(dir, "out"), workers: 1 });
    expect(ids(flags)).toEqual(["size"]);
  });
  test.skipIf(!existsSync(images))(
    "real yeast cells",
    async () => {
      const dir = join(base, "yeast");
      // The crops come without masks; what needs none is looked at here.
      await importCells(await pciSource(images), join(dir, "cells"));
      const encoders = [resolve(import.meta.dirname, "../../encoders/deeploc.json")];
      const keys = {
        encoders,
        class: "Protein",
        settings: ["original"],
        intensity: "crop",
        cellsPerClass: 60,
      };
      const path = writeStudy(join(dir, "study.json"), keys);
      const { flags } = await runStudy(readStudyFile(path), { out: join(dir, "out"), workers: 1 });
      expect(ids(flags)).toEqual(["size"]);
    },
    60_000,
  );
});

describe("what is told, and the run goes on", () => {
  test("an encoder that gives every crop the same features", async () => {
    const flags = await found(
      {},
      {},
      { preprocess: [{ step: "standardize" }, { step: "scale", factor: 0 }] },
    );
    expect(flags).toMatchObject([{ id: "constant-features", severity: "warning", encoder: "tiny" }]);
  });
  test("an encoder that does not tell the classes apart", async () => {
    // Both classes are drawn alike, so that nothing can be told.
    const alike = {
      classes: ["a", "b"],
      localization: (_: string, i: number) => (i % 2 === 0 ? "even" : "odd"),
    };
    const flags = await found({}, { ...alike, fields: 5, cellsPerClass: 20 });
    expect(ids(flags)).toEqual(["mixed-fields", "at-chance"]);
    // Every field holds two cells of either class.
    expect(flags[0].text).toMatch(/in a cell's field 67 % are of another class/);
    expect(flags[1]).toMatchObject({ severity: "warning", encoder: "tiny" });
    expect(flags[1].text).toMatch(/does not tell these classes apart in original: 0\.\d{3}, .* undecided/);
  });
  test("constants under an intensity step that changes the scale", async () => {
    const constants = { preprocess: [{ step: "scale", factor: 3 }] };
    expect(await found({ intensity: "protein" }, {}, constants)).toMatchObject([
      { id: "changed-units", encoder: "tiny", text: expect.stringContaining("constants (scale)") },
    ]);
    for (const intensity of ["none", "field"]) expect(await found({ intensity }, {}, constants)).toEqual([]);
  });
  test("classes of unequal size, and their accuracy is 0.5 where nothing is seen", async () => {
    const blind = { preprocess: [{ step: "standardize" }, { step: "scale", factor: 0 }] };
    const flags = await found({}, { cellsPerClass: [30, 12] }, blind);
    expect(flags).toMatchObject([
      {
        id: "unequal-classes",
        severity: "note",
        text: expect.stringMatching(/from 12 \(vacuole\) to 30 .*71 %/),
      },
      { id: "constant-features" },
    ]);
    const report = JSON.parse(readFileSync(join(base, `study${number - 1}`, "out/report.json"), "utf8"));
    for (const { accuracy } of report.scores) expect(accuracy).toBe(0.5);
    for (const { value: estimate } of report.estimates.filter(
      (i: { of: string; class: string | null }) => i.of === "original",
    ))
      expect(estimate).toBeCloseTo(0.5, 12);
  });
  test("few fields", async () => {
    expect(await found({}, { fields: 2 })).toMatchObject([
      { id: "few-fields", text: expect.stringMatching(/^fewer than 3 fields in nucleus, vacuole:/) },
    ]);
  });
  test("the same crop under two ids", async () => {
    expect(await found({}, { repeated: true })).toMatchObject([
      { id: "same-crop", text: expect.stringMatching(/^2 crops have exactly .*nucleus-17 is nucleus-0/) },
    ]);
  });
  test("pixels at the limits of the clip", async () => {
    const [flag] = await found({ clip: [-1, 1], intensity: "protein" });
    expect(flag).toMatchObject({ id: "clipped", text: expect.stringMatching(/GFP \d/) });
    expect(await found({ clip: null, intensity: "protein" })).toEqual([]);
    // By field a cell stays as it was imaged.
    expect(await found({ clip: [-1, 1] })).toEqual([]);
  });
  test("a channel without signal, where the scale does not look at it", async () => {
    expect(await found({ intensity: "none" }, { dark: "nucleus-field0" })).toEqual([]);
    const dark = { fields: 1, dark: "nucleus-field0", classes: ["nucleus"], localization: half };
    const flags = await found({ intensity: "none" }, dark);
    expect(ids(flags)).toContain("no-signal");
    expect(flags.find((f) => f.id === "no-signal")?.text).toMatch(/^channel GFP:/);
  });
  test("crops that were masked before, in settings that need no background", async () => {
    expect(await found({ intensity: "none" }, { cutOut: 2 })).toEqual([]);
  });
});

function half(_: string, i: number): string {
  return i % 2 === 0 ? "even" : "odd";
}

describe("size", () => {
  const study = (keys: object) =>
    ({ settings: ["original"], folds: 5, pairs: "all", proportions: { method: "em" }, ...keys }) as never;
  const classes = (count: number, cells: number) => ({
    classes: Array.from({ length: count }, (_, c) => `c${c}`),
    rows: Array.from({ length: count }, () => new Int32Array(cells)),
    multiple: new Int32Array(),
  });
  const all = ["original", "self", "same", "cell-free", "different", "masked", "background-only"];

  test("thousands of classes are refused before anything is planned, and the ways out are named", () => {
    const size = studySize(study({ settings: all }), classes(1440, 5), 1, null);
    expect(size).toEqual({ classes: 1440, composites: 20_764_800, fits: 14_945_454_000 });
    const flag = hopeless(size, { limit: 24, workers: 8, memory: 64e9, counted: "exact" });
    expect(flag?.severity).toBe("refuse");
    for (const way of [
      '"classes"',
      '"backgrounds"',
      '{ "sample": 10 }',
      '"none"',
      '"cellsPerClass"',
      "--limit",
    ])
      expect(flag?.text).toContain(way);
    expect(flag?.text).not.toContain("\n");
  });
  test("what is refused is what takes more hours, by the least that it can take, or more memory than there is", () => {
    const machine = { limit: 1, workers: 2, memory: 8e9, counted: "exact" as const };
    // Two threads make 36 million fits in an hour, at 0.2 ms.
    const size = { classes: 2, composites: 0, fits: 36e6 };
    expect(hopeless(size, machine)).toBeNull();
    expect(hopeless({ ...size, fits: 36e6 + 1e5 }, machine)?.text).toMatch(/at least 1\.0 h on 2 threads/);
    expect(hopeless({ ...size, fits: 36e6 + 1e5 }, { ...machine, limit: 2 })).toBeNull();
    const large = { classes: 2, composites: 2e8, fits: 0 };
    expect(hopeless(large, { ...machine, limit: 1000 })).toBeNull();
    expect(hopeless({ ...large, composites: 2e8 + 1 }, { ...machine, limit: 1000 })?.text).toMatch(
      /plan alone takes 9 GB of memory, and 8\.0 GB may be used here/,
    );
  });
  test("is that of the plan which is drawn, cells of several localizations included", async () => {
    const dir = join(base, "counted");
    const localization = (name: string, i: number) => (i % 5 === 0 ? "nucleus|vacuole" : name);
    drawCells(join(dir, "cells"), { classes: ["nucleus", "vacuole", "ER"], localization });
    const store = await CellStore.open(join(dir, "cells"));
    for (const backgrounds of [undefined, ["ER"]])
      for (const settings of [all, ["cell-free"], ["original", "masked", "different"]]) {
        const study = readStudyFile(writeStudy(join(dir, "s.json"), { settings, backgrounds }));
        const selection = selectCells(store.cells, study, store.verdicts);
        const plan = await studyPlan(store, study, selection, studyGroups(store.cells, study, selection));
        expect(studySize({ ...study, folds: 5 }, selection, 1, null).composites).toBe(plan.count);
      }
    store.close();
  });
});

test("maps of features that are too wide are said before anything is encoded", () => {
  const remedies = ["recompose", "whiten", "project-2"];
  expect(wideMaps("subcell", 1024, { remedies })).toBeNull();
  expect(wideMaps("subcell", 1536, { remedies: ["recompose"] })).toBeNull();
  expect(wideMaps("subcell", 1536, {})).toBeNull();
  const flag = wideMaps("subcell", 1536, { remedies })!;
  expect(flag.severity).toBe("warning");
  expect(flag.text).toMatch(
    /^subcell gives 1,536 features, and whiten, project-2 take up to 1,024: left out/,
  );
});

test("rows that count nowhere may be missing from a plan; those of several localizations may not", async () => {
  const dir = join(base, "rows");
  const localization = (name: string, i: number) => (i % 5 === 0 ? "nucleus|vacuole" : name);
  drawCells(join(dir, "cells"), { localization });
  const store = await CellStore.open(join(dir, "cells"));
  const study = readStudyFile(
    writeStudy(join(dir, "s.json"), { settings: ["original", "cell-free", "masked"] }),
  );
  const selection = selectCells(store.cells, study, store.verdicts);
  const plan = await studyPlan(store, study, selection, studyGroups(store.cells, study, selection));
  const without = (drop: (row: number) => boolean) => {
    const kept = Int32Array.from({ length: plan.count }, (_, row) => row).filter((row) => !drop(row));
    return missingRows(new PlanIndex(rowsOf(plan, kept)), study, selection);
  };
  expect(without(() => false)).toBeNull();
  const onOwn = (row: number) =>
    backgroundOf(plan, row) >= 0 && backgroundOf(plan, row) === selection.classOf[plan.cell[row]];
  expect(without(onOwn)).toBeNull();
  const [one] = selection.multiple;
  expect(without((row) => plan.cell[row] === one)?.text).toMatch(/1 of the 8 cells of several localizations/);
  expect(without((row) => plan.cell[row] === selection.rows[1][2])?.text).toMatch(
    /1 of the 16 cells of vacuole without a row in original \(and 3 more/,
  );
  store.close();
});
