import type { ComparedFlips, ComparedPair } from "../../../src/explore/compare.ts";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { useView } from "../../state.ts";

const count = (n: number) => n.toLocaleString("en");
const total = (f: ComparedFlips) => f.both + f.first + f.second + f.neither;

/** What is called otherwise than as imaged by both encoders, by one of them and by none. */
export function Flips({ pair }: { pair: ComparedPair }) {
  const { setting, class: own } = useView();
  const { flips } = pair;
  if (flips.length === 0)
    return (
      <p className="hint">Nothing is predicted for one of the encoders, so that no flips are counted.</p>
    );
  const known = [...new Set(flips.map((f) => f.setting))];
  const shown = known.find((s) => s === setting) ?? known.find((s) => s === "different") ?? known[0];
  const tables = flips.filter((f) => f.setting === shown && f.class === own);
  const [one, two] = [pair.first.encoder, pair.second.encoder];
  const columns: Column<ComparedFlips>[] = [
    { name: "setting", value: (f) => f.setting },
    { name: "class", value: (f) => f.class, show: (f) => f.class ?? "all" },
    { name: "counted", value: (f) => f.of },
    { name: "both flip", value: (f) => f.both },
    { name: "first alone", value: (f) => f.first },
    { name: "second alone", value: (f) => f.second },
    { name: "neither", value: (f) => f.neither },
    { name: "n", value: total },
  ];
  return (
    <section aria-labelledby="flip-counts">
      <h2 id="flip-counts">Flips</h2>
      <p className="read">
        Flipped: called otherwise than the same cell as imaged, by probes trained on originals of other
        groups. The setting and class are those of the filters ({shown}, {own ?? "all classes"}). Counts,
        without intervals; where there are several backgrounds, a cell counts as flipped if it flips on any of
        them. Cells on the background of their own class do not count.
      </p>
      {tables.length === 0 ? <p className="hint">There is nothing of this class in {shown}.</p> : null}
      <div className="panels">
        {tables.map((f) => (
          <table key={f.of} className="two-by-two">
            <caption>
              {f.of === "cells" ? "Cells" : "Composites"} in {f.setting}, n = {count(total(f))}
            </caption>
            <thead>
              <tr>
                <td />
                <th scope="col">{two} flips</th>
                <th scope="col">{two} does not</th>
              </tr>
            </thead>
            <tbody>
              <tr>
                <th scope="row">{one} flips</th>
                <td>{count(f.both)}</td>
                <td>{count(f.first)}</td>
              </tr>
              <tr>
                <th scope="row">{one} does not</th>
                <td>{count(f.second)}</td>
                <td>{count(f.neither)}</td>
              </tr>
            </tbody>
          </table>
        ))}
      </div>
      <details>
        <summary>All settings and classes</summary>
        <DataTable
          label="Flips of both encoders"
          name="compare-flips"
          columns={columns}
          rows={flips}
          rowKey={(f) => `${f.setting} ${f.class} ${f.of}`}
        />
      </details>
    </section>
  );
}
