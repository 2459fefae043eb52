import { z } from "zod";
import { DataError } from "../errors.ts";
import { VIEW_VERSION, type ViewStudy, viewStudySchema } from "../explore/format.ts";
import { checkJson, parseJson, readJson } from "../files/json.ts";

/** Where the cells and the encoders of a study lie, from its folder; encoders by name, null for features made elsewhere. */
export const viewSourcesSchema = z.strictObject({
  cells: z.string().min(1),
  encoders: z.record(z.string(), z.string().min(1).nullable()),
});
export type ViewSources = z.infer<typeof viewSourcesSchema>;

const REMEDY = "run the study again with `cellswap run`: nothing is computed twice";

/** Reads `view/sources.json`. @throws DataError naming what is wrong and the remedy */
export function readSources(path: string): ViewSources {
  return checkJson(viewSourcesSchema, readJson(path, { what: "a list of sources", remedy: REMEDY }), path);
}

/** Reads `view/study.json`, whose bytes were checked. @throws DataError for one of another version, or that is damaged */
export function parseViewStudy(bytes: Uint8Array, path: string): ViewStudy {
  const json = parseJson(bytes, path, { remedy: REMEDY });
  const version = (json as { version?: unknown } | null)?.version;
  if (version !== VIEW_VERSION)
    throw new DataError(
      `is of version ${JSON.stringify(version)?.slice(0, 20)} of the explorer's files, this cellswap reads ${VIEW_VERSION}; ${REMEDY}`,
      { path },
    );
  return checkJson(viewStudySchema, json, path);
}
