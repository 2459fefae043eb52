import { join } from "node:path";
import { VIEW_VERSION, type ViewIndex } from "../explore/format.ts";
import { compareAll } from "../study/compare/compare.ts";
import { type Entry, pageEntries } from "./entries.ts";
import type { OpenedStudy } from "./study.ts";

/** Folder of the page in the package. */
const PAGE = join(import.meta.dirname, "../../dist/web");

/**
 * Everything that is served or exported, by its URL from the root: the page, and studies in folders named by their
 * position. It is made once; what is asked for is looked up in it, and no path is ever made of a URL.
 * @throws DataError where the page was not built
 */
export function layoutOf(studies: readonly OpenedStudy[], page = PAGE): Map<string, Entry> {
  const entries = new Map<string, Entry>(pageEntries(page));
  const index: ViewIndex = { version: VIEW_VERSION, studies: studies.map(({ about }) => about) };
  entries.set("data/index.json", { text: JSON.stringify(index) });
  studies.forEach((study, i) => {
    for (const [name, entry] of study.entries) entries.set(`data/${i}/${name}`, entry);
  });
  entries.set("data/compare.json", { make: once(() => comparisons(studies)) });
  return entries;
}

/** Every two encoders of the studies, compared. */
async function comparisons(studies: readonly OpenedStudy[]): Promise<string> {
  return JSON.stringify(await compareAll(studies.map(({ path }) => path)));
}

/** What is made once, when it is first asked for, and again after it failed. */
function once(make: () => Promise<string>): () => Promise<string> {
  let made: Promise<string> | undefined;
  return () => {
    made ??= make();
    made.catch(() => {
      made = undefined;
    });
    return made;
  };
}
