import { useId, useState } from "react";
import type { Everything } from "../data/rows.ts";
import { Choice } from "../parts/choice.tsx";
import { useStudy } from "../state.ts";
import { Group } from "./controls.tsx";
import type { Editing } from "./history.ts";

/** Ids that a list of suggestions holds. */
const DRAWN = 100;

interface Props {
  readonly of: Everything;
  readonly cell: number;
  readonly editing: Editing;
}

/** Rows of the store of a class, in order; all but the cell with null. */
export function rowsOfClass({ cells, classes }: Everything, name: string | null, but: number): number[] {
  const wanted = name === null ? -2 : classes.indexOf(name);
  return [...cells.id.keys()].filter((row) => row !== but && (wanted === -2 || cells.class[row] === wanted));
}

/** Whose crop is around the cell: by id, by class, at random or the next. */
export function DonorChoice({ of, cell, editing }: Props) {
  const { study } = useStudy();
  const { cells, classes } = of;
  const { scene, donor } = editing.trial;
  const [among, setAmong] = useState<string | null>(null);
  const off = scene === "alone" || scene === "nothing";
  const take = (row: number) => editing.change({ donor: row });
  const next = (random: boolean) => {
    const rows = rowsOfClass(of, among, cell);
    if (rows.length === 0) return;
    const at = random ? Math.floor(Math.random() * rows.length) : rows.findIndex((row) => row > donor);
    take(rows[Math.max(at, 0)]);
  };
  const own = donor === cell || scene === "imaged";
  const groups = study.about.unit;
  const trained =
    !own && cells.group[cell] >= 0 && cells.group[donor] >= 0 && cells.group[cell] !== cells.group[donor];
  return (
    <Group name="Donor">
      <p>
        {off ? (
          scene === "alone" ? (
            "Surroundings alone are the cell's own."
          ) : (
            "Nothing is around the cell."
          )
        ) : (
          <>
            <strong>{own ? "the cell itself" : cells.id[donor]}</strong>
            {own ? null : `, ${classes[cells.class[donor]] ?? "no class"}, field ${cells.field[donor]}`}
          </>
        )}
      </p>
      <Choice
        label="Among cells of class"
        value={among}
        all="any"
        options={classes.map((value) => ({ value }))}
        onChange={setAmong}
      />
      <div className="buttons">
        <button type="button" disabled={off} onClick={() => next(true)}>
          Random
        </button>
        <button type="button" disabled={off} onClick={() => next(false)}>
          Next
        </button>
        <button type="button" disabled={off || own} onClick={() => take(cell)}>
          The cell itself
        </button>
      </div>
      <ById of={of} disabled={off} onTake={take} />
      {trained && !off ? (
        <p className="hint">
          The probe that judges this cell was trained on this donor's crop, among others: donor and cell are
          of different closed groups ({groups}). The study takes donors of the cell's own group only.
        </p>
      ) : null}
    </Group>
  );
}

function ById({ of, disabled, onTake }: { of: Everything; disabled: boolean; onTake(row: number): void }) {
  const list = useId();
  const [typed, setTyped] = useState("");
  const { cells } = of;
  const part = typed.toLowerCase();
  const found: string[] = [];
  if (part !== "")
    for (const id of cells.id) if (found.length < DRAWN && id.toLowerCase().includes(part)) found.push(id);
  const choose = (text: string) => {
    setTyped(text);
    const row = cells.rowOf.get(text);
    if (row !== undefined) onTake(row);
  };
  return (
    <label className="choice">
      <span>By id</span>
      <input
        type="search"
        list={list}
        value={typed}
        disabled={disabled}
        placeholder="part of an id"
        autoComplete="off"
        onChange={(e) => choose(e.target.value)}
      />
      <datalist id={list}>
        {found.map((id) => (
          <option key={id} value={id} />
        ))}
      </datalist>
      {part !== "" && found.length === 0 ? (
        <span className="error">No cell has an id with {typed}.</span>
      ) : null}
    </label>
  );
}
