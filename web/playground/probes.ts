import { NpyRows } from "../data/arrays.ts";
import type { StudyData } from "../data/study.ts";

const kept = new Map<string, NpyRows>();

/** Weights of the probe that judges cells of a closed group (classes x (dimension + 1)), as the study left it. */
export async function probeOf(study: StudyData, encoder: string, group: number): Promise<Float64Array> {
  const url = `${study.base}${encodeURIComponent(encoder)}/probes.npy`;
  let array = kept.get(url);
  if (array === undefined) kept.set(url, (array = new NpyRows(url)));
  return (await array.read(group)) as Float64Array;
}
