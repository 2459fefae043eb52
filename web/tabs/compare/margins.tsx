import { use, useContext, useMemo } from "react";
import { type ComparedPair, matchRows } from "../../../src/explore/compare.ts";
import { SETTINGS } from "../../../src/settings.ts";
import { useEverything, useRows } from "../../data/rows.ts";
import { go, StudiesContext, useView } from "../../state.ts";
import { type Point, Scatter } from "./scatter.tsx";

/** Cells that are listed below the plot. */
const LISTED = 8;

const NOTHING = Promise.resolve(null);

/** Margins of the same composites in both encoders; those that pass the filters. */
export function Margins({ pair }: { pair: ComparedPair }) {
  const studies = useContext(StudiesContext);
  const view = useView();
  const of = useEverything();
  const passing = useRows(of, null);
  const other = studies[pair.second.study];
  const predicted = other.about.encoders.find((e) => e.name === pair.second.encoder)?.predicted === true;
  const composites = use(other.composites);
  const second = use(predicted ? other.predicted(pair.second.encoder) : NOTHING);
  const setting = view.setting ?? "different";
  const points = useMemo(() => {
    if (of.predictions === null || second === null) return [];
    const wanted = SETTINGS.indexOf(setting);
    const rows = passing.filter((row) => of.composites.setting[row] === wanted);
    const matched = matchRows(rows, of.composites, composites);
    const { margin } = of.predictions;
    const found: Point[] = [];
    rows.forEach((row, i) => {
      if (matched[i] < 0) return;
      const [x, y] = [margin[row], second.margin[matched[i]]];
      if (Number.isFinite(x) && Number.isFinite(y)) found.push({ x, y, row });
    });
    return found;
  }, [of, passing, composites, second, setting]);
  const apart = useMemo(
    () => [...points].sort((a, b) => Math.abs(b.x - b.y) - Math.abs(a.x - a.y)).slice(0, LISTED),
    [points],
  );
  const open = (row: number) =>
    go({
      cell: of.cells.id[of.composites.cell[row]],
      on: of.composites.background[row] < 0 ? null : of.classes[of.composites.background[row]],
    });
  const onBackground = (row: number) => {
    const b = of.composites.background[row];
    return b < 0 ? "" : ` on ${of.classes[b]}`;
  };
  return (
    <section aria-labelledby="margins">
      <h2 id="margins">Margins of the same composites</h2>
      <p className="read">
        Margin: natural logarithm of the own class's probability over the most probable other's; below 0 the
        composite is called another class. Composites in {setting} that pass the filters, n ={" "}
        {points.length.toLocaleString("en")}. On the line both margins are equal; they are of two probes, so
        that signs and order compare better than sizes. Click a point to see its cell.
      </p>
      {points.length === 0 ? (
        <p className="hint">
          {of.predictions === null || second === null
            ? "Nothing is predicted for one of the encoders."
            : `No composite in ${setting} passes these filters in both studies.`}
        </p>
      ) : (
        <div className="panels">
          <Scatter
            points={points}
            first={pair.first.encoder}
            second={pair.second.encoder}
            chosen={view.cell === null ? null : (of.cells.rowOf.get(view.cell) ?? null)}
            cellOf={(row) => of.composites.cell[row]}
            onChoose={open}
          />
          <div>
            <h3>Farthest apart</h3>
            <ol className="apart">
              {apart.map(({ x, y, row }) => (
                <li key={row}>
                  <button type="button" onClick={() => open(row)}>
                    {of.cells.id[of.composites.cell[row]]}
                    {onBackground(row)}
                  </button>{" "}
                  {x.toFixed(1).replace("-", "\u2212")} against {y.toFixed(1).replace("-", "\u2212")}
                </li>
              ))}
            </ol>
          </div>
        </div>
      )}
    </section>
  );
}
