import { memo, useId, useMemo, useState } from "react";

/** One option of a filter; `count`: composites that choosing it would leave. */
export interface Option {
  readonly value: string;
  readonly text?: string;
  readonly count?: number;
}

interface Props {
  readonly label: string;
  readonly value: string | null;
  readonly options: readonly Option[];
  /** What null is called; without it there is always a choice. */
  readonly all?: string;
  readonly onChange: (value: string | null) => void;
}

const number = new Intl.NumberFormat("en");
const counted = ({ value, text = value, count }: Option) =>
  count === undefined ? text : `${text} (${number.format(count)})`;

/** They are many: drawn again only where they are others. */
const Options = memo(function Options({ options }: { options: readonly Option[] }) {
  return options.map((option) => (
    <option key={option.value} value={option.value}>
      {counted(option)}
    </option>
  ));
});

/** Options over which a list is searched instead of opened. */
const SEARCHED = 60;

/** A choice of one option; where they are many, one types part of its name. */
export function Choice(props: Props) {
  return props.options.length > SEARCHED ? <Searched {...props} /> : <Listed {...props} />;
}

function Listed({ label, value, options, all, onChange }: Props) {
  const known = value === null || options.some((o) => o.value === value);
  return (
    <label className="choice">
      <span>{label}</span>
      <select value={value ?? ""} onChange={(e) => onChange(e.target.value === "" ? null : e.target.value)}>
        {all === undefined ? null : <option value="">{all}</option>}
        {known ? null : <option value={value}>{value} (not in this study)</option>}
        <Options options={options} />
      </select>
    </label>
  );
}

/** What is typed, until the value changes elsewhere. */
function useTyped(value: string | null): [string, (text: string) => void] {
  const [state, setState] = useState({ value, typed: value ?? "" });
  const current = state.value === value ? state : { value, typed: value ?? "" };
  return [current.typed, (typed) => setState({ value, typed })];
}

/** Options that a datalist holds: browsers draw all of them. */
const DRAWN = 200;

function Searched({ label, value, options, all, onChange }: Props) {
  const list = useId();
  const [typed, setTyped] = useTyped(value);
  const matching = useMemo(() => {
    const part = typed.toLowerCase();
    return options.filter((o) => o.value.toLowerCase().includes(part)).slice(0, DRAWN);
  }, [options, typed]);
  const choose = (text: string) => {
    setTyped(text);
    if (text === "") onChange(null);
    else if (options.some((o) => o.value === text)) onChange(text);
  };
  return (
    <label className="choice">
      <span>
        {label}, {options.length.toLocaleString("en")}
      </span>
      <input
        type="search"
        list={list}
        value={typed}
        placeholder={all ?? ""}
        autoComplete="off"
        onChange={(e) => choose(e.target.value)}
        onBlur={() => setTyped(value ?? "")}
      />
      <datalist id={list}>
        <Options options={matching} />
      </datalist>
    </label>
  );
}
