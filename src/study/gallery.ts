import { encode } from "fast-png";
import type { CellStore } from "../cells/store.ts";
import { quantileSorted } from "../core/statistics.ts";
import type { GalleryCell } from "../report/data.ts";
import { hasSharedBackground, SETTINGS, traitsOf } from "../settings.ts";
import type { Compositor } from "../swap/composite.ts";
import { mediumOf } from "../swap/plan.ts";
import type { SwapPlan } from "../types.ts";
import type { PlanIndex } from "./block.ts";

/**
 * Pictures of one cell of each of up to `most` classes in every setting of the plan, with the background of another
 * class where there is a choice. Gray values run from the 1st to the 99.7th percentile of the original composite, so
 * that a row can be compared by eye.
 */
export function makeGallery(
  store: CellStore,
  compositor: Compositor,
  plan: SwapPlan,
  index: PlanIndex,
  rows: readonly Int32Array[],
  most = 6,
): GalleryCell[] {
  const step = Math.max(1, Math.floor(plan.classes.length / most));
  const pixels = store.height * store.width;
  const out = new Float32Array(store.channels.length * pixels);
  return plan.classes
    .map((name, c) => ({ name, c }))
    .filter(({ c }) => c % step === 0)
    .slice(0, most)
    .map(({ name, c }) => {
      const cell = rows[c][Math.floor(rows[c].length / 2)];
      const { classes } = plan;
      const others = classes.map(
        (_, k) => classes[(c + k + Math.floor(classes.length / 2)) % classes.length],
      );
      const other = others.find((background) =>
        SETTINGS.filter(hasSharedBackground).some(
          (setting) =>
            background !== name && index.rows({ setting, background }, name, Int32Array.of(cell)) !== null,
        ),
      );
      let ranges: [number, number][] | undefined;
      const images = SETTINGS.flatMap((setting) => {
        if (traitsOf(setting).ownClass !== undefined && other === undefined) return [];
        const background = hasSharedBackground(setting) ? (other ?? name) : null;
        const row = index.rows({ setting, background }, name, Int32Array.of(cell))?.[0];
        if (row === undefined) return [];
        compositor.compose(plan, row, out);
        ranges ??= store.channels.map((_, ch) => contrast(out.subarray(ch * pixels, (ch + 1) * pixels)));
        const donor = mediumOf(plan, row);
        return [
          {
            setting,
            background: traitsOf(setting).background === "own-class" ? name : background,
            donor: donor < 0 || donor === cell ? null : store.cells.id[donor],
            panels: store.channels.map((channel, ch) => ({
              channel,
              png: picture(
                out.subarray(ch * pixels, (ch + 1) * pixels),
                store.height,
                store.width,
                ranges![ch],
              ),
            })),
          },
        ];
      });
      return { cell: store.cells.id[cell], class: name, images };
    });
}

/** Gray values that a plane is shown between: its 1st and 99.7th percentile. */
export function contrast(pixels: Float32Array): [number, number] {
  const sorted = Float64Array.from(pixels).sort();
  return [quantileSorted(sorted, 0.01), quantileSorted(sorted, 0.997)];
}

/** A plane as a PNG in a data URI, gray between two values. */
export function picture(
  pixels: Float32Array,
  height: number,
  width: number,
  [low, high]: [number, number],
): string {
  const data = Uint8Array.from(pixels, (v) =>
    Math.max(0, Math.min(255, Math.round((255 * (v - low)) / (high - low || 1)))),
  );
  const png = encode({ data, height, width, channels: 1, depth: 8 });
  return `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
}
