import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { memoryCrops } from "../../src/cells/memory.ts";
import { readImage } from "../../src/cells/readers/image.ts";
import { SETTINGS } from "../../src/settings.ts";
import { Compositor } from "../../src/swap/composite.ts";
import { groupOf, measureScales, plainScales } from "../../src/swap/intensity.ts";
import { backgroundOf, isSameField, runsOf, settingOf } from "../../src/swap/runs.ts";
import type { CompositeOptions } from "../../src/types.ts";
import {
  hasReference,
  loadReference,
  type Reference,
  type ReferenceMode,
  referenceComposite,
  referencePlan,
  shared,
} from "./reference.ts";

const published: CompositeOptions = {
  edge: "hard",
  sigma: 1,
  donorCenter: "keep",
  halo: 3,
  intensity: "none",
  clip: null,
  seed: 1,
};

const example = join(shared, "paper/example");
test.skipIf(!existsSync(example))(
  "the authors' example gives their notebook's composite bit for bit",
  async () => {
    const foreground = (await readImage(join(example, "foreground_example.tiff"))).data;
    const background = (await readImage(join(example, "background_example.tiff"))).data;
    const pixels = 64 * 64;
    const crops = new Float32Array(2 * pixels);
    crops.set(foreground);
    crops.set(background, pixels);
    const masks = new Uint8Array(2 * pixels);
    foreground.forEach((v: number, p: number) => {
      masks[p] = v > 0 ? 1 : 0;
    });
    const source = memoryCrops({ channels: ["GFP"], height: 64, width: 64 }, crops, masks, "center");
    const plan = {
      seed: null,
      count: 1,
      classes: ["other"],
      cell: Int32Array.of(0),
      runs: runsOf(Uint8Array.of(SETTINGS.indexOf("different")), Int16Array.of(0)),
      donor: Int32Array.of(1),
    };
    const out = new Float32Array(pixels);
    new Compositor(source, plainScales("none"), published).compose(plan, 0, out);
    const composed = Float32Array.from(background, (v, p) => (foreground[p] > 0 ? foreground[p] : v));
    expect(out).toEqual(composed);
    expect(foreground.filter((v) => v > 0).length).toBe(642);
  },
);

interface Row {
  readonly cell: number;
  readonly mode: ReferenceMode;
  readonly background: number;
  readonly projection: readonly (readonly [number, number])[];
}
const rows = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "../fixtures/swap/reference.json"), "utf8"),
) as Row[];

describe.skipIf(!hasReference)("the independent Python run on real cells", () => {
  let ref: Reference;
  beforeAll(async () => {
    ref = await loadReference();
  });

  test.each(["original", "masked", "bgonly", "naive", "inpaint", "cellfree", "feather"] as const)(
    "%s composites equal its own",
    (mode) => {
      const wanted = rows.filter((row) => row.mode === mode);
      expect(wanted.length).toBeGreaterThan(40);
      for (const { cell, background, projection } of wanted) {
        const image = referenceComposite(ref, mode, cell, background);
        for (let c = 0; c < 2; c++)
          projection[c].forEach((value, k) => {
            // A weighted mean over 4,096 px: 1e-8 here leaves no room for one pixel that is off by 1e-4.
            expect(Math.abs(project(image.subarray(c * 4096, (c + 1) * 4096), k) - value)).toBeLessThan(1e-8);
          });
      }
    },
  );

  test("the compositor makes its original, masked and naive composites of whole scaled crops", () => {
    const plan = referencePlan(ref);
    // Its groups are fields; that whole crops are scaled is what `protein` does.
    const options = { ...published, intensity: "protein", clip: [-1, 6] } as const;
    const compositor = new Compositor(ref.source, ref.scales, options);
    const modes = { original: "original", masked: "masked", same: "naive", different: "naive" } as Record<
      string,
      ReferenceMode
    >;
    const out = new Float32Array(2 * 4096);
    let checked = 0;
    for (let row = 0; row < plan.count; row += 37) {
      const mode = modes[settingOf(plan, row)];
      if (mode === undefined) continue;
      compositor.compose(plan, row, out);
      const wanted = referenceComposite(ref, mode, plan.cell[row], backgroundOf(plan, row));
      expect(Buffer.compare(Buffer.from(out.buffer), Buffer.from(wanted.buffer))).toBe(0);
      checked++;
    }
    expect(checked).toBeGreaterThan(200);
  });

  test("by field the cell is as imaged and the background its own, in the units of the cell's field", () => {
    const plan = referencePlan(ref);
    const options = { ...published, intensity: "field", clip: [-1, 6] } as const;
    const compositor = new Compositor(ref.source, ref.scales, options);
    const [out, crop, mask] = [new Float32Array(2 * 4096), new Float32Array(2 * 4096), new Uint8Array(4096)];
    let checked = 0;
    for (let row = 0; row < plan.count; row += 37) {
      const setting = settingOf(plan, row);
      if (setting === "cell-free" || setting === "background-only") continue;
      // What comes from the cell's own field is not clipped.
      if (isSameField(plan, row, ref.field)) continue;
      const cell = plan.cell[row];
      ref.source.readCrop(cell, crop);
      ref.source.readMask(cell, mask);
      compositor.compose(plan, row, out);
      const mode = setting === "original" || setting === "masked" ? setting : "naive";
      const wanted = referenceComposite(ref, mode, cell, backgroundOf(plan, row));
      let largest = 0;
      for (let c = 0; c < 2; c++) {
        const at = 2 * ref.scales.groupOf[cell] + c;
        const [base, range] = [ref.scales.background[at], ref.scales.cell[at] - ref.scales.background[at]];
        for (let p = 0, i = c * 4096; p < 4096; p++, i++) {
          if (setting === "original" || mask[p] === 1) {
            if (out[i] !== crop[i]) largest = Infinity;
          } else {
            // Both round to float32 once: out where it is, wanted near it in units of the range.
            const rounding = 2 ** -24 * (Math.abs(out[i]) + range * Math.abs(wanted[i]));
            largest = Math.max(largest, Math.abs(base + range * wanted[i] - out[i]) / rounding);
          }
        }
      }
      expect(largest).toBeLessThan(1.001);
      checked++;
    }
    expect(checked).toBeGreaterThan(200);
  });

  test("our scales equal its normalization constants", () => {
    const cells = { field: ref.field, protein: ref.protein, usable: ref.usable };
    for (const held of [1 << 22, 1000]) {
      const scales = measureScales(ref.source, { intensity: "field" }, groupOf(cells, "field"), { held });
      expect(scales.groups).toEqual(ref.scales.groups);
      for (const what of ["background", "cell"] as const)
        scales[what].forEach((v, i) => {
          expect(Math.abs(v / ref.scales[what][i] - 1)).toBeLessThan(1e-12);
        });
    }
  });
});

function project(image: Float32Array, which: number): number {
  let sum = 0;
  for (let p = 0; p < image.length; p++)
    sum += image[p] * (which === 0 ? ((p * 7919) % 4096) / 4096 : ((p * p * 31 + p) % 5081) / 5081);
  return sum / image.length;
}
