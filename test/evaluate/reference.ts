import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { NpyReader } from "../../src/files/npy.ts";
import { readCsv } from "../../src/files/table.ts";

/** The independent Python run on real yeast cells; tests that need it are skipped where it is missing. */
export const reference = resolve(import.meta.dirname, "../../../shared/reference");
export const hasReference = existsSync(resolve(reference, "features/deeploc_max.npy"));

export const PROTEINS = ["AAC1", "AAC3", "AAH1", "AAP1", "AAR2"];

export interface ReferenceFeatures {
  readonly dimension: number;
  readonly label: Int32Array;
  readonly field: Int32Array;
  readonly usable: boolean[];
  /** Features of the given rows; `background` names the protein of swapped settings. */
  pick(setting: string, background: string | null, rows: ArrayLike<number>): Float32Array;
  /** Balanced, evenly spaced rows per protein. */
  evenly(kind: "all" | "heldout"): number[][];
}

export function referenceFeatures(model: string): ReferenceFeatures {
  const file = new NpyReader(resolve(reference, `features/${model}_max.npy`));
  const [settings, rows, dimension] = file.shape;
  const all = new Float32Array(settings * rows * dimension);
  file.read(0, settings, all);
  file.close();
  const names = JSON.parse(readFileSync(resolve(reference, "features/settings.json"), "utf8")) as string[];
  const index = readCsv(resolve(reference, "index.csv"));
  const label = Int32Array.from(index.get("label")!, Number);
  const field = Int32Array.from(index.get("field")!, Number);
  const usable = index.get("ok")!.map((v) => v === "1");
  return {
    dimension,
    label,
    field,
    usable,
    pick(setting, background, of) {
      const at = names.indexOf(background === null ? setting : `${setting}_${background}`);
      const out = new Float32Array(of.length * dimension);
      for (let i = 0; i < of.length; i++) {
        const start = (at * rows + of[i]) * dimension;
        out.set(all.subarray(start, start + dimension), i * dimension);
      }
      return out;
    },
    evenly(kind) {
      const n = kind === "all" ? 200 : 60;
      return PROTEINS.map((_, p) => {
        const of = [...label.keys()].filter(
          (r) => usable[r] && label[r] === p && (kind === "all" || field[r] === 4),
        );
        return Array.from({ length: n }, (_, k) => of[Math.floor((k * of.length) / n)]);
      });
    },
  };
}
