import { use, useDeferredValue } from "react";
import { type CellCodes, cellCodes } from "../../src/explore/facets.ts";
import {
  FILTERS,
  type Filter,
  type Filtered,
  filterRows,
  inOrder,
  sortRows,
} from "../../src/explore/filter.ts";
import { neighborInfluence } from "../../src/explore/influence.ts";
import { inLasso, parseLasso } from "../../src/explore/map/lasso.ts";
import type { Sort } from "../../src/explore/url.ts";
import { SETTINGS } from "../../src/settings.ts";
import { useStudy, useView } from "../state.ts";
import type { CellTable, Composites, Predicted, StudyData } from "./study.ts";

/** Everything that a tab knows of the composites, for the encoder that is looked at. */
export interface Everything extends Filtered {
  readonly composites: Composites;
  readonly cells: CellTable;
  readonly predictions: Predicted | null;
}

const NONE = Promise.resolve(null);

/** Remembers the last answer for every object. */
function lastFor<K extends object, T>() {
  const kept = new WeakMap<K, { key: string; value: T }>();
  return (of: K, key: string, make: () => T): T => {
    const known = kept.get(of);
    if (known?.key === key) return known.value;
    const value = make();
    kept.set(of, { key, value });
    return value;
  };
}

/** Rows from which on the order of all is made, and kept for the next filter. */
const MANY = 50_000;

const everything = new WeakMap<Composites, Map<Predicted | null, Everything>>();
const filtered = lastFor<Everything, Int32Array>();
const sorted = lastFor<Int32Array, Int32Array>();
const lassoed = lastFor<Int32Array, Int32Array>();
const ordered = lastFor<Everything, Int32Array>();
const influences = lastFor<Everything, Float32Array | null>();
const codes = lastFor<CellTable, CellCodes>();

/** The same object for the same parts, so that what was made of it is found again by every part of the page. */
function everythingOf(
  study: StudyData,
  composites: Composites,
  cells: CellTable,
  predictions: Predicted | null,
): Everything {
  const known = everything.get(composites) ?? new Map<Predicted | null, Everything>();
  everything.set(composites, known);
  let of = known.get(predictions);
  if (of === undefined) {
    const { originals } = composites;
    of = { composites, cells, predictions, originals, classes: study.about.classes, settings: SETTINGS };
    known.set(predictions, of);
  }
  return of;
}

/** Reads what filters need. Suspends until it is there. */
export function useEverything(): Everything {
  const { study, encoder } = useStudy();
  const predicted = study.about.encoders.find((e) => e.name === encoder)!.predicted;
  const composites = use(study.composites);
  const cells = use(study.cells);
  const predictions = use(predicted ? study.predicted(encoder) : NONE);
  return everythingOf(study, composites, cells, predictions);
}

/** The filters of the address; typing does not wait for what follows from the id that is searched for. */
export function useFilter(): Filter {
  const view = useView();
  const search = useDeferredValue(view.search);
  return { ...view, search };
}

/** Rows of the plan that pass the filters of the address and lie inside its lasso, sorted if asked for. */
export function useRows(of: Everything, sort: Sort | null): Int32Array {
  const { study, encoder } = useStudy();
  const { lasso: text } = useView();
  const rows = rowsOf(of, useFilter(), sort);
  const lasso = parseLasso(text);
  if (lasso === null || study.about.encoders.find((e) => e.name === encoder)!.map === null) return rows;
  const places = use(study.map(encoder));
  return lassoed(rows, text, () => inLasso(rows, places, lasso));
}

/** Rows of the plan that pass a filter, sorted if asked for; the last ones are kept. */
export function rowsOf(of: Everything, filter: Filter, sort: Sort | null): Int32Array {
  const key = JSON.stringify(FILTERS.map((name) => filter[name]));
  const rows = filtered(of, key, () => filterRows(of, filter));
  if (sort === null) return rows;
  const influence = sort === "influence" ? influenceOf(of) : null;
  return sorted(rows, sort, () => {
    if (rows.length < MANY) return sortRows(rows, sort, of, influence);
    const all = ordered(of, sort, () =>
      sortRows(
        of.composites.cell.map((_, row) => row),
        sort,
        of,
        influence,
      ),
    );
    return inOrder(rows, all);
  });
}

/** What neighbors alone do to every composite's margin (see `neighborInfluence`); null where nothing is predicted. */
export function influenceOf(of: Everything): Float32Array | null {
  const { composites, predictions } = of;
  return influences(of, "", () =>
    predictions === null ? null : neighborInfluence(composites, composites, predictions),
  );
}

/** Numbers for what cells are told apart by. */
export const codesOfCells = (cells: CellTable): CellCodes => codes(cells, "", () => cellCodes(cells));
