import { useMemo } from "react";
import { PlaceIndex, type Places } from "../../src/explore/map/place.ts";
import type { Everything } from "../data/rows.ts";
import { settingOf } from "../data/study.ts";
import { go } from "../state.ts";
import { wordsOf } from "./words.ts";

const COUNT = 10;

interface Props {
  readonly of: Everything;
  readonly places: Places;
  readonly rows: Int32Array;
  /** Composite of the chosen cell whose neighbors on the map are listed. */
  readonly row: number;
}

/** The composites of other cells that lie nearest on the map: the way there for those who do not point. */
export function Nearest({ of, places, rows, row }: Props) {
  const { composites, cells } = of;
  const index = useMemo(() => new PlaceIndex(places, rows), [places, rows]);
  const [x, y] = [places.x[row], places.y[row]];
  const near = useMemo(
    () =>
      Number.isNaN(x + y)
        ? []
        : index.nearestOf(x, y, COUNT, (other) => composites.cell[other] !== composites.cell[row]),
    [index, x, y, row, composites],
  );
  const id = cells.id[composites.cell[row]];
  if (near.length === 0) return null;
  return (
    <section className="nearest" aria-label="Nearest on the map">
      <h2>
        Nearest to {id} in {settingOf(composites.setting[row])}
      </h2>
      <p className="hint">
        The {near.length} nearest composites of other cells among those shown, by distance on this plane. What
        lies far apart in the features can fall together here.
      </p>
      <div className="scrolls">
        <table>
          <thead>
            <tr>
              <th scope="col">Cell</th>
              <th scope="col">Class</th>
              <th scope="col">Setting</th>
              <th scope="col">Called</th>
              <th scope="col">Distance</th>
            </tr>
          </thead>
          <tbody>
            {near.map((other) => {
              const words = wordsOf(of, other);
              return (
                <tr key={other}>
                  <td>
                    <button
                      type="button"
                      className="link"
                      onClick={() => go({ cell: words.id, on: words.on })}
                    >
                      {words.id}
                    </button>
                  </td>
                  <td>{words.own}</td>
                  <td>{words.setting}</td>
                  <td>{words.called}</td>
                  <td>{Math.hypot(places.x[other] - x, places.y[other] - y).toPrecision(3)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
