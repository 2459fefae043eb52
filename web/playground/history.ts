import { useReducer } from "react";
import { type Change, changed, type Trial } from "../../src/explore/playground/trial.ts";

interface History {
  readonly past: readonly Trial[];
  readonly now: Trial;
  readonly future: readonly Trial[];
  /** Control that made the last change, whose further changes are the same step. */
  readonly by: string | null;
}

type Step =
  | { readonly kind: "change"; readonly cell: number; readonly change: Change; readonly by: string | null }
  | { readonly kind: "set"; readonly trial: Trial }
  | { readonly kind: "undo" }
  | { readonly kind: "redo" }
  | { readonly kind: "rest" };

/** Steps that are kept. */
const MOST = 200;

function next(of: History, step: Step): History {
  switch (step.kind) {
    case "change": {
      const now = changed(of.now, step.cell, step.change);
      const same = step.by !== null && step.by === of.by;
      return { past: same ? of.past : [...of.past, of.now].slice(-MOST), now, future: [], by: step.by };
    }
    case "set":
      return { past: [], now: step.trial, future: [], by: null };
    case "undo":
      return of.past.length === 0
        ? of
        : {
            past: of.past.slice(0, -1),
            now: of.past.at(-1)!,
            future: [of.now, ...of.future],
            by: null,
          };
    case "redo":
      return of.future.length === 0
        ? of
        : { past: [...of.past, of.now], now: of.future[0], future: of.future.slice(1), by: null };
    case "rest":
      return { ...of, by: null };
  }
}

/** A trial that is changed step by step. */
export interface Editing {
  readonly trial: Trial;
  /** Changes of one control (`by`) in a row are one step; null: a step of its own. */
  change(change: Change, by?: string | null): void;
  /** Ends a step: the next change of the same control is another. */
  rest(): void;
  /** Begins anew, without steps. */
  set(trial: Trial): void;
  readonly undo: (() => void) | null;
  readonly redo: (() => void) | null;
}

/** Keeps the steps of a trial of `cell`. */
export function useEditing(cell: number, first: () => Trial): Editing {
  const [{ now, past, future }, step] = useReducer(
    next,
    first,
    (make): History => ({ past: [], now: make(), future: [], by: null }),
  );
  return {
    trial: now,
    change: (change, by = null) => step({ kind: "change", cell, change, by }),
    rest: () => step({ kind: "rest" }),
    set: (trial) => step({ kind: "set", trial }),
    undo: past.length === 0 ? null : () => step({ kind: "undo" }),
    redo: future.length === 0 ? null : () => step({ kind: "redo" }),
  };
}
