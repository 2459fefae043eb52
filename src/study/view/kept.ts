import { basename } from "node:path";
import { z } from "zod";
import { viewMapSchema } from "../../explore/format.ts";
import { shortHash } from "../../features/key.ts";
import { sha256File } from "../../files/hash.ts";
import { segmentsOf } from "../../swap/segments.ts";
import { keep, readKept } from "../kept.ts";
import type { ViewFile } from "../layout.ts";
import { isFile } from "../open-folder.ts";
import { type EncoderView, type WrittenEncoder, writeComposites } from "./composites.ts";
import type { ViewRequest } from "./tables.ts";

/** Raised whenever the same features and predictions give other files. */
const VIEW_TABLES_VERSION = 2;

const KEPT = z.strictObject({
  /** Hashes by file name. */
  files: z.record(z.string(), z.string()),
  map: viewMapSchema.nullable(),
});
type Kept = z.infer<typeof KEPT>;

/** {@link writeComposites}, unless an earlier run wrote the same and it is as it was left. */
export function keptComposites(request: ViewRequest, encoder: EncoderView): WrittenEncoder {
  const { layout, name, set, mapped, predictions } = encoder;
  const { plan, selection } = request;
  const path = layout.stage("view", name);
  const key = shortHash({
    version: VIEW_TABLES_VERSION,
    classes: selection.classes,
    cells: selection.rows.map((rows) => shortHash(new Uint8Array(rows.slice().buffer))),
    mapped,
    features: segmentsOf(plan).map(({ setting, background, start, end }) => [
      setting,
      background,
      shortHash(new Uint8Array(plan.cell.slice(start, end).buffer)),
      set?.key(
        plan,
        Int32Array.from({ length: end - start }, (_, i) => start + i),
      ) ?? null,
    ]),
    predictions: predictions && sha256File(layout.stage("transfer", name)),
  });
  const found = readKept<Kept>(path, key, KEPT);
  const file = (own: string) => layout.view(own as ViewFile, name);
  if (found !== undefined && Object.entries(found.files).every(([own, hash]) => isFile(file(own), hash)))
    return { files: [...Object.keys(found.files).map(file), path], map: found.map };
  const { files, map } = writeComposites(request, encoder);
  keep<Kept>(path, key, {
    files: Object.fromEntries(files.map((path) => [basename(path), sha256File(path)])),
    map,
  });
  return { files: [...files, path], map };
}
