import { SETTINGS, type Setting } from "../settings.ts";
import { MAP_COLORS, type MapColor } from "./map/color.ts";

/** What the middle of the page shows. */
export const TABS = [
  "effects",
  "confusion",
  "cells",
  "map",
  "proportions",
  "remedies",
  "compare",
  "playground",
] as const;
export type Tab = (typeof TABS)[number];

/** By what cells are sorted. */
export const SORTS = ["margin-change", "influence", "margin", "lent", "neighbors", "id"] as const;
export type Sort = (typeof SORTS)[number];

/** Accuracy lost on a background, or the share of composites that flipped. */
export const HEATS = ["lost", "flipped"] as const;
export type Heat = (typeof HEATS)[number];

/** Everything that a view of the explorer is made of: what the address holds. Null: all, or none. */
export interface ViewState {
  readonly study: number;
  /** Name of the encoder's output; null: the first. */
  readonly encoder: string | null;
  readonly tab: Tab;
  readonly setting: Setting | null;
  readonly class: string | null;
  readonly background: string | null;
  readonly protein: string | null;
  readonly field: string | null;
  /** Only composites that are called otherwise than the cell's original. */
  readonly flipped: boolean;
  /** Class that composites are called. */
  readonly called: string | null;
  /** Verdicts on masks, with commas between: only cells with one of them; "": all. */
  readonly quality: string;
  /** Part of a cell id. */
  readonly search: string;
  readonly sort: Sort;
  /** Id of the cell that is looked at. */
  readonly cell: string | null;
  /** Class whose backgrounds the cell is looked at on; null: where its margin is least. */
  readonly on: string | null;
  /** How channels are shown (see `parseChannels`); "": as at first. */
  readonly channels: string;
  /** Exponent of gray values, under 1 lightens what is dark. */
  readonly gamma: number;
  readonly outlines: boolean;
  /** Screen pixels per pixel of a crop in the panel; 0: what fits. */
  readonly zoom: number;
  /** The same where one setting is shown alone. */
  readonly larger: number;
  /** Side of a tile of the wall, px. */
  readonly tile: number;
  /** Whether tiles show the original beside the composite. */
  readonly beside: boolean;
  /** What the map of classes and backgrounds shows. */
  readonly heat: Heat;
  /** By what places on the map are colored. */
  readonly color: MapColor;
  /** Corners of the lasso on the map (`formatLasso`); "": none is drawn. */
  readonly lasso: string;
  /** What is tried by hand on the cell (`formatTrial`). */
  readonly trial: string | null;
  /** Effect that is shown class by class; null: the neighbor effect, or what stands in for it. */
  readonly effect: string | null;
  /** What the encoder is compared with (`formatSide`); null: the first that it can be. */
  readonly against: string | null;
}

/** Sides that tiles of the wall may have, px. */
export const TILES = [72, 112, 168, 256] as const;

export const INITIAL: ViewState = {
  study: 0,
  encoder: null,
  tab: "effects",
  setting: null,
  class: null,
  background: null,
  protein: null,
  field: null,
  flipped: false,
  called: null,
  quality: "",
  search: "",
  sort: "margin-change",
  cell: null,
  on: null,
  channels: "",
  gamma: 1,
  outlines: false,
  zoom: 0,
  larger: 8,
  tile: 112,
  beside: false,
  heat: "lost",
  color: "class",
  lasso: "",
  trial: null,
  effect: null,
  against: null,
};

type Reader<K extends keyof ViewState> = (text: string) => ViewState[K] | undefined;

const text = (value: string) => (value === "" ? undefined : value);
const yes = (value: string) => (value === "1" ? true : undefined);
const oneOf =
  <T extends string>(known: readonly T[]) =>
  (value: string) =>
    known.find((k) => k === value);

const within = (low: number, high: number) => (value: string) => {
  const number = value.trim() === "" ? Number.NaN : Number(value);
  return number >= low && number <= high ? number : undefined;
};

/** How the address's text becomes a value; what cannot be read is left as it is at first. */
const READERS: { readonly [K in keyof ViewState]: Reader<K> } = {
  study: (value) => (/^\d{1,4}$/.test(value) ? Number(value) : undefined),
  encoder: text,
  tab: oneOf(TABS),
  setting: oneOf(SETTINGS),
  class: text,
  background: text,
  protein: text,
  field: text,
  flipped: yes,
  called: text,
  quality: text,
  search: text,
  sort: oneOf(SORTS),
  cell: text,
  on: text,
  channels: text,
  gamma: within(0.2, 3),
  outlines: yes,
  zoom: within(1, 8),
  larger: within(1, 8),
  tile: (value) => TILES.find((t) => String(t) === value),
  beside: yes,
  heat: oneOf(HEATS),
  color: oneOf(MAP_COLORS),
  lasso: text,
  trial: text,
  effect: text,
  against: text,
};

const KEYS = Object.keys(READERS) as (keyof ViewState)[];

/** Reads a query (`?encoder=pci&flipped=1`). Unknown keys and values are passed over. */
export function parseState(query: string): ViewState {
  const given = new URLSearchParams(query);
  const found = KEYS.flatMap((key) => {
    const value = given.get(key);
    const read = value === null ? undefined : READERS[key](value);
    return read === undefined ? [] : [[key, read] as const];
  });
  return { ...INITIAL, ...Object.fromEntries(found) };
}

/** The query of a state, without what is as at first; "" where everything is. */
export function formatState(state: ViewState): string {
  const query = new URLSearchParams();
  for (const key of KEYS) {
    const value = state[key];
    if (value === INITIAL[key] || value === null) continue;
    query.set(key, typeof value === "boolean" ? "1" : String(value));
  }
  const formatted = query.toString();
  return formatted === "" ? "" : `?${formatted}`;
}
