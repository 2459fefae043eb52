import type { Setting } from "../settings.ts";
import type { Called } from "./predictions.ts";

/** How many are called otherwise than the cell's original by both encoders, by one of them and by none. */
export interface FlipCounts {
  readonly setting: Setting;
  /** Position of the class; null: cells of all classes. */
  readonly own: number | null;
  /** Composites are counted, or cells: those that flip on at least one background. */
  readonly of: "composites" | "cells";
  readonly both: number;
  readonly first: number;
  readonly second: number;
  readonly neither: number;
}

/**
 * Counts what flips in one encoder and not in the other, setting by setting, for all classes and single ones. Both have
 * the same cells on the same blocks; where a setting has several backgrounds, composites and cells are both counted.
 * Cells on the background of their own class do not count. Empty without `original`.
 */
export function flipCounts(first: Called, second: Called): FlipCounts[] {
  const settings = [...new Set(first.blocks.map((b) => b.setting))].filter((s) => s !== "original");
  return settings.flatMap((setting) => {
    const classes = first.classes.map((_, own) => tally(first, second, setting, own));
    const several = classes.some((c) => c.composites.reduce(sum, 0) > c.cells.reduce(sum, 0));
    return (several ? (["composites", "cells"] as const) : (["cells"] as const)).flatMap((of) => {
      const all = classes.reduce((t, c) => t.map((n, k) => n + c[of][k]), [0, 0, 0, 0]);
      if (all.reduce(sum, 0) === 0) return [];
      const row = (own: number | null, [neither, one, two, both]: number[]): FlipCounts => ({
        setting,
        own,
        of,
        both,
        first: one,
        second: two,
        neither,
      });
      return [
        row(null, all),
        ...classes.flatMap((c, own) => (c[of].reduce(sum, 0) === 0 ? [] : [row(own, c[of])])),
      ];
    });
  });
}

const sum = (a: number, b: number) => a + b;

/** Counts by (flips in the first) + 2 (flips in the second). */
function tally(first: Called, second: Called, setting: Setting, own: number) {
  const composites = [0, 0, 0, 0];
  const cells = [0, 0, 0, 0];
  const size = first.cluster[own].length;
  const any = new Uint8Array(size);
  let blocks = 0;
  const found = first.blocks.filter((b) => b.setting === setting && b.background !== own);
  for (const { background } of found) {
    const [one, two] = [first, second].map((of) => flipsOf(of, { setting, background }, own));
    if (one === null || two === null) continue;
    blocks++;
    for (let i = 0; i < size; i++) {
      const both = one[i] + 2 * two[i];
      composites[both]++;
      any[i] |= both;
    }
  }
  if (blocks > 0) for (const both of any) cells[both]++;
  return { composites, cells };
}

/** Per row of class `own`: 1 where it is called otherwise than as imaged; null where that is not known. */
function flipsOf(
  { blocks }: Called,
  { setting, background }: { readonly setting: Setting; readonly background: number },
  own: number,
): Uint8Array | null {
  const called = (of: Setting, on: number) =>
    blocks.find((b) => b.setting === of && b.background === on)?.cells[own]?.predicted;
  const [before, after] = [called("original", -1), called(setting, background)];
  if (before === undefined || after === undefined) return null;
  return Uint8Array.from(after, (p, i) => (p === before[i] ? 0 : 1));
}
