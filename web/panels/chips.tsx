import type { Filter } from "../../src/explore/filter.ts";
import { INITIAL } from "../../src/explore/url.ts";
import { go, useView } from "../state.ts";

const WORDS: Record<keyof Filter, (value: string) => string> = {
  setting: (value) => value,
  class: (value) => `cells of ${value}`,
  background: (value) => `on ${value}`,
  protein: (value) => `protein ${value}`,
  field: (value) => `field ${value}`,
  flipped: () => "flipped",
  called: (value) => `called ${value}`,
  quality: (value) => `mask ${value.replaceAll(",", " or ")}`,
  search: (value) => `id with “${value}”`,
};

const FILTERS = Object.keys(WORDS) as (keyof Filter)[];

/** Filters that let everything pass: those that an address is without. */
export const NOTHING = Object.fromEntries(FILTERS.map((key) => [key, INITIAL[key]])) as unknown as Filter;

/** The filters that narrow what is shown, each with a button that takes it away. */
export function Chips() {
  const view = useView();
  const active = FILTERS.filter((key) => view[key] !== NOTHING[key]);
  if (active.length === 0 && view.lasso === "") return null;
  return (
    <ul className="chips" aria-label="Active filters">
      {active.map((key) => {
        const words = WORDS[key](String(view[key]));
        return (
          <li key={key}>
            <button
              type="button"
              aria-label={`Take away: ${words}`}
              onClick={() => go({ [key]: NOTHING[key] })}
            >
              {words} <span aria-hidden="true">×</span>
            </button>
          </li>
        );
      })}
      {view.lasso === "" ? null : (
        <li>
          <button type="button" aria-label="Take away: the lasso" onClick={() => go({ lasso: "" })}>
            inside the lasso <span aria-hidden="true">×</span>
          </button>
        </li>
      )}
      <li>
        <button type="button" className="clear" onClick={() => go({ ...NOTHING, lasso: "" })}>
          Clear all
        </button>
      </li>
    </ul>
  );
}
