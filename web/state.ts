import { createContext, useContext, useSyncExternalStore } from "react";
import { formatState, parseState, type ViewState } from "../src/explore/url.ts";
import type { StudyData } from "./data/study.ts";

const listeners = new Set<() => void>();
let current = parseState(location.search);

addEventListener("popstate", () => {
  current = parseState(location.search);
  for (const listener of listeners) listener();
});

/** Changes what the page shows, and its address; a new entry of the history unless it is only typed or stepped through. */
export function go(change: Partial<ViewState>, { replace = false }: { replace?: boolean } = {}): void {
  current = { ...current, ...change };
  const address = `${location.pathname}${formatState(current)}${location.hash}`;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  for (const listener of listeners) listener();
}

/** What the page shows. */
export function useView(): ViewState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}

/** The view outside of a component. */
export const viewNow = (): ViewState => current;

export const StudiesContext = createContext<readonly StudyData[]>([]);

/** The study that is looked at, and the name of its encoder. */
export function useStudy(): { study: StudyData; encoder: string } {
  const studies = useContext(StudiesContext);
  const { study: at, encoder } = useView();
  const study = studies[at] ?? studies[0];
  const { encoders } = study.about;
  return { study, encoder: (encoders.find((e) => e.name === encoder) ?? encoders[0]).name };
}
