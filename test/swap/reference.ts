import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pciSource } from "../../src/cells/formats/pci.ts";
import { memoryCrops } from "../../src/cells/memory.ts";
import { mulberry32 } from "../../src/core/rng.ts";
import { NpyReader } from "../../src/files/npy.ts";
import { readCsv } from "../../src/files/table.ts";
import { distanceTransform } from "../../src/image/distance.ts";
import { gaussianBlur } from "../../src/image/gauss.ts";
import { SETTINGS } from "../../src/settings.ts";
import { applyScale, type Scales } from "../../src/swap/intensity.ts";
import { pasteHard, pasteSoft } from "../../src/swap/paste.ts";
import { runsOf } from "../../src/swap/runs.ts";
import type { CropSource, SwapPlan } from "../../src/types.ts";

/** The independent Python run beside the project, where it is there. */
export const shared = resolve(import.meta.dirname, "../../../shared");
export const hasReference = ["data/yeast/images", "reference/masks.npy"].every((p) =>
  existsSync(join(shared, p)),
);

const PIXELS = 4096;

/** Everything that the reference's composites are made of; rows in its order. */
export interface Reference {
  readonly source: CropSource;
  readonly id: readonly string[];
  readonly protein: readonly string[];
  /** `PROTEIN_FIELD` */
  readonly field: readonly string[];
  readonly usable: Uint8Array;
  /** Class of every row: index of its protein in `classes`. */
  readonly classOf: Int16Array;
  readonly classes: readonly string[];
  /** Its normalization constants per field as our scales. */
  readonly scales: Scales;
  /** Its donor of (cell, background class), `donors[cell * 5 + background]`. */
  readonly donors: Int32Array;
}

/** How the reference names what we call donorCenter, edge and setting. */
export type ReferenceMode = "original" | "masked" | "bgonly" | "naive" | "inpaint" | "cellfree" | "feather";

/** Reads the reference's cells (in memory, 70 MB), masks, constants and donors. */
export async function loadReference(): Promise<Reference> {
  const index = readCsv(join(shared, "reference/index.csv"));
  const count = index.get("idx")!.length;
  const images = pciSource(join(shared, "data/yeast/images"));
  const at = new Map(
    Array.from({ length: images.count }, (_, i) => [String(images.record(i).Metadata_Cell), i]),
  );
  const protein = index.get("protein")!;
  const field = protein.map((p, i) => `${p}_${index.get("field")![i]}`);
  const id = field.map((f, i) => `${f}_${index.get("cell")![i]}`);
  const crops = new Float32Array(count * 2 * PIXELS);
  for (let i = 0; i < count; i++) crops.set((await images.read(at.get(id[i])!)).crop, i * 2 * PIXELS);
  const file = new NpyReader(join(shared, "reference/masks.npy"));
  const masks = new Uint8Array(count * PIXELS);
  file.read(0, count, masks);
  file.close();
  const classes = [...new Set(protein)].sort();
  const stats = JSON.parse(readFileSync(join(shared, "reference/norm_stats.json"), "utf8")) as Record<
    string,
    Record<"gfp" | "rfp", { bg: number; cell: number }>
  >;
  const groups = [...new Set(field)];
  const constants = (what: "bg" | "cell") =>
    Float64Array.from(groups.flatMap((g) => [stats[g].gfp[what], stats[g].rfp[what]]));
  const plan = readCsv(join(shared, "reference/swap_plan.csv"));
  const donors = new Int32Array(count * classes.length).fill(-1);
  plan.get("centre")!.forEach((cell, i) => {
    donors[Number(cell) * classes.length + classes.indexOf(plan.get("background")![i])] = Number(
      plan.get("donor")![i],
    );
  });
  return {
    source: memoryCrops({ channels: ["GFP", "RFP"], height: 64, width: 64 }, crops, masks),
    id,
    protein,
    field,
    usable: Uint8Array.from(index.get("ok")!, Number),
    classOf: Int16Array.from(protein, (p) => classes.indexOf(p)),
    classes,
    scales: {
      kind: "group",
      groups,
      groupOf: Int32Array.from(field, (f) => groups.indexOf(f)),
      background: constants("bg"),
      cell: constants("cell"),
    },
    donors,
  };
}

/** The reference's swap plan in our schema: original, same, cell-free, different, masked, background-only. */
export function referencePlan(ref: Reference): SwapPlan {
  const rows: { cell: number; setting: number; background: number; donor: number }[] = [];
  const cells = [...ref.usable.keys()].filter((cell) => ref.usable[cell] === 1);
  const n = ref.classes.length;
  SETTINGS.forEach((name, setting) => {
    if (name === "self") return;
    if (name !== "same" && name !== "cell-free" && name !== "different")
      for (const cell of cells) rows.push({ cell, setting, background: -1, donor: -1 });
    else
      for (let background = 0; background < n; background++)
        for (const cell of cells) {
          const own = ref.classOf[cell] === background;
          if ((name === "same" && !own) || (name === "different" && own)) continue;
          rows.push({ cell, setting, background, donor: ref.donors[cell * n + background] });
        }
  });
  return {
    seed: null,
    count: rows.length,
    classes: ref.classes,
    cell: Int32Array.from(rows, (r) => r.cell),
    runs: runsOf(
      Uint8Array.from(rows, (r) => r.setting),
      Int16Array.from(rows, (r) => r.background),
    ),
    donor: Int32Array.from(rows, (r) => r.donor),
  };
}

/** A scaled crop of the reference (its `norm.npy`). */
export function referenceCrop(ref: Reference, row: number): Float32Array {
  const crop = new Float32Array(2 * PIXELS);
  ref.source.readCrop(row, crop);
  applyScale(crop, row, 2, ref.scales, [-1, 6]);
  return crop;
}

/** Its cleaned donors, drawn as its README says: single cell-free pixels by mulberry32, one draw per pixel. */
export function referenceDonor(ref: Reference, row: number, kind: "nocentre" | "cellfree"): Float32Array {
  const crop = referenceCrop(ref, row);
  const mask = referenceMask(ref, row);
  const toCenter = new Float64Array(PIXELS);
  const toCell = new Float64Array(PIXELS);
  distanceTransform(mask, 64, 64, toCenter, 1);
  distanceTransform(
    mask.map((label) => (label === 0 ? 0 : 1)),
    64,
    64,
    toCell,
    1,
  );
  let pool: number[] = [];
  let gap = 3;
  for (; gap >= 0; gap--) {
    pool = [...toCell.keys()].filter((p) => toCell[p] > gap);
    if (pool.length >= 200) break;
  }
  const random = mulberry32(50000 + row);
  const draws = Float64Array.from({ length: PIXELS }, random);
  const filled = crop.slice();
  for (let p = 0; p < PIXELS; p++) {
    if (kind === "nocentre" ? toCenter[p] > 3 || mask[p] === 2 : toCell[p] > gap) continue;
    const from = pool[Math.floor(draws[p] * pool.length)];
    for (const c of [0, PIXELS]) filled[c + p] = crop[c + from];
  }
  return filled;
}

function referenceMask(ref: Reference, row: number): Uint8Array {
  const mask = new Uint8Array(PIXELS);
  ref.source.readMask(row, mask);
  return mask;
}

/** A composite of the reference by our paste kernels, given its cleaned donors; `background` is a class or -1. */
export function referenceComposite(
  ref: Reference,
  mode: ReferenceMode,
  row: number,
  background: number,
): Float32Array {
  const crop = referenceCrop(ref, row);
  if (mode === "original") return crop;
  if (mode === "bgonly") return referenceDonor(ref, row, "nocentre");
  const mask = referenceMask(ref, row);
  const out = new Float32Array(crop.length);
  if (mode === "masked") {
    pasteHard(mask, { crop, background: out }, out);
    return out;
  }
  const donor = ref.donors[row * ref.classes.length + background];
  if (mode === "feather") {
    const alpha = new Float64Array(PIXELS);
    gaussianBlur(
      mask.map((label) => (label === 1 ? 1 : 0)),
      64,
      64,
      1,
      alpha,
      new Float64Array(PIXELS),
    );
    pasteSoft(alpha, { crop, background: referenceDonor(ref, donor, "nocentre") }, out);
    return out;
  }
  const lent =
    mode === "naive"
      ? referenceCrop(ref, donor)
      : referenceDonor(ref, donor, mode === "inpaint" ? "nocentre" : "cellfree");
  pasteHard(mask, { crop, background: lent }, out);
  return out;
}
