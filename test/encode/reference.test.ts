import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Encoder } from "../../src/encode/encoder.ts";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { openEncoder } from "../../src/encode/open.ts";
import { PairGrid } from "../../src/evaluate/grid.ts";
import { stratifiedPairs } from "../../src/evaluate/split.ts";
import { NpyReader } from "../../src/files/npy.ts";
import { readCsv } from "../../src/files/table.ts";
import {
  hasReference,
  loadReference,
  type Reference,
  type ReferenceMode,
  referenceComposite,
  shared,
} from "../swap/reference.ts";

const onnx = join(shared, "reference/onnx");
const there = hasReference && existsSync(onnx);

/** The reference's preprocessing (`scripts/settings.py`) as encoder descriptions. */
const DESIGNS = {
  deeploc: {
    channels: ["GFP", "RFP"],
    preprocess: [{ step: "percentile", low: 0.1, high: 99.9, epsilon: 1e-6 }],
  },
  pifia: { channels: ["GFP"], preprocess: [{ step: "standardize", epsilon: 1e-6 }] },
  pci: { channels: ["GFP", "RFP"], preprocess: [{ step: "minmax", epsilon: 1e-6 }] },
};

describe.skipIf(!there)("the reference's encoders on real cells", () => {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-reference-"));
  let ref: Reference;
  const settings: string[] = there
    ? JSON.parse(readFileSync(join(shared, "reference/features/settings.json"), "utf8"))
    : [];
  const open = (name: keyof typeof DESIGNS, output = "max") => {
    copyFileSync(join(onnx, `${name}.onnx`), join(folder, `${name}.onnx`));
    const { channels, preprocess } = DESIGNS[name];
    const description = {
      format: "cellswap-encoder",
      version: 1,
      name,
      model: `${name}.onnx`,
      input: { name: "x", channels, height: 64, width: 64 },
      preprocess,
      outputs: [{ output }],
    };
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(description));
    return openEncoder(readEncoder(join(folder, `${name}.json`)), ref.source);
  };
  /** Features of (row, mode, background) composites, in order. */
  async function features(
    encoder: Encoder,
    list: readonly [number, ReferenceMode, number][],
  ): Promise<Float32Array> {
    const d = encoder.dimensions[0];
    const out = new Float32Array(list.length * d);
    for (let from = 0; from < list.length; from += 64) {
      const part = list.slice(from, from + 64);
      const crops = new Float32Array(part.length * 8192);
      part.forEach(([row, mode, background], i) =>
        crops.set(referenceComposite(ref, mode, row, background), i * 8192),
      );
      await encoder.encode(crops, new Uint8Array(part.length * 4096), part.length, [out.subarray(from * d)]);
    }
    return out;
  }
  beforeAll(async () => {
    ref = await loadReference();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(["deeploc", "pifia"] as const)("%s features equal its own in every setting", async (name) => {
    const encoder = await open(name);
    const d = encoder.dimensions[0];
    const file = new NpyReader(join(shared, `reference/features/${name}_max.npy`));
    const theirs = new Float32Array(settings.length * ref.source.count * d);
    file.read(0, settings.length, theirs);
    file.close();
    const rows = [...ref.usable.keys()].filter((row) => ref.usable[row] === 1 && row % 20 === 3);
    const list: [number, ReferenceMode, number][] = [];
    const expected: number[] = [];
    settings.forEach((setting, s) => {
      const [mode, protein] = setting.split("_");
      if (mode === "dilated") return;
      for (const row of rows) {
        list.push([row, mode as ReferenceMode, protein === undefined ? -1 : ref.classes.indexOf(protein)]);
        expected.push((s * ref.source.count + row) * d);
      }
    });
    const largest = new Float64Array(d);
    for (let i = 0; i < theirs.length; i++) largest[i % d] = Math.max(largest[i % d], Math.abs(theirs[i]));
    const ours = await features(encoder, list);
    let worst = 0;
    ours.forEach((v, i) => {
      const f = i % d;
      const error = Math.abs(v - theirs[expected[Math.floor(i / d)] + f]);
      worst = Math.max(worst, largest[f] === 0 ? error : error / largest[f]);
    });
    expect(list.length).toBeGreaterThan(1800);
    expect(worst).toBeLessThan(1e-4);
    await encoder.release();
  });

  test("pci gives its golden outputs, both poolings", async () => {
    for (const output of ["max", "mean"]) {
      const encoder = await open("pci", output);
      const list = Array.from({ length: 16 }, (_, row): [number, ReferenceMode, number] => [
        row,
        "original",
        -1,
      ]);
      const golden = new NpyReader(join(onnx, `pci_golden_${output}.npy`));
      const theirs = new Float32Array(16 * golden.shape[1]);
      golden.read(0, 16, theirs);
      golden.close();
      const ours = await features(encoder, list);
      const scale = theirs.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
      ours.forEach((v, i) => void expect(Math.abs(v - theirs[i])).toBeLessThan(1e-4 * scale));
      await encoder.release();
    }
  });

  test("from crops to accuracies: every pair within 0.005 of converged scikit-learn", async () => {
    const table = readCsv(join(shared, "reference/results/results_svm_converged.csv"));
    const column = (name: string) => table.get(name)!;
    const picks = ref.classes.map((_, c) => {
      const rows = [...ref.usable.keys()].filter((row) => ref.usable[row] === 1 && ref.classOf[row] === c);
      return Array.from({ length: 200 }, (_, k) => rows[Math.floor((k * rows.length) / 200)]);
    });
    const grid = new PairGrid();
    let compared = 0;
    for (const name of ["deeploc", "pifia"] as const) {
      const encoder = await open(name);
      for (const [setting, mode, background] of [
        ["original", "original", -1],
        ["same_inpaint", "inpaint", null],
        ["diff_inpaint", "inpaint", 2],
      ] as const) {
        const classes = [];
        for (const [c, rows] of picks.entries())
          classes.push({
            name: ref.classes[c],
            features: await features(
              encoder,
              rows.map((row) => [row, mode, background ?? c]),
            ),
          });
        const fits = await grid.evaluate(
          classes,
          encoder.dimensions[0],
          stratifiedPairs(
            picks.map((p) => p.length),
            5,
          ),
        );
        let next = 0;
        for (let a = 0; a < 5; a++)
          for (let b = a + 1; b < 5; b++) {
            const { accuracy, gap } = fits[next++];
            const row = column("acc_converged").findIndex(
              (_, i) =>
                column("model")[i] === name &&
                column("cells")[i] === "all" &&
                column("setting")[i] === setting &&
                column("p1")[i] === ref.classes[a] &&
                column("p2")[i] === ref.classes[b] &&
                (background === null ||
                  background < 0 ||
                  column("background")[i] === ref.classes[background]),
            );
            expect(
              Math.abs(accuracy - Number(column("acc_converged")[row])),
              `${name} ${setting} ${a} ${b}`,
            ).toBeLessThanOrEqual(0.005);
            expect(gap).toBeLessThanOrEqual(1e-6);
            compared++;
          }
      }
      await encoder.release();
    }
    grid.dispose();
    expect(compared).toBe(60);
  }, 600_000);
});
