import { SETTINGS } from "../../src/settings.ts";
import type { Everything } from "../data/rows.ts";
import { setList, useList } from "../list.ts";
import { go } from "../state.ts";

/** Cells that are put on the list at once; the list is part of the address. */
const MOST_LISTED = 500;

/** Composites inside the lasso, counted by class and setting. */
export function Selection({ of, rows }: { of: Everything; rows: Int32Array }) {
  const list = useList();
  const { composites, cells, classes } = of;
  const settings = [...SETTINGS.keys()];
  const table = [...classes, "no class"].map(() => new Int32Array(SETTINGS.length));
  const found = new Set<number>();
  for (const row of rows) {
    const cell = composites.cell[row];
    found.add(cell);
    const own = cells.class[cell];
    table[own < 0 ? classes.length : own][composites.setting[row]]++;
  }
  const used = settings.filter((s) => table.some((counts) => counts[s] > 0));
  const lines = [...classes, "no class"]
    .map((name, c) => ({ name, counts: table[c], all: table[c].reduce((a, b) => a + b, 0) }))
    .filter(({ all }) => all > 0);
  const known = new Set(list);
  const add = () => {
    const ids = [...found].sort((a, b) => a - b).map((cell) => cells.id[cell]);
    setList([...list, ...ids.filter((id) => !known.has(id))]);
  };
  return (
    <section className="selection" aria-label="Inside the lasso">
      <h2>Inside the lasso</h2>
      <p>
        <output>
          {rows.length.toLocaleString("en")} composites of {found.size.toLocaleString("en")} cells
        </output>{" "}
        <button type="button" disabled={rows.length === 0} onClick={() => go({ tab: "cells" })}>
          Show in Cells
        </button>{" "}
        <button type="button" disabled={found.size === 0 || found.size > MOST_LISTED} onClick={add}>
          Add the cells to the list
        </button>{" "}
        <button type="button" onClick={() => go({ lasso: "" })}>
          Clear
        </button>
      </p>
      {found.size > MOST_LISTED ? (
        <p className="hint">
          The list is part of the address, so that at most {MOST_LISTED} cells are added at once: draw a
          smaller lasso, or filter.
        </p>
      ) : null}
      {lines.length === 0 ? null : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
        <section className="scrolls" aria-label="Composites inside the lasso, counted" tabIndex={0}>
          <table>
            <caption>Composites by class of the cell and setting</caption>
            <thead>
              <tr>
                <th scope="col">Class</th>
                {used.map((s) => (
                  <th key={s} scope="col">
                    {SETTINGS[s]}
                  </th>
                ))}
                <th scope="col">all</th>
              </tr>
            </thead>
            <tbody>
              {lines.map(({ name, counts, all }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  {used.map((s) => (
                    <td key={s}>{counts[s].toLocaleString("en")}</td>
                  ))}
                  <td>{all.toLocaleString("en")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}
