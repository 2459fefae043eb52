import { expect, test } from "vitest";
import {
  formatState,
  HEATS,
  INITIAL,
  parseState,
  SORTS,
  TABS,
  TILES,
  type ViewState,
} from "../../src/explore/url.ts";
import { SETTINGS } from "../../src/settings.ts";

const OTHER: ViewState = {
  study: 2,
  encoder: "a & b / ü",
  tab: "cells",
  setting: "cell-free",
  class: "50 % of=it?",
  background: "nucleus",
  protein: "NUP-49",
  field: "plate 1/#3",
  flipped: true,
  called: "ER",
  quality: "ok,border",
  search: "+ x",
  sort: "influence",
  cell: "id 7",
  on: "actin",
  channels: "green,-magenta",
  gamma: 0.7,
  outlines: true,
  zoom: 4,
  larger: 2,
  tile: 168,
  beside: true,
  heat: "flipped",
  color: "margin",
  lasso: "0,0 1.5,0 1,-2",
  against: "1/pci",
  trial: "neighbors_d40_x3_a7.10.-4",
  effect: "medium",
};

test("what is as at first needs no address", () => {
  expect(formatState(INITIAL)).toBe("");
  expect(parseState("")).toEqual(INITIAL);
});

test("every part of a view comes back from its address, together and alone", () => {
  expect(parseState(formatState(OTHER))).toEqual(OTHER);
  for (const key of Object.keys(INITIAL) as (keyof ViewState)[]) {
    expect(OTHER[key], key).not.toEqual(INITIAL[key]);
    const one = { ...INITIAL, [key]: OTHER[key] };
    expect(parseState(formatState(one)), key).toEqual(one);
  }
});

test("every listed choice comes back", () => {
  for (const tab of TABS) expect(parseState(formatState({ ...INITIAL, tab })).tab).toBe(tab);
  for (const sort of SORTS) expect(parseState(formatState({ ...INITIAL, sort })).sort).toBe(sort);
  for (const heat of HEATS) expect(parseState(formatState({ ...INITIAL, heat })).heat).toBe(heat);
  for (const tile of TILES) expect(parseState(formatState({ ...INITIAL, tile })).tile).toBe(tile);
  for (const setting of SETTINGS)
    expect(parseState(formatState({ ...INITIAL, setting })).setting).toBe(setting);
});

test("what cannot be read is as at first", () => {
  const bad =
    "?study=-1&tab=nowhere&setting=blue&flipped=yes&gamma=9&gamma=x&zoom=100&tile=7&sort=&unknown=1&encoder=";
  expect(parseState(bad)).toEqual(INITIAL);
});
