import { lazy, use, useEffect, useState } from "react";
import { TABS, type Tab } from "../src/explore/url.ts";
import type { ReportSummary } from "../src/report/summary.ts";
import { openStudies } from "./data/study.ts";
import { Keys } from "./keys.tsx";
import { CellPanel } from "./panels/cell.tsx";
import { Filters } from "./panels/filters.tsx";
import { ListPanel } from "./panels/list.tsx";
import { Guarded } from "./parts/guarded.tsx";
import { ThemeChoice } from "./parts/theme.tsx";
import { go, StudiesContext, useStudy, useView } from "./state.ts";
import { CellsTab } from "./tabs/cells.tsx";
import { ConfusionTab } from "./tabs/confusion.tsx";
import { EffectsTab } from "./tabs/effects.tsx";
import { hasProportions, ProportionsTab } from "./tabs/proportions.tsx";
import { hasRemedies, RemediesTab } from "./tabs/remedies.tsx";

const studies = openStudies();

const NAMES: Record<Tab, string> = {
  effects: "Effects",
  confusion: "Confusion",
  cells: "Cells",
  map: "Map",
  proportions: "Proportions",
  remedies: "Remedies",
  compare: "Compare",
  playground: "Playground",
};

const PlaygroundTab = lazy(() => import("./playground/tab.tsx").then((m) => ({ default: m.PlaygroundTab })));

const MapTab = lazy(() => import("./map/tab.tsx").then((m) => ({ default: m.MapTab })));

const CompareTab = lazy(() => import("./tabs/compare.tsx").then((m) => ({ default: m.CompareTab })));

const CONTENT: Partial<Record<Tab, React.ComponentType>> = {
  effects: EffectsTab,
  confusion: ConfusionTab,
  cells: CellsTab,
  map: MapTab,
  proportions: ProportionsTab,
  remedies: RemediesTab,
  compare: CompareTab,
  playground: PlaygroundTab,
};

/** Whether a study has something for a tab that not all have something for. */
const HAS: Partial<Record<Tab, (report: ReportSummary) => boolean>> = {
  proportions: hasProportions,
  remedies: hasRemedies,
};

export function App() {
  return (
    <Guarded what="the studies">
      <Page />
    </Guarded>
  );
}

function Page() {
  return (
    <StudiesContext value={use(studies)}>
      <Layout />
    </StudiesContext>
  );
}

function Layout() {
  const { study, encoder } = useStudy();
  const { tab, cell } = useView();
  const Content = CONTENT[tab];
  useEffect(() => {
    document.title = `${NAMES[tab]} - ${study.about.title} - cellswap`;
  }, [study, tab]);
  return (
    <div className="layout">
      <header className="head">
        <h1>{study.about.title}</h1>
        <p>
          {study.about.composites.toLocaleString("en")} composites of{" "}
          {study.about.crops.count.toLocaleString("en")} cells, {study.about.classes.length} classes
        </p>
        <Keys />
        <ThemeChoice />
      </header>
      {/* Parts that scroll take the focus, so that keys can scroll them. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <aside className="left" aria-label="Filters" tabIndex={0}>
        <Guarded what="the filters">
          <Filters />
        </Guarded>
      </aside>
      <main className="middle">
        <Tabs />
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
        <section id="content" aria-label={NAMES[tab]} tabIndex={0}>
          <Guarded what={NAMES[tab]} again={`${tab} ${encoder} ${study.base}`}>
            {Content === undefined ? <p>Nothing to show yet.</p> : <Content />}
          </Guarded>
        </section>
      </main>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <aside className="right" aria-label="Cell" tabIndex={0}>
        <Guarded what="the cell" again={`${cell} ${encoder} ${study.base}`}>
          {cell === null ? <p className="hint">Choose a cell to see it in all settings.</p> : <CellPanel />}
        </Guarded>
        <Guarded what="the list">
          <ListPanel />
        </Guarded>
      </aside>
    </div>
  );
}

/** Tabs that the study has something for; the one that is looked at is among them. */
function useTabs(): Tab[] {
  const { study } = useStudy();
  const { tab } = useView();
  const [known, setKnown] = useState<{ of: typeof study; report: ReportSummary } | null>(null);
  useEffect(() => {
    let wanted = true;
    study.report.then(
      (report) => wanted && setKnown({ of: study, report }),
      // Whoever shows the report says what is wrong with it.
      () => {},
    );
    return () => {
      wanted = false;
    };
  }, [study]);
  const has = (t: Tab) => HAS[t] === undefined || (known?.of === study && HAS[t](known.report));
  return TABS.filter((t) => t in CONTENT && (t === tab || has(t)));
}

function Tabs() {
  const { tab } = useView();
  const shown = useTabs();
  return (
    <nav className="tabs" aria-label="Views">
      {shown.map((t) => (
        <button
          key={t}
          type="button"
          aria-current={t === tab ? "page" : undefined}
          onClick={() => go({ tab: t })}
        >
          {NAMES[t]}
        </button>
      ))}
    </nav>
  );
}
