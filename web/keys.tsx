import { Suspense, useEffect, useRef, useState } from "react";
import { flippedCells, stepFlipped } from "../src/explore/walk.ts";
import { type Everything, rowsOf, useEverything } from "./data/rows.ts";
import { toggleListed } from "./list.ts";
import { copyText } from "./parts/download.ts";
import { go, viewNow } from "./state.ts";
import "./style/keys.css";

const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ["→ or N", "next flipped cell, of those that pass the filters, in the order of the tab Cells"],
  ["← or P", "flipped cell before"],
  ["C", "copy the cell's id"],
  ["A", "put the cell on the list, or take it off"],
  ["Esc", "close what is open: a dialog, or the cell"],
  ["?", "this list"],
  ["↑ ↓ ← →, Page, Home, End", "in the wall of the tab Cells: go from tile to tile; Enter opens"],
];

/** Keys that work wherever nothing is typed, and the dialog that lists them. */
export function Keys() {
  const dialog = useRef<HTMLDialogElement>(null);
  const known = useRef<Everything | null>(null);
  const [said, say] = useState("");
  useEffect(() => {
    const onKeyDown = (e: KeyboardEvent) => {
      if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || isTyping(e.target)) return;
      const open = document.querySelector("dialog[open]") !== null;
      if (e.key === "?" && !open) dialog.current?.showModal();
      else if (!open) act(e.key, known.current, say);
      else return;
      if (e.key.startsWith("Arrow")) e.preventDefault();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
  return (
    <>
      <Suspense fallback={null}>
        <Knows to={known} />
      </Suspense>
      <output className="said">{said}</output>
      <button type="button" className="keys" onClick={() => dialog.current?.showModal()}>
        Keys <kbd>?</kbd>
      </button>
      <dialog ref={dialog} className="help" aria-labelledby="keys-title">
        <h2 id="keys-title">Keys</h2>
        <dl>
          {KEYS.map(([keys, what]) => (
            <div key={keys}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </dialog>
    </>
  );
}

/** Notes what the page knows, once it does. */
function Knows({ to }: { to: React.RefObject<Everything | null> }) {
  const of = useEverything();
  useEffect(() => {
    to.current = of;
  }, [to, of]);
  return null;
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest("input:not([type=checkbox]), select, textarea, [contenteditable]") !== null
  );
}

function act(key: string, of: Everything | null, say: (text: string) => void): void {
  const { cell } = viewNow();
  const name = key.length === 1 ? key.toLowerCase() : key;
  const by = name === "ArrowRight" || name === "n" ? 1 : name === "ArrowLeft" || name === "p" ? -1 : null;
  if (by !== null) {
    if (of !== null) say(step(by, of));
  } else if (cell === null) return;
  else if (name === "Escape") go({ cell: null });
  else if (name === "a") toggleListed(cell);
  else if (name === "c")
    copyText(cell).then((done) => say(done ? `Copied ${cell}` : "The browser did not copy it."));
}

const flippedOf = new WeakMap<Int32Array, Int32Array>();

/** Goes to another flipped cell of those that pass the filters; says where it went, or why nowhere. */
function step(by: 1 | -1, of: Everything): string {
  if (of.predictions === null) return "Nothing is predicted for this encoder.";
  const view = viewNow();
  const rows = rowsOf(of, view, view.sort);
  const flipped = flippedOf.get(rows) ?? flippedCells(rows, of);
  flippedOf.set(rows, flipped);
  if (flipped.length === 0) return "No cell that passes the filters flipped.";
  const { cells, composites, classes } = of;
  const current = view.cell === null ? -1 : (cells.rowOf.get(view.cell) ?? -1);
  const next = stepFlipped(flipped, composites.cell, current, by);
  const count = flipped.length.toLocaleString("en");
  if (next === null)
    return by > 0
      ? `That was the last of ${count} flipped cells.`
      : `That was the first of ${count} flipped cells.`;
  const id = cells.id[composites.cell[next.row]];
  go({ cell: id, on: classes[composites.background[next.row]] ?? null }, { replace: true });
  return `Flipped cell ${(next.place + 1).toLocaleString("en")} of ${count}: ${id}`;
}
