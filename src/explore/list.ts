/** Key of the address's fragment that holds the list: servers never see it, however long it is. */
const KEY = "list";

/** Ids of the cells on the list, from the fragment of an address (`#list=...`). */
export function parseList(fragment: string): string[] {
  const text = new URLSearchParams(fragment.replace(/^#/, "")).get(KEY) ?? "";
  return [...new Set(text.split("\n").filter((id) => id !== ""))];
}

/** The fragment of a list, an id per line; "" where it is empty. */
export function formatList(ids: readonly string[]): string {
  return ids.length === 0 ? "" : `#${new URLSearchParams({ [KEY]: ids.join("\n") })}`;
}

/** The text that a study takes as its `cellList`: one id per line. */
export const cellListText = (ids: readonly string[]): string => ids.map((id) => `${id}\n`).join("");
