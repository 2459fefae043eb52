import { useContext } from "react";
import { go, StudiesContext, useStudy, useView } from "../state.ts";

interface ChoiceProps {
  readonly label: string;
  readonly value: string | null;
  readonly options: readonly string[];
  /** What null is called; without it there is always a choice. */
  readonly all?: string;
  readonly onChange: (value: string | null) => void;
}

function Choice({ label, value, options, all, onChange }: ChoiceProps) {
  return (
    <label className="choice">
      <span>{label}</span>
      <select value={value ?? ""} onChange={(e) => onChange(e.target.value === "" ? null : e.target.value)}>
        {all === undefined ? null : <option value="">{all}</option>}
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What is shown: encoder, setting, class, background, and only which cells. */
export function Filters() {
  const studies = useContext(StudiesContext);
  const { study, encoder } = useStudy();
  const view = useView();
  const { classes, settings, backgrounds, encoders } = study.about;
  return (
    <form className="filters" onSubmit={(e) => e.preventDefault()}>
      {studies.length < 2 ? null : (
        <Choice
          label="Study"
          value={String(view.study)}
          options={studies.map((_, i) => String(i))}
          onChange={(value) => go({ study: Number(value), encoder: null, cell: null })}
        />
      )}
      <Choice
        label="Encoder"
        value={encoder}
        options={encoders.map((e) => e.name)}
        onChange={(value) => go({ encoder: value })}
      />
      <Choice
        label="Setting"
        value={view.setting}
        options={settings}
        all="all"
        onChange={(value) => go({ setting: value as typeof view.setting })}
      />
      <Choice
        label="Class of the cell"
        value={view.class}
        options={classes}
        all="all"
        onChange={(value) => go({ class: value })}
      />
      <Choice
        label="Class of the background"
        value={view.background}
        options={backgrounds.map((b) => classes[b])}
        all="all"
        onChange={(value) => go({ background: value })}
      />
      <label className="check">
        <input type="checkbox" checked={view.flipped} onChange={(e) => go({ flipped: e.target.checked })} />
        Only flipped
      </label>
      <label className="check">
        <input type="checkbox" checked={view.passed} onChange={(e) => go({ passed: e.target.checked })} />
        Only cells whose mask passed
      </label>
      <label className="choice">
        <span>Cell id</span>
        <input
          type="search"
          value={view.search}
          placeholder="part of an id"
          onChange={(e) => go({ search: e.target.value }, { replace: true })}
        />
      </label>
    </form>
  );
}
