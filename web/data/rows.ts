import { use, useDeferredValue, useMemo } from "react";
import { type Filter, type Filtered, filterRows, sortRows } from "../../src/explore/filter.ts";
import type { Sort } from "../../src/explore/url.ts";
import { SETTINGS } from "../../src/settings.ts";
import { useStudy, useView } from "../state.ts";
import type { CellTable, Composites, Predicted } from "./study.ts";

/** Everything that a tab knows of the composites, for the encoder that is looked at. */
export interface Everything extends Filtered {
  readonly composites: Composites;
  readonly cells: CellTable;
  readonly predictions: Predicted | null;
}

const NONE = Promise.resolve(null);

/** Reads what filters need. Suspends until it is there. */
export function useEverything(): Everything {
  const { study, encoder } = useStudy();
  const predicted = study.about.encoders.find((e) => e.name === encoder)!.predicted;
  const composites = use(study.composites);
  const cells = use(study.cells);
  const predictions = use(predicted ? study.predicted(encoder) : NONE);
  return useMemo(
    () => ({
      composites,
      cells,
      predictions,
      originals: composites.originals,
      classes: study.about.classes,
      settings: SETTINGS,
    }),
    [composites, cells, predictions, study],
  );
}

/** Rows of the plan that pass the filters of the address, sorted if asked for. */
export function useRows(of: Everything, sort: Sort | null): Int32Array {
  const view = useView();
  const search = useDeferredValue(view.search);
  const { setting, class: own, background, protein, field, flipped, passed } = view;
  const rows = useMemo(() => {
    const filter: Filter = { setting, class: own, background, protein, field, flipped, passed, search };
    return filterRows(of, filter);
  }, [of, setting, own, background, protein, field, flipped, passed, search]);
  return useMemo(() => (sort === null ? rows : sortRows(rows, sort, of)), [rows, sort, of]);
}
