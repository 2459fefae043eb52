import { use, useCallback, useEffect, useState } from "react";
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
import { CONTENT, HAS } from "./tabs/content.ts";

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
  const [shown, setShown] = useState(false);
  const onShown = useCallback(() => setShown(true), []);
  useEffect(() => {
    document.title = `${NAMES[tab]} - ${study.about.title} - cellswap`;
  }, [study, tab]);
  return (
    <div className="layout">
      <header className="head">
        <h1>{study.about.title}</h1>
        <p>
          {study.about.composites.toLocaleString("en")} composites;{" "}
          {study.about.crops.count.toLocaleString("en")} cells in the store; {study.about.classes.length}{" "}
          classes
        </p>
        <Keys />
        <ThemeChoice />
      </header>
      {/* Parts that scroll take the focus, so that keys can scroll them. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <aside className="left" aria-label="Filters" tabIndex={0}>
        <Guarded what="the filters">
          {/* They count all composites, which not every tab reads: the tab comes first. */}
          {shown ? <Filters /> : null}
        </Guarded>
      </aside>
      <main className="middle">
        <Tabs />
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
        <section id="content" aria-label={NAMES[tab]} tabIndex={0}>
          <Guarded what={NAMES[tab]} again={`${tab} ${encoder} ${study.base}`} onShown={onShown}>
            <Content />
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
  return TABS.filter((t) => t === tab || has(t));
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
