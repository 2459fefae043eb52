import { mulberry32 } from "../../src/core/rng.ts";
import { type Filtered, originalRows } from "../../src/explore/filter.ts";
import { SETTINGS } from "../../src/settings.ts";

const VERDICTS = ["ok", "border", "small", null];

/** A small study drawn by chance: every cell as imaged, and others in random settings. */
export function drawn(seed: number, { cells = 30, rows = 400, classes = 4 } = {}): Filtered {
  const random = mulberry32(seed);
  const below = (n: number) => Math.floor(random() * n);
  const cell = Int32Array.from({ length: rows }, (_, row) => (row < cells ? row : below(cells)));
  const setting = Uint8Array.from({ length: rows }, (_, row) =>
    row < cells ? 0 : 1 + below(SETTINGS.length - 1),
  );
  const composites = {
    cell,
    setting,
    background: Int16Array.from({ length: rows }, () => below(classes + 1) - 1),
    donor: Int32Array.from({ length: rows }, () => below(cells)),
  };
  return {
    composites,
    cells: {
      id: Array.from({ length: cells }, (_, c) => `Cell_${c}`),
      class: Int16Array.from({ length: cells }, () => below(classes + 1) - 1),
      protein: Array.from({ length: cells }, () => (below(5) === 0 ? null : `p${below(12)}`)),
      field: Array.from({ length: cells }, () => `f${below(6)}`),
      verdict: Array.from({ length: cells }, () => VERDICTS[below(4)]),
      neighborArea: Float32Array.from({ length: cells }, () => below(3)),
    },
    predictions: {
      prediction: Int16Array.from({ length: rows }, () => below(classes + 1) - 1),
      margin: Float32Array.from({ length: rows }, () => random() - 0.5),
      lent: Float32Array.from({ length: rows }, random),
    },
    originals: originalRows(composites, cells, 0),
    classes: Array.from({ length: classes }, (_, c) => `class ${c}`),
    settings: SETTINGS,
  };
}
