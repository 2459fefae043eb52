import { useContext, useDeferredValue, useMemo } from "react";
import { type CellCodes, type FacetCounts, facetCounts } from "../../src/explore/facets.ts";
import type { ViewStudy } from "../../src/explore/format.ts";
import { SETTINGS } from "../../src/settings.ts";
import { codesOfCells, type Everything, useEverything, useFilter } from "../data/rows.ts";
import { Choice, type Option } from "../parts/choice.tsx";
import { useNarrow } from "../parts/narrow.ts";
import { NotPredicted } from "../parts/not-predicted.tsx";
import { go, StudiesContext, useStudy, useView } from "../state.ts";
import { Chips, NOTHING } from "./chips.tsx";
import "../style/filters.css";

/** What is shown: study, encoder, and which composites. */
export function Filters() {
  const of = useEverything();
  const narrow = useNarrow();
  return (
    <form className="filters" onSubmit={(e) => e.preventDefault()} aria-label="Filters">
      <Study />
      <Chips />
      <details className="fold" open={!narrow}>
        <summary>Filters</summary>
        <Facets of={of} />
      </details>
    </form>
  );
}

function Study() {
  const studies = useContext(StudiesContext);
  const { study, encoder } = useStudy();
  const view = useView();
  return (
    <>
      {studies.length < 2 ? null : (
        <Choice
          label="Study"
          value={String(view.study)}
          options={studies.map((s, i) => ({ value: String(i), text: s.about.title }))}
          onChange={(value) =>
            go({ ...NOTHING, lasso: "", study: Number(value), encoder: null, cell: null, on: null })
          }
        />
      )}
      <Choice
        label="Encoder"
        value={encoder}
        options={study.about.encoders.map((e) => ({ value: e.name }))}
        onChange={(value) => go({ encoder: value, lasso: "" })}
      />
    </>
  );
}

function Facets({ of }: { of: Everything }) {
  const { study } = useStudy();
  const view = useView();
  // Counting does not hold up what the filter shows.
  const filter = useDeferredValue(useFilter());
  const codes = codesOfCells(of.cells);
  const counts = useMemo(() => facetCounts(of, codes, filter), [of, codes, filter]);
  const options = useMemo(() => optionsOf(study.about, codes, counts), [study, codes, counts]);
  const verdicts = codes.quality.names;
  const predicted = of.predictions !== null;
  return (
    <div className="facets">
      <Choice
        label="Setting"
        value={view.setting}
        options={options.setting}
        all="all settings"
        onChange={(value) => go({ setting: value as typeof view.setting })}
      />
      <Choice
        label="Class of the cell"
        value={view.class}
        options={options.class}
        all="all classes"
        onChange={(value) => go({ class: value })}
      />
      <Choice
        label="Class of the background"
        value={view.background}
        options={options.background}
        all="all backgrounds, and none"
        onChange={(value) => go({ background: value })}
      />
      {codes.protein.names.length === 0 ? null : (
        <Choice
          label="Protein"
          value={view.protein}
          options={options.protein}
          all="all proteins"
          onChange={(value) => go({ protein: value })}
        />
      )}
      <Choice
        label="Field"
        value={view.field}
        options={options.field}
        all="all fields"
        onChange={(value) => go({ field: value })}
      />
      {!predicted && view.called === null ? null : (
        <Choice
          label="Called"
          value={view.called}
          options={options.called}
          all="anything"
          onChange={(value) => go({ called: value })}
        />
      )}
      <label className="check">
        <input
          type="checkbox"
          checked={view.flipped}
          disabled={!predicted && !view.flipped}
          onChange={(e) => go({ flipped: e.target.checked })}
        />
        Only flipped{predicted ? ` (${counts.flipped.toLocaleString("en")})` : ""}
      </label>
      {predicted ? null : <NotPredicted />}
      {verdicts.length < 2 ? null : <Quality names={verdicts} counts={counts.quality} />}
      <label className="choice">
        <span>Cell id</span>
        <input
          type="search"
          value={view.search}
          placeholder="part of an id"
          onChange={(e) => go({ search: e.target.value }, { replace: true })}
        />
      </label>
      <output className="left-over">
        {counts.all.toLocaleString("en")} of {of.composites.count.toLocaleString("en")} composites
      </output>
    </div>
  );
}

/** Options of every filter that chooses one, counted. */
function optionsOf({ settings, classes, backgrounds }: ViewStudy, codes: CellCodes, counts: FacetCounts) {
  const named = (names: readonly string[], count: Int32Array): Option[] =>
    names.map((value, i) => ({ value, count: count[i] }));
  return {
    setting: settings.map((value) => ({ value, count: counts.setting[SETTINGS.indexOf(value)] })),
    class: named(classes, counts.class),
    background: backgrounds.map((b) => ({ value: classes[b], count: counts.background[b] })),
    protein: named(codes.protein.names, counts.protein),
    field: named(codes.field.names, counts.field),
    called: named(classes, counts.called),
  };
}

/** Verdicts on masks: none chosen means all. */
function Quality({ names, counts }: { names: readonly string[]; counts: Int32Array }) {
  const { quality } = useView();
  const chosen = new Set(quality === "" ? [] : quality.split(","));
  const toggle = (name: string) => {
    if (!chosen.delete(name)) chosen.add(name);
    go({ quality: names.filter((n) => chosen.has(n)).join(",") });
  };
  return (
    <fieldset className="quality">
      <legend>Mask</legend>
      {names.map((name, i) => (
        <label key={name} className="check">
          <input type="checkbox" checked={chosen.has(name)} onChange={() => toggle(name)} />
          {name.replaceAll(";", ", ")} ({counts[i].toLocaleString("en")})
        </label>
      ))}
    </fieldset>
  );
}
