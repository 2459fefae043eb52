import { use, useMemo } from "react";
import { subjectOf } from "../../src/explore/subject.ts";
import { useEverything } from "../data/rows.ts";
import { toggleListed, useList } from "../list.ts";
import { copyText } from "../parts/download.ts";
import { Guarded } from "../parts/guarded.tsx";
import { go, useStudy, useView } from "../state.ts";
import "../style/panel.css";
import { Display } from "./cell/display.tsx";
import { Donors } from "./cell/donors.tsx";
import { Facts } from "./cell/facts.tsx";
import { Place } from "./cell/place.tsx";
import { Probabilities } from "./cell/probabilities.tsx";
import { Settings } from "./cell/settings.tsx";
import { Strip } from "./cell/strip.tsx";

/** The cell that is looked at, in all its settings. */
export function CellPanel() {
  const of = useEverything();
  const { study } = useStudy();
  const { cell: id, on } = useView();
  const crops = use(study.crops);
  const list = useList();
  const { cells, composites, classes } = of;
  const cell = cells.rowOf.get(id!);
  const subject = useMemo(
    () => (cell === undefined ? null : subjectOf(of, composites, cell, on)),
    [of, composites, cell, on],
  );
  if (subject === null)
    return (
      <p className="error" role="alert">
        No cell of this study is called {id}.{" "}
        <button type="button" onClick={() => go({ cell: null })}>
          Close
        </button>
      </p>
    );
  const listed = list.includes(id!);
  return (
    <article className="panel">
      <header>
        <h2>{id}</h2>
        <p>
          <button type="button" onClick={() => copyText(id!)}>
            Copy id
          </button>{" "}
          <button type="button" aria-pressed={listed} onClick={() => toggleListed(id!)}>
            {listed ? "On the list" : "Add to list"}
          </button>{" "}
          <button type="button" onClick={() => go({ cell: null })}>
            Close
          </button>
        </p>
      </header>
      {subject.rows.length === 0 ? (
        <p className="hint">
          The study made no composite of this cell: its mask did not pass, or it has no class.
        </p>
      ) : (
        <>
          {subject.backgrounds.length === 0 ? null : (
            <label className="choice">
              <span>On backgrounds of</span>
              <select value={classes[subject.on]} onChange={(e) => go({ on: e.target.value })}>
                {subject.backgrounds.map((b) => (
                  <option key={b}>{classes[b]}</option>
                ))}
              </select>
            </label>
          )}
          <Settings of={of} subject={subject} crops={crops} />
          <Display subject={subject} />
          <Probabilities of={of} subject={subject} />
          <Donors of={of} subject={subject} crops={crops} />
          <Strip key={id} of={of} cell={subject.cell} />
        </>
      )}
      <Facts of={of} cell={subject.cell} />
      <Guarded what="the field" again={id!}>
        <Place of={of} cell={subject.cell} />
      </Guarded>
    </article>
  );
}
