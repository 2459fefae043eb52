import { use, useEffect, useMemo, useRef, useState } from "react";
import { type Range, rangesOf } from "../../src/explore/look.ts";
import { formatTrial, parseTrial } from "../../src/explore/playground/address.ts";
import { firstRow, rowOfTrial } from "../../src/explore/playground/planned.ts";
import { editsOf, lenderOf, type Trial, trialOf } from "../../src/explore/playground/trial.ts";
import { type Everything, useEverything, useRows } from "../data/rows.ts";
import { settingOf } from "../data/study.ts";
import { go, useStudy, useView } from "../state.ts";
import "../style/playground.css";
import { Actions } from "./actions.tsx";
import { Controls, SceneChoice } from "./controls.tsx";
import { DonorChoice } from "./donor.tsx";
import { useEditing } from "./history.ts";
import { NeighborList } from "./neighbor-list.tsx";
import { Result } from "./result.tsx";
import { Stage } from "./stage.tsx";
import { type Judge, useJudged, useTried } from "./trying.ts";

/** The address follows changes after so long, ms: browsers refuse more than a few a second. */
const PAUSE = 300;

/** One cell, whose surroundings are changed by hand. */
export function PlaygroundTab() {
  const of = useEverything();
  const rows = useRows(of, "margin-change");
  const { cell: id } = useView();
  const cell = id === null ? (of.composites.cell[rows[0]] ?? -1) : (of.cells.rowOf.get(id) ?? -1);
  // A link says which cell it is about.
  useEffect(() => {
    if (id === null && cell >= 0) go({ cell: of.cells.id[cell] }, { replace: true });
  }, [id, cell, of]);
  if (cell < 0)
    return (
      <p className="hint">
        {id === null ? "No cell passes the filters." : `No cell of this study is called ${id}.`}
      </p>
    );
  return <Playground of={of} cell={cell} />;
}

type Asked = Parameters<typeof firstRow>[3];

/** The study's composite of a cell that is looked at first; see {@link firstRow}. */
function firstTrial(of: Everything, cell: number, options: Trial["options"], asked: Asked): Trial {
  const { composites } = of;
  const row = firstRow(of, composites, cell, asked);
  if (row < 0) return trialOf({ setting: "original", cell, donor: -1, medium: -1 }, options);
  return trialOf(
    {
      setting: settingOf(composites.setting[row]),
      cell,
      donor: composites.donor[row],
      medium: composites.medium[row],
    },
    options,
  );
}

function Playground({ of, cell }: { of: Everything; cell: number }) {
  const { study, encoder: name } = useStudy();
  const view = useView();
  const { trial: text } = view;
  const { about } = study;
  const crops = use(study.crops);
  const encoder = about.encoders.find((e) => e.name === name)!;
  const read = () =>
    (text === null ? null : parseTrial(text, about)) ?? firstTrial(of, cell, about.composite, view);
  const editing = useEditing(cell, read);
  const { trial } = editing;
  useAddress(of, cell, editing);
  const { shown, error } = useTried(crops, { cell, trial });
  const by: Judge = {
    study,
    encoder,
    own: of.cells.class[cell],
    group: of.cells.group[cell],
  };
  const judged = useJudged(by, crops, shown);
  const [marked, setMarked] = useState<number | null>(null);
  const ranges = useRanges(crops, cell);
  if (error !== null && shown === null) throw error;
  const lender = lenderOf(trial, cell);
  const id = of.cells.id[cell];
  const lent =
    (trial.scene === "neighbors" || trial.scene === "medium") && lender !== cell
      ? of.cells.class[lender]
      : -1;
  const edits = editsOf(trial, about.composite);
  const planned = rowOfTrial(of.composites, of.composites, cell, trial);
  return (
    <div className="playground">
      <p className="about">
        <strong>{id}</strong>, {of.classes[of.cells.class[cell]] ?? "no class"}. An exploration, not evidence:
        what one cell does when it is changed by hand says nothing about an encoder; the study's intervals do.
      </p>
      <div className="columns">
        <div className="seen">
          {shown === null || ranges === null ? (
            <p className="reading" role="status">
              Reading crops …
            </p>
          ) : (
            <Stage
              shown={shown}
              ranges={ranges}
              editing={editing}
              label={`${id}, ${edits.length === 0 && planned >= 0 ? "a composite of the study" : "changed by hand"}`}
              marked={marked}
              onMark={setMarked}
            />
          )}
          {error === null ? null : (
            <p className="error" role="alert">
              Not shown: {error.message}
            </p>
          )}
          <p className="hint">
            {edits.length > 0
              ? `Edits: ${edits.join(", ")}${planned < 0 ? "; on a donor, or in a way, of which the study has no composite" : ""}.`
              : planned < 0
                ? "No edits, but the study has no composite of this cell like this: its donors are others."
                : `No edits: the study's composite in ${settingOf(of.composites.setting[planned])}.`}{" "}
            {shown === null ? "" : `Composite ${shown.ms.toFixed(0)} ms`}
            {judged.after === null ? "" : `, encoder ${judged.after.ms.toFixed(0)} ms`}
          </p>
          <Result
            by={by}
            {...judged}
            error={judged.error}
            outdated={judged.after?.of !== shown?.tried}
            lent={lent}
          />
          <Actions editing={editing} name={`${id}-${trial.scene}`} />
        </div>
        <form className="controls" onSubmit={(e) => e.preventDefault()}>
          <SceneChoice editing={editing} />
          <DonorChoice of={of} cell={cell} editing={editing} />
          {shown === null ? null : (
            <NeighborList
              of={of}
              crops={crops}
              shown={shown}
              editing={editing}
              marked={marked}
              onMark={setMarked}
            />
          )}
          <Controls editing={editing} />
        </form>
      </div>
    </div>
  );
}

/** Gray values that the cell as imaged is shown between. */
function useRanges(
  crops: Awaited<ReturnType<typeof useStudy>["study"]["crops"]>,
  cell: number,
): Range[] | null {
  const [ranges, setRanges] = useState<Range[] | null>(null);
  useEffect(() => {
    let wanted = true;
    crops.crop(cell).then(
      ({ pixels }) => wanted && setRanges(rangesOf(pixels, crops.about.crops.channels.length)),
      () => {},
    );
    return () => {
      wanted = false;
    };
  }, [crops, cell]);
  return ranges;
}

/** Keeps the address and the trial the same, whichever changes; another cell takes the trial over. */
function useAddress(of: Everything, cell: number, editing: ReturnType<typeof useEditing>): void {
  const { study } = useStudy();
  const view = useView();
  const { trial: text } = view;
  const { trial } = editing;
  const formatted = useMemo(() => formatTrial(trial, study.about), [trial, study]);
  const known = useRef({ text, cell, study });
  useEffect(() => {
    const was = known.current;
    const moved = was.cell !== cell || was.study !== study;
    if (!moved && was.text === text) return;
    known.current = { text, cell, study };
    const given = text === null || text === was.text ? null : parseTrial(text, study.about);
    // A cell on its own crop goes on on its own.
    const taken = moved && was.study === study && text !== null && trial.donor !== was.cell ? trial : null;
    const next = given ?? taken ?? firstTrial(of, cell, study.about.composite, view);
    editing.set(next);
  }, [text, cell, study]);
  useEffect(() => {
    if (formatted === known.current.text) return;
    const timer = setTimeout(() => {
      known.current = { ...known.current, text: formatted };
      go({ trial: formatted }, { replace: true });
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [formatted]);
}
