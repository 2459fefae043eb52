import { type Comparison, comparisonSchema } from "../../src/explore/compare.ts";
import { fetchJson, LoadError } from "./fetch.ts";

let known: Promise<Comparison> | undefined;

/** Every two encoders of the studies, compared; made when it is first asked for. */
export function comparison(): Promise<Comparison> {
  known ??= read();
  // What could not be read is asked for again.
  known.catch(() => {
    known = undefined;
  });
  return known;
}

async function read(): Promise<Comparison> {
  const parsed = comparisonSchema.safeParse(await fetchJson("./data/compare.json"));
  if (!parsed.success)
    throw new LoadError("The comparisons are of another version of cellswap; start the explorer again.");
  return parsed.data;
}
