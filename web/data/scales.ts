import type { Scales } from "../../src/swap/intensity.ts";
import { fetchJson } from "./fetch.ts";

/** Levels that a study brings crops to, from its folder. @throws LoadError */
export async function readScales(base: string): Promise<Scales> {
  const { kind, groups, groupOf, background, cell } = (await fetchJson(`${base}scales.json`)) as {
    kind: Scales["kind"];
    groups: string[];
    groupOf: number[];
    background: (number | null)[];
    cell: (number | null)[];
  };
  const numbers = (list: (number | null)[]) => Float64Array.from(list, (v) => v ?? Number.NaN);
  return {
    kind,
    groups,
    groupOf: Int32Array.from(groupOf),
    background: numbers(background),
    cell: numbers(cell),
  };
}
