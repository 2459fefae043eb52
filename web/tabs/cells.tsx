import { SORTS, type Sort, TILES } from "../../src/explore/url.ts";
import { useEverything, useRows } from "../data/rows.ts";
import { go, useView } from "../state.ts";
import "../style/cells.css";
import { Wall } from "./cells/wall.tsx";

const SORT_NAMES: Record<Sort, string> = {
  "margin-change": "margin lost against the original",
  influence: "margin lost to the neighbors alone",
  margin: "margin, least first",
  lent: "probability of the background's class",
  neighbors: "neighbors' area, most first",
  id: "cell, as stored",
};
/** Orders that take predictions. */
const PREDICTED: readonly Sort[] = ["margin-change", "influence", "margin", "lent"];

const SIZES: Record<(typeof TILES)[number], string> = {
  72: "small",
  112: "middle",
  168: "large",
  256: "huge",
};

/** A wall of composites. */
export function CellsTab() {
  const of = useEverything();
  const { sort, tile, beside } = useView();
  const rows = useRows(of, sort);
  const unsorted = of.predictions === null && PREDICTED.includes(sort);
  return (
    <>
      <div className="above">
        <label>
          Sorted by{" "}
          <select value={sort} onChange={(e) => go({ sort: e.target.value as Sort })}>
            {SORTS.map((s) => (
              <option key={s} value={s}>
                {SORT_NAMES[s]}
              </option>
            ))}
          </select>
        </label>
        <label>
          Tiles{" "}
          <select value={tile} onChange={(e) => go({ tile: Number(e.target.value) }, { replace: true })}>
            {TILES.map((t) => (
              <option key={t} value={t}>
                {SIZES[t]}
              </option>
            ))}
          </select>
        </label>
        <label className="check">
          <input type="checkbox" checked={beside} onChange={(e) => go({ beside: e.target.checked })} />
          Original beside
        </label>
        <output>
          {rows.length.toLocaleString("en")} {rows.length === 1 ? "composite" : "composites"}
        </output>
      </div>
      {unsorted ? (
        <p className="hint">
          Nothing is predicted for this encoder, so that composites stand in the plan's order.
        </p>
      ) : sort === "influence" ? (
        <p className="hint">
          Margin in <em>different</em> less that in <em>cell-free</em> on the same donor: only composites in{" "}
          <em>different</em> have it, the others come last.
        </p>
      ) : null}
      {rows.length === 0 ? (
        <p className="hint">No composite passes these filters.</p>
      ) : (
        <Wall key={`${sort} ${tile} ${beside}`} rows={rows} of={of} />
      )}
    </>
  );
}
