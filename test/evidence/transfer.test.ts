import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { fitLogistic } from "../../src/evaluate/logistic/logistic.ts";
import { type TransferBlock, transferScores } from "../../src/evidence/transfer.ts";
import { readCsv } from "../../src/files/table.ts";
import { hasReference, PROTEINS, reference, referenceFeatures } from "../evaluate/reference.ts";

test("shares, accuracy and capture rates are those counted by hand", () => {
  // The model's class is the sign of the one feature.
  const model = fitLogistic(Float32Array.from([-2, -1, 1, 2]), [0, 0, 1, 1], 1, 2);
  const block = (setting: string, background: number | null, signs: number[]): TransferBlock => ({
    setting,
    background,
    labels: [0, 0, 0, 0, 1, 1],
    features: Float32Array.from(signs),
  });
  const [original, same, different] = transferScores(model, [
    block("original", null, [-1, -1, -1, 1, 1, 1]),
    block("same", null, [-1, -1, -1, -1, 1, -1]),
    block("different", 0, [1, 1, 1, 1, 1, -1]),
    block("different", 1, [-1, 1, 1, -1, 1, 1]),
  ]);
  expect(original).toMatchObject({ setting: "original", accuracy: (3 / 4 + 1) / 2, capture: null });
  expect(same).toMatchObject({ accuracy: (1 + 1 / 2) / 2, captureBase: null });
  expect(different.accuracy).toBe((2 / 4 + 1 / 2) / 2);
  expect(different.capture).toBe((2 / 4 + 1 / 2) / 2);
  expect(different.captureBase).toBe((0 + 1 / 2) / 2);
  expect(different.predicted.map(({ own, background, cells }) => [own, background, cells])).toEqual([
    [0, 0, 4],
    [0, 1, 4],
    [1, 0, 2],
    [1, 1, 2],
  ]);
});

describe.skipIf(!hasReference)("transfer of the reference run", () => {
  for (const name of ["deeploc", "pifia"])
    test(name, () => {
      const data = referenceFeatures(name);
      const rows = [...data.label.keys()].filter((r) => data.usable[r]);
      const train = rows.filter((r) => data.field[r] !== 4);
      const held = rows.filter((r) => data.field[r] === 4);
      const labels = held.map((r) => data.label[r]);
      const table = readCsv(resolve(reference, "results/transfer5.csv"));
      const at = table.get("model")!.indexOf(name);
      const printed = (column: string) => Number(table.get(column)![at]);
      for (const [setting, prefix] of [
        ["original", "lr5"],
        ["masked", "maskLR"],
      ]) {
        const model = fitLogistic(
          data.pick(setting, null, train),
          train.map((r) => data.label[r]),
          data.dimension,
          5,
          { balanced: true, standardize: true },
        );
        expect(model.converged).toBe(true);
        const blocks: TransferBlock[] = ["original", "masked"].map((s) => ({
          setting: s,
          background: null,
          labels,
          features: data.pick(s, null, held),
        }));
        PROTEINS.forEach((protein, background) => {
          const features = data.pick("inpaint", protein, held);
          blocks.push({ setting: "different", background, labels, features });
          const own = labels.flatMap((l, i) => (l === background ? [i] : []));
          const picked = own.map((i) => held[i]);
          blocks.push({
            setting: "same",
            background,
            labels: own.map(() => background),
            features: data.pick("inpaint", protein, picked),
          });
        });
        const scores = new Map(transferScores(model, blocks).map((s) => [s.setting, s]));
        // scikit-learn stops at a gradient of 1e-4: a cell near the border may fall on the other side.
        const close = (found: number | null, column: string) =>
          expect(Math.abs(found! - printed(column)), column).toBeLessThan(0.004);
        if (prefix === "lr5") {
          close(scores.get("original")!.accuracy, "lr5_original");
          close(scores.get("masked")!.accuracy, "lr5_masked");
        } else close(scores.get("masked")!.accuracy, "lr5_maskedLR_on_masked");
        close(scores.get("same")!.accuracy, `${prefix}_same_inpaint`);
        close(scores.get("different")!.accuracy, `${prefix}_diff_inpaint`);
        close(scores.get("different")!.capture, `${prefix}_capture_inpaint`);
        close(scores.get("different")!.captureBase, `${prefix}_capture_base_inpaint`);
      }
    });
});
