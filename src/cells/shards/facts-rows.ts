import { MEASURES } from "../../masks/verdict.ts";
import { CROP_TYPES } from "../crop-type.ts";
import type { CellFacts } from "../facts.ts";

const FLAGS = { constant: 1, neighbors: 2, rim: 4, masked: 8 };

/** Bytes of the facts of a cell: its type, flags, a byte per channel, the measures of its mask. */
export function factsBytes(channels: number): number {
  return 2 + channels + 8 * MEASURES.length;
}

/** The facts of a cell as bytes, the same on every machine. */
export function packFacts(
  { type, constant, neighbors, measures, emptyRim }: CellFacts,
  channels: number,
): Buffer {
  const row = Buffer.alloc(factsBytes(channels));
  row[0] = CROP_TYPES.indexOf(type);
  row[1] =
    (constant ? FLAGS.constant : 0) |
    (neighbors ? FLAGS.neighbors : 0) |
    (emptyRim === null ? 0 : FLAGS.rim) |
    (measures === null ? 0 : FLAGS.masked);
  if (emptyRim !== null) row.set(emptyRim, 2);
  measures?.forEach((value, m) => void row.writeDoubleLE(value, 2 + channels + 8 * m));
  return row;
}

/** What {@link packFacts} packed. */
export function unpackFacts(row: Buffer, channels: number): CellFacts {
  const has = (flag: keyof typeof FLAGS) => (row[1] & FLAGS[flag]) !== 0;
  return {
    type: CROP_TYPES[row[0]],
    constant: has("constant"),
    neighbors: has("neighbors"),
    emptyRim: has("rim") ? Uint8Array.from(row.subarray(2, 2 + channels)) : null,
    measures: has("masked")
      ? Float64Array.from(MEASURES, (_, m) => row.readDoubleLE(2 + channels + 8 * m))
      : null,
  };
}
