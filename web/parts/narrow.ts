import { useSyncExternalStore } from "react";

const query = matchMedia("(max-width: 1000px)");

/** Whether the page is shown in one column. */
export function useNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      query.addEventListener("change", listener);
      return () => query.removeEventListener("change", listener);
    },
    () => query.matches,
  );
}
