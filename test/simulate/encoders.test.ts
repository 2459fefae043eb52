import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { readEncoder } from "../../src/encode/encoder-file.ts";
import { openEncoder } from "../../src/encode/open.ts";
import { sha256File } from "../../src/files/hash.ts";
import { simulateDataset } from "../../src/simulate/dataset.ts";
import { ORGANISMS } from "../../src/simulate/organisms.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = join(root, "encoders");
const YEAST = ["deeploc", "deeploc-swap", "pci", "pci-swap", "pifia", "pifia-swap"];
const HUMAN = ["human", "human-swap", "human-center"];
/** Half width of a study's equivalence zone, as a share. */
const ZONE = 0.02;
const NAMES = [...YEAST, ...HUMAN];

test("nine encoders are bundled, under 8 MB together, each with its card", () => {
  const files = readdirSync(folder);
  expect(files.filter((f) => f.endsWith(".onnx")).sort()).toEqual(NAMES.map((n) => `${n}.onnx`).sort());
  const bytes = files
    .filter((f) => f.endsWith(".onnx"))
    .reduce((sum, f) => sum + statSync(join(folder, f)).size, 0);
  expect(bytes).toBeLessThan(8e6);
  for (const name of NAMES) {
    const file = readEncoder(join(folder, `${name}.json`));
    if (file.kind !== "onnx") throw new Error(`${name} is no ONNX encoder`);
    expect(file.description.name).toBe(name);
    expect(file.description.sha256).toBe(sha256File(file.modelPath));
    expect(file.description.license).toBe("Apache-2.0");
    const card = JSON.parse(readFileSync(join(folder, "cards", `${name}.json`), "utf8"));
    expect([card.name, card.sha256, card.swapped_backgrounds]).toEqual([
      name,
      file.description.sha256,
      name.endsWith("-swap"),
    ]);
    expect(readFileSync(join(folder, "cards", `${name}.md`), "utf8")).toContain(card.sha256);
  }
  expect(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).files).toContain("encoders");
});

test("the summary holds the cards' numbers, and every twin drops less than its plain encoder and little to neighbors", () => {
  const summary = readFileSync(join(folder, "README.md"), "utf8");
  const drop = new Map<string, number>();
  const neighbors = new Map<string, number>();
  for (const name of NAMES) {
    const card = JSON.parse(readFileSync(join(folder, "cards", `${name}.json`), "utf8"));
    drop.set(name, card.drop_same_minus_different);
    neighbors.set(name, card.drop_cell_free_minus_different);
    // What the card was measured on is what the encoder gives.
    const { outputs } = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
    expect(card.features).toBe(`output ${outputs[0].output}, 64 values`);
    expect(summary).toContain(`| ${name} | ${card.pairwise_svm.original.toFixed(3)} |`);
  }
  for (const name of ["deeploc", "pci", "pifia", "human"]) {
    expect(drop.get(`${name}-swap`)!).toBeLessThan(drop.get(name)!);
    expect(Math.abs(neighbors.get(`${name}-swap`)!)).toBeLessThan(ZONE);
  }
  expect(Math.abs(drop.get("human-center")!)).toBeLessThan(0.01);
});

test.each([
  { organism: "yeast", names: YEAST, localizations: ["nucleus", "mitochondrion"] },
  { organism: "human", names: HUMAN, localizations: ["Nucleoli", "Mitochondria"] },
] as const)(
  "each of $organism gives 64 finite features that depend on the cell and not on the batch",
  async ({ organism, names, localizations }) => {
    const cells = [
      ...simulateDataset({
        organism,
        seed: 6,
        localizations,
        proteinsPerLocalization: 1,
        cellsPerProtein: 2,
        fieldsPerProtein: 1,
      }),
    ];
    const { channels, side } = ORGANISMS[organism];
    const shape = { channels, height: side, width: side };
    const [values, pixels] = [channels.length * side * side, side * side];
    const crops = new Float32Array(4 * values);
    const masks = new Uint8Array(4 * pixels);
    cells.forEach(({ crop, mask }, i) => {
      crops.set(crop, i * values);
      masks.set(mask, i * pixels);
    });
    for (const name of names) {
      const encoder = await openEncoder(readEncoder(join(folder, `${name}.json`)), shape);
      const together = new Float32Array(4 * 64);
      await encoder.encode(crops, masks, 4, [together]);
      expect(together.every(Number.isFinite)).toBe(true);
      expect(encoder.dimensions).toEqual([64]);
      const alone = new Float32Array(64);
      await encoder.encode(crops.subarray(3 * values), masks.subarray(3 * pixels), 1, [alone]);
      for (let k = 0; k < 64; k++) expect(alone[k]).toBeCloseTo(together[3 * 64 + k], 3);
      expect([...together.subarray(0, 64)]).not.toEqual([...together.subarray(128, 192)]);
    }
  },
);
