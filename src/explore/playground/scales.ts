import { SettingError } from "../../errors.ts";
import { plainScales, type Scales } from "../../swap/intensity.ts";
import type { CompositeOptions, CropSource } from "../../types.ts";

/** For which crops levels are wanted, and by what. */
export interface ScaleRequest {
  readonly intensity: CompositeOptions["intensity"];
  /** The intensity that the study's scales are of. */
  readonly studied: CompositeOptions["intensity"];
  readonly cell: number;
  readonly lender: number;
  readonly others: readonly number[];
}

/**
 * Scales of a trial, whose last entry, behind those of the store, is the cell. A trial changes what is seen, not the
 * units: by `crop`, minimum and maximum are those of crops as imaged, and every crop is a group of its own.
 * @throws SettingError for levels by field or protein that the study did not measure
 */
export function trialScales(
  source: CropSource,
  scales: Scales,
  { intensity, studied, cell, lender, others }: ScaleRequest,
): Scales {
  if (intensity === "none") return plainScales("none");
  if (intensity === "crop") return cropScales(source, cell, lender, others);
  if (intensity !== studied || scales.kind !== "group")
    throw new SettingError(
      `the study has no levels by ${intensity}: its intensity is ${studied}; choose ${studied}, crop or none`,
    );
  const groupOf = new Int32Array(source.count + 1);
  groupOf.set(scales.groupOf);
  groupOf[source.count] = scales.groupOf[cell];
  return { ...scales, groupOf };
}

function cropScales(source: CropSource, cell: number, lender: number, others: readonly number[]): Scales {
  const rows = [...new Set([lender, cell, ...others])];
  const channels = source.channels.length;
  const groupOf = new Int32Array(source.count + 1);
  rows.forEach((row, g) => void (groupOf[row] = g));
  groupOf[source.count] = groupOf[cell];
  const pixels = source.height * source.width;
  const crop = new Float32Array(channels * pixels);
  const [bottom, top] = [new Float64Array(rows.length * channels), new Float64Array(rows.length * channels)];
  rows.forEach((row, g) => {
    source.readCrop(row, crop);
    for (let c = 0; c < channels; c++) {
      let [low, high] = [Infinity, -Infinity];
      for (let p = c * pixels; p < (c + 1) * pixels; p++) {
        low = Math.min(low, crop[p]);
        high = Math.max(high, crop[p]);
      }
      bottom[g * channels + c] = low;
      top[g * channels + c] = high > low ? high : low + 1;
    }
  });
  return { kind: "group", groups: rows.map(String), groupOf, background: bottom, cell: top };
}
