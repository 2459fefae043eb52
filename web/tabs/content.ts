import { lazy } from "react";
import { TABS, type Tab } from "../../src/explore/url.ts";
import type { ReportSummary } from "../../src/report/summary.ts";
import { viewNow } from "../state.ts";

const PARTS: Record<Tab, () => Promise<React.ComponentType>> = {
  effects: () => import("./effects.tsx").then((m) => m.EffectsTab),
  confusion: () => import("./confusion.tsx").then((m) => m.ConfusionTab),
  cells: () => import("./cells.tsx").then((m) => m.CellsTab),
  map: () => import("../map/tab.tsx").then((m) => m.MapTab),
  proportions: () => import("./proportions.tsx").then((m) => m.ProportionsTab),
  remedies: () => import("./remedies.tsx").then((m) => m.RemediesTab),
  compare: () => import("./compare.tsx").then((m) => m.CompareTab),
  playground: () => import("../playground/tab.tsx").then((m) => m.PlaygroundTab),
};

// That of the first tab is fetched while the list of studies is.
const first = viewNow().tab;
const fetched = PARTS[first]();
fetched.catch(() => {});

/** What every tab shows; its part of the page is fetched when it is first looked at. */
export const CONTENT = Object.fromEntries(
  TABS.map((tab) => [tab, lazy(async () => ({ default: await (tab === first ? fetched : PARTS[tab]()) }))]),
) as unknown as Record<Tab, React.ComponentType>;

/** Whether a study has something for a tab that not all have something for. */
export const HAS: Partial<Record<Tab, (report: ReportSummary) => boolean>> = {
  proportions: ({ claims, proportions }) => claims.length > 0 || proportions.length > 0,
  remedies: ({ remedies }) => remedies.length > 0,
};
