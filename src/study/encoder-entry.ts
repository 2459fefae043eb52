import { resolve } from "node:path";
import { z } from "zod";
import { encoderPath } from "../encode/bundled.ts";

/** Features that were made elsewhere, in the place of an encoder. */
const GivenEntry = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9._-]+$/, "letters, digits, dot, dash and underscore only")
    .describe("Name in tables and file names."),
  features: z
    .string()
    .min(1)
    .describe("File of features made elsewhere (.npy, .parquet or .h5ad), one row per row of the swap plan."),
  composites: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Folder that `cellswap export composites` made; the study's plan and pixels must still be its. Default: the folder of the features, where it is one.",
    ),
});

/** One of the encoders of a study file. */
export const EncoderEntry = z.union([z.string().min(1), GivenEntry], {
  error:
    'use the path of a description, the name of a bundled encoder or { "name": "mynet", "features": "mynet.npy" }',
});
export type EncoderEntry = z.infer<typeof EncoderEntry>;

/** Fills in paths: of the JSON file of a named encoder, of the features. @param path study file, for messages */
export function resolveEntry(entry: EncoderEntry, where: string, path: string): EncoderEntry {
  if (typeof entry === "string") return encoderPath(entry, where, path);
  const { name, features, composites } = entry;
  return {
    name,
    features: resolve(where, features),
    ...(composites === undefined ? {} : { composites: resolve(where, composites) }),
  };
}
