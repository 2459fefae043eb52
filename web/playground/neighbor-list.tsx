import { type KeyboardEvent, useEffect, useMemo, useState } from "react";
import { mulberry32, namedSeed } from "../../src/core/rng.ts";
import { rangesOf } from "../../src/explore/look.ts";
import { LIMITS } from "../../src/explore/playground/address.ts";
import { freePlace } from "../../src/explore/playground/neighbors.ts";
import { lenderOf } from "../../src/explore/playground/trial.ts";
import type { Crop, CropReader } from "../data/crops.ts";
import type { Everything } from "../data/rows.ts";
import { CropPicture } from "../parts/crop-picture.tsx";
import { useStudy } from "../state.ts";
import { Group } from "./controls.tsx";
import { rowsOfClass } from "./donor.tsx";
import type { Editing } from "./history.ts";
import { neighborsIn } from "./lying.ts";
import { toggled, within } from "./stage.tsx";
import type { Shown } from "./trying.ts";

/** Cells that may be added at a time. */
const STRIP = 8;

interface Props {
  readonly of: Everything;
  readonly crops: CropReader;
  readonly shown: Shown;
  readonly editing: Editing;
  readonly marked: number | null;
  onMark(number: number | null): void;
}

/** The neighbors one by one: erased by a click, and others that may be added. */
export function NeighborList({ of, crops, shown, editing, marked, onMark }: Props) {
  const { study } = useStudy();
  const { trial, change } = editing;
  const { neighbors } = useMemo(() => neighborsIn(shown, study.about.crops), [shown, study]);
  const off = trial.scene === "medium" || trial.scene === "nothing";
  if (study.about.crops.masks !== "full")
    return <Group name="Neighbors">The masks of this study know no neighbors.</Group>;
  return (
    <Group name="Neighbors">
      {off ? (
        <p className="hint">Nothing but medium is around the cell: show it among the donor's cells.</p>
      ) : neighbors.length === 0 ? (
        <p className="hint">No neighbors on this crop.</p>
      ) : (
        <>
          <ul className="neighbor-list">
            {neighbors.map((n) => (
              <li key={n.number}>
                <button
                  type="button"
                  aria-pressed={trial.erased.includes(n.number)}
                  className={n.number === marked ? "marked" : ""}
                  onPointerEnter={() => onMark(n.number)}
                  onPointerLeave={() => onMark(null)}
                  onFocus={() => onMark(n.number)}
                  onBlur={() => onMark(null)}
                  onClick={() => change({ erased: toggled(trial.erased, n.number) })}
                >
                  {trial.erased.includes(n.number) ? "Erased" : "Erase"} {n.number}:{" "}
                  {n.area.toLocaleString("en")} px, {whereOf(n, study.about.crops)}
                </button>
              </li>
            ))}
          </ul>
          <div className="buttons">
            <button
              type="button"
              disabled={trial.erased.length === neighbors.length}
              onClick={() => change({ erased: neighbors.map((n) => n.number) })}
            >
              Erase all
            </button>
            <button type="button" disabled={trial.erased.length === 0} onClick={() => change({ erased: [] })}>
              Bring all back
            </button>
          </div>
        </>
      )}
      {trial.added.length === 0 ? null : <AddedList of={of} editing={editing} />}
      {off ? null : <Strip of={of} crops={crops} shown={shown} editing={editing} />}
    </Group>
  );
}

function whereOf(
  { x, y }: { x: number; y: number },
  { height, width }: { height: number; width: number },
): string {
  const down = y < height / 3 ? "upper" : y < (2 * height) / 3 ? "" : "lower";
  const across = x < width / 3 ? "left" : x < (2 * width) / 3 ? "middle" : "right";
  return `${down} ${across}`.trim();
}

function AddedList({ of, editing }: { of: Everything; editing: Editing }) {
  const { study } = useStudy();
  const { height, width } = study.about.crops;
  const { trial, change } = editing;
  const remove = (at: number) => change({ added: trial.added.filter((_, i) => i !== at) });
  const onKeyDown = (event: KeyboardEvent, at: number) => {
    const step = event.shiftKey ? 5 : 1;
    const [dx, dy] =
      { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[
        event.key
      ] ?? [];
    if (dx !== undefined)
      change(
        {
          added: trial.added.map((a, i) =>
            i === at ? { ...a, dx: within(a.dx + dx, width), dy: within(a.dy + dy, height) } : a,
          ),
        },
        `added ${at}`,
      );
    else if (event.key === "Delete" || event.key === "Backspace") remove(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <ul className="neighbor-list" aria-label="Added neighbors">
      {trial.added.map(({ from, dx, dy }, at) => (
        <li key={`${at} ${from}`}>
          <button
            type="button"
            onKeyDown={(event) => onKeyDown(event, at)}
            onClick={() => remove(at)}
            title="Arrow keys move it, a click or Delete takes it away"
          >
            Take away {of.cells.id[from]}, moved by {dx}, {dy} px
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Cells that may be put into the donor. */
function Strip({ of, crops, shown, editing }: Pick<Props, "of" | "crops" | "shown" | "editing">) {
  const { study } = useStudy();
  const [draw, setDraw] = useState(0);
  const [offered, setOffered] = useState<readonly { row: number; crop: Crop }[]>([]);
  const { cell } = shown;
  useEffect(() => {
    let wanted = true;
    const rows = rowsOfClass(of, null, cell);
    const random = mulberry32(namedSeed(draw, "strip", cell));
    const drawn = new Set<number>();
    for (let n = 0; n < 4 * STRIP && drawn.size < STRIP; n++)
      drawn.add(rows[Math.floor(random() * rows.length)]);
    Promise.all([...drawn].map(async (row) => ({ row, crop: await crops.crop(row) }))).then(
      (read) => wanted && setOffered(read),
      () => {},
    );
    return () => {
      wanted = false;
    };
  }, [of, crops, cell, draw]);
  const add = (row: number, mask: Uint8Array) => {
    const { trial } = editing;
    const taken = shown.tried.around.slice();
    shown.tried.mask.forEach((label, p) => void (taken[p] ||= label === 1 ? 1 : 0));
    const place = freePlace(mask, taken, study.about.crops);
    const lender = lenderOf(trial, cell);
    editing.change({ donor: lender, added: [...trial.added, { from: row, ...place }] });
  };
  const full = editing.trial.added.length >= LIMITS.added;
  return (
    <>
      <p className="row">
        Add a cell of another crop
        <button type="button" onClick={() => setDraw(draw + 1)}>
          Others
        </button>
      </p>
      <div className="offered">
        {offered.map(({ row, crop }) => (
          <button
            key={row}
            type="button"
            disabled={full || crop.mask === null}
            title={`${of.cells.id[row]}, ${of.classes[of.cells.class[row]] ?? "no class"}`}
            aria-label={`Add ${of.cells.id[row]}, ${of.classes[of.cells.class[row]] ?? "no class"}`}
            onClick={() => add(row, crop.mask!)}
          >
            <CropPicture
              pixels={crop.pixels}
              about={study.about}
              ranges={rangesOf(crop.pixels, study.about.crops.channels.length)}
              label={of.cells.id[row]}
              zoom={48 / study.about.crops.width}
            />
          </button>
        ))}
      </div>
      {full ? <p className="hint">{LIMITS.added} are added: no more fit into the address.</p> : null}
    </>
  );
}
