import { useMemo } from "react";
import type { Everything } from "../../data/rows.ts";
import { go } from "../../state.ts";

/** Where in its field a cell is: the field's cells by the places of their centers. */
export function Place({ of, cell }: { of: Everything; cell: number }) {
  const { cells } = of;
  const { field, x, y } = cells;
  const others = useMemo(() => {
    const found: number[] = [];
    field.forEach((f, c) => {
      if (f === field[cell] && !Number.isNaN(x[c]) && !Number.isNaN(y[c])) found.push(c);
    });
    return found;
  }, [field, x, y, cell]);
  if (Number.isNaN(x[cell]) || Number.isNaN(y[cell]))
    return (
      <section>
        <h3>Place in the field</h3>
        <p className="hint">The cells of this study came without their places in field {field[cell]}.</p>
      </section>
    );
  const right = Math.max(...others.map((c) => x[c]));
  const bottom = Math.max(...others.map((c) => y[c]));
  const edge = Math.max(right, bottom) / 20 || 1;
  const dot = Math.max(right, bottom) / 60 || 1;
  return (
    <section>
      <h3>Place in the field</h3>
      <svg
        className="field"
        viewBox={`${-edge} ${-edge} ${right + 2 * edge} ${bottom + 2 * edge}`}
        role="img"
        aria-label={`Cell at x ${Math.round(x[cell])}, y ${Math.round(y[cell])} px among ${others.length} cells of its field`}
      >
        {others.map((c) =>
          c === cell ? null : (
            // biome-ignore lint/a11y/noStaticElementInteractions: the same cells are reached by the field's filter
            <circle key={c} cx={x[c]} cy={y[c]} r={dot} onClick={() => go({ cell: cells.id[c], on: null })}>
              <title>{cells.id[c]}</title>
            </circle>
          ),
        )}
        <circle className="here" cx={x[cell]} cy={y[cell]} r={2 * dot} />
      </svg>
      <p className="soft">
        x {Math.round(x[cell])}, y {Math.round(y[cell])} px, from the upper left;{" "}
        {others.length.toLocaleString("en")} cells of field {field[cell]} in the store
      </p>
    </section>
  );
}
