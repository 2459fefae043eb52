import { z } from "zod";
import { checkJson, readJson } from "../../files/json.ts";

const path = z.string().min(1);

/** `view/sources.json`: where cells and encoders of a study lie, from its folder. It is of one machine, and no result. */
const schema = z.strictObject({
  cells: path,
  /** SHA-256 of the masks; null where there are none, or it was not noted. */
  masks: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable()
    .default(null),
  /** By encoder name: a path, or the name of one that comes with cellswap; null for features that were made elsewhere. */
  encoders: z.record(z.string(), path.nullable()),
});
export type ViewSources = Readonly<z.infer<typeof schema>>;

/** Reads `view/sources.json`. @throws DataError naming the key that is wrong */
export function readSources(path: string): ViewSources {
  const json = readJson(path, {
    what: "a note of where cells and encoders are",
    remedy: "run the study again with `cellswap run`: nothing is computed twice",
  });
  return checkJson(schema, json, path);
}
