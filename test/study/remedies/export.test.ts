import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readEncoder } from "../../../src/encode/encoder-file.ts";
import type { OnnxFile } from "../../../src/encode/onnx/file.ts";
import { NpyReader } from "../../../src/files/npy.ts";
import { readParquet } from "../../../src/files/table.ts";
import { type AffineMap, applyAffine } from "../../../src/remedy/affine.ts";
import { fitDfr, scoreMap } from "../../../src/remedy/dfr.ts";
import { fitLeace } from "../../../src/remedy/leace.ts";
import { fitProjection } from "../../../src/remedy/project.ts";
import type { ClassRows } from "../../../src/remedy/rows.ts";
import { fitWhitening } from "../../../src/remedy/whiten.ts";
import type { Setting } from "../../../src/settings.ts";
import { exportRemedied } from "../../../src/study/remedies/export.ts";
import { readFinished } from "../../../src/study/remedies/finished.ts";
import { readStudyFile } from "../../../src/study/schema.ts";
import { runStudy } from "../../../src/study.ts";
import { drawCells, writeEncoder, writeStudy } from "../drawn.ts";

const folder = mkdtempSync(join(tmpdir(), "cellswap-export-remedied-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);
const CLASSES = ["cytosol", "ER", "nucleus", "vacuole"];
const base = () => readEncoder(at("tiny.json")) as OnnxFile;

/** A composite in the results of a study, with its features. */
interface Row {
  readonly cell: string;
  readonly name: string;
  readonly setting: Setting;
  readonly background: string | null;
  readonly features: Float32Array;
}

/** All composites of an encoder in a study, from its tables. */
async function rowsOf(study: string, encoder: string): Promise<Row[]> {
  const { columns } = await readParquet(join(study, "results/cells.parquet"));
  const get = (name: string, i: number) => columns.get(name)![i] as string | null;
  const count = columns.get("encoder")!.length;
  return Array.from({ length: count }, (_, i) => i)
    .filter((i) => get("encoder", i) === encoder)
    .map((i) => {
      const reader = new NpyReader(join(study, "features", get("features_file", i)!));
      const features = new Float32Array(reader.shape[1]);
      reader.read(Number(get("features_row", i)), 1, features);
      reader.close();
      return {
        cell: get("Metadata_Cell", i)!,
        name: get("Metadata_Class", i)!,
        setting: get("setting", i) as Setting,
        background: get("background", i) || null,
        features,
      };
    });
}

/**
 * By class, every cell in all blocks that its class has; three of the four classes lend backgrounds. Among cells of its own
 * class a class is in `same`.
 */
function classRows(rows: readonly Row[]): ClassRows[] {
  const lending = [CLASSES[0], CLASSES[2], CLASSES[3]];
  const used = rows
    .map((r): Row => (r.setting === "same" ? { ...r, setting: "different", background: r.name } : r))
    .filter(
      (r) =>
        /^(original|self|cell-free|different)$/.test(r.setting) &&
        (r.background === null || lending.includes(r.background)),
    );
  return CLASSES.map((name, own) => {
    const mine = used.filter((r) => r.name === name);
    const cells = [...new Set(mine.map((r) => r.cell))];
    const blocks = [...new Set(mine.map((r) => `${r.setting} ${r.background}`))];
    return {
      own,
      cells: cells.length,
      dimension: 4,
      blocks: blocks.map((b) => {
        const [setting, background] = b.split(" ");
        return { setting: setting as Setting, background: CLASSES.indexOf(background) };
      }),
      features: Float32Array.from(
        blocks.flatMap((b) =>
          cells.flatMap((cell) => [
            ...mine.find((r) => r.cell === cell && `${r.setting} ${r.background}` === b)!.features,
          ]),
        ),
      ),
    };
  });
}

let rows: Row[] = [];
beforeAll(async () => {
  drawCells(at("cells"), { classes: CLASSES, cellsPerClass: 12, size: 24, fields: 6 });
  writeEncoder(folder, { name: "tiny", size: 24 });
  const settings = ["original", "self", "same", "cell-free", "different"];
  writeStudy(at("study.json"), { encoders: ["tiny.json"], settings, title: "Drawn" });
  await runStudy(readStudyFile(at("study.json")), { out: at("study"), workers: 1 });
  rows = await rowsOf(at("study"), "tiny");
});

test("what is fitted is fitted on every cell of the study, in the blocks that it measures remedies on", async () => {
  const expected = classRows(rows);
  const { classes, rows: found, cells, settings } = await readFinished(at("study"), "tiny");
  expect(classes).toEqual(CLASSES);
  expect(cells).toBe(48);
  expect([...settings].sort()).toEqual(["cell-free", "different", "original", "same", "self"]);
  const order = ({ blocks, ...rest }: ClassRows) => {
    const { features, cells: n, dimension } = rest;
    return blocks
      .map((b, i) => [
        `${b.setting} ${b.background}`,
        [...features.subarray(i * n * dimension, (i + 1) * n * dimension)],
      ])
      .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  };
  expect(found.map(order)).toEqual(expected.map(order));
  expect(found.map(({ blocks }) => blocks.length)).toEqual([8, 8, 8, 8]);
});

describe("the exported encoder gives what the map makes of the features", () => {
  const maps: [string, object, (train: ClassRows[]) => AffineMap][] = [
    ["project", {}, fitProjection],
    ["project-1", {}, (train) => fitProjection(train, { directions: 1 })],
    ["whiten", {}, fitWhitening],
    ["leace", {}, fitLeace],
    ["dfr", {}, (train) => scoreMap(fitDfr(train, CLASSES.length))],
    ["dfr", { probabilities: true }, (train) => scoreMap(fitDfr(train, CLASSES.length))],
  ];
  const nameOf = (remedy: string, options: object) =>
    `tiny-${remedy}${"probabilities" in options ? "-probabilities" : ""}`;

  test("in a study of its own", async () => {
    for (const [remedy, options] of maps) {
      const name = nameOf(remedy, options);
      const done = await exportRemedied(base(), remedy, {
        out: at(`${name}.json`),
        study: at("study"),
        ...options,
      });
      expect(done.description.notes!.join(" ")).toMatch(
        /fitted on all 48 cells of the study "Drawn" in original, .*without the cells that are tested/,
      );
      if (remedy === "dfr")
        expect(done.description.notes![0]).toMatch(/of the classes cytosol, ER, nucleus, vacuole\.$/);
    }
    writeStudy(at("again.json"), {
      encoders: maps.map(([remedy, options]) => `${nameOf(remedy, options)}.json`),
      settings: ["original"],
    });
    await runStudy(readStudyFile(at("again.json")), { out: at("again"), workers: 1 });
    const original = rows.filter((r) => r.setting === "original");
    for (const [remedy, options, fit] of maps) {
      const map = fit(classRows(rows));
      const found = await rowsOf(at("again"), nameOf(remedy, options));
      expect(found.map((r) => r.cell)).toEqual(original.map((r) => r.cell));
      const expected = original.map(({ features }) => {
        const mapped = applyAffine(map, features);
        if (!("probabilities" in options)) return mapped;
        const powers = mapped.map((v) => Math.exp(v - Math.max(...mapped)));
        return powers.map((v) => v / powers.reduce((a, b) => a + b, 0));
      });
      const largest = Math.max(...expected.flatMap((row) => [...row].map(Math.abs)));
      const apart = Math.max(
        ...found.flatMap((r, i) => [...r.features].map((v, j) => Math.abs(v - expected[i][j]))),
      );
      expect(apart / largest, remedy).toBeLessThan(1e-5);
    }
  });
});

describe("is refused in one line", () => {
  const refused = async (remedy: string, more: object, file = base()) => {
    const error = await exportRemedied(file, remedy, { out: at("none.json"), ...more }).catch(
      (e: Error) => e,
    );
    expect((error as Error).message).not.toMatch(/\n/);
    return (error as Error).message;
  };

  test("without a study, of another output, and of another encoder than was studied", async () => {
    expect(await refused("leace", {})).toMatch(
      /fitted on the cells of a finished study; name it: cellswap export encoder STUDY/,
    );
    expect(await refused("leace", { study: at("study"), output: "other" })).toMatch(
      /has the output tiny; name one/,
    );
    expect(await refused("leace", { study: at("nothing") })).toMatch(/nothing/);
    const other = base();
    const changed = { ...other, description: { ...other.description, preprocess: [] } };
    expect(await refused("leace", { study: at("study") }, changed)).toMatch(
      /was run with another encoder tiny .*run the study again/,
    );
    expect(await refused("leace", { study: at("study"), probabilities: true })).toMatch(
      /there are no probabilities/,
    );
  });
});
