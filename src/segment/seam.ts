import { CENTER } from "../types.ts";
import { RECIPE } from "./recipe.ts";
import type { Workspace } from "./workspace.ts";

/**
 * Share of a center cell's outline that runs through foreground without a reason: where another cell begins there is
 * a valley or a step in the level, where a cell was cut through there is neither. Profiles are taken along the
 * direction from the cell's centroid. `threshold`: level of the foreground. 0 (every seam has a reason) to 1.
 */
export function bareSeam(work: Workspace, mask: Uint8Array, threshold: number): number {
  const { level, height, width, unit } = work;
  const reach = RECIPE.seam.reach * unit;
  let area = 0;
  let sumX = 0;
  let sumY = 0;
  let sumLevel = 0;
  for (let i = 0; i < mask.length; i++)
    if (mask[i] === CENTER) {
      area++;
      sumX += i % width;
      sumY += Math.floor(i / width);
      sumLevel += level[i];
    }
  const demanded = RECIPE.seam.contrast * (sumLevel / area);
  const at = (y: number, x: number) =>
    level[
      Math.min(height - 1, Math.max(0, Math.round(y))) * width +
        Math.min(width - 1, Math.max(0, Math.round(x)))
    ];
  let outline = 0;
  let bare = 0;
  for (let y = 1; y < height - 1; y++)
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x;
      if (mask[i] !== CENTER) continue;
      const isEdge =
        mask[i - 1] !== CENTER ||
        mask[i + 1] !== CENTER ||
        mask[i - width] !== CENTER ||
        mask[i + width] !== CENTER;
      if (!isEdge) continue;
      outline++;
      const dx = x - sumX / area;
      const dy = y - sumY / area;
      const r = Math.max(1, Math.hypot(dx, dy));
      const outside = at(y + (dy / r) * reach, x + (dx / r) * reach);
      if (outside <= threshold) continue;
      const inside = at(y - (dy / r) * reach, x - (dx / r) * reach);
      const seam = at(y + (dy / r) * 0.5, x + (dx / r) * 0.5);
      const valley = Math.min(inside, outside) - seam;
      const rise = outside - inside;
      // Down to a plateau is a dimmer cell; down a slope is the cell's own rim, cut off.
      const slope = outside - at(y + (dy / r) * 2 * reach, x + (dx / r) * 2 * reach);
      const isStep = rise >= demanded || (-rise >= demanded && slope < -rise / 2);
      if (!isStep && 2 * valley < demanded) bare++;
    }
  return outline === 0 ? 0 : bare / outline;
}
