import { useSyncExternalStore } from "react";
import { formatList, parseList } from "../src/explore/list.ts";

const listeners = new Set<() => void>();
let ids: readonly string[] = parseList(location.hash);

const tell = () => {
  for (const listener of listeners) listener();
};
addEventListener("popstate", () => {
  ids = parseList(location.hash);
  tell();
});

/** Ids of the cells on the list. It is part of the address. */
export function useList(): readonly string[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => ids,
  );
}

export function setList(next: readonly string[]): void {
  ids = next;
  history.replaceState(null, "", `${location.pathname}${location.search}${formatList(ids)}`);
  tell();
}

/** Adds a cell, or takes it off where it is on the list. */
export function toggleListed(id: string): void {
  setList(ids.includes(id) ? ids.filter((other) => other !== id) : [...ids, id]);
}
