import { RemoteFeatures } from "../features/remote.ts";
import { makeFolder, writeError } from "../files/atomic.ts";
import { sha256File } from "../files/hash.ts";
import { takeLock } from "../files/lock.ts";
import type { StudyLayout } from "./layout.ts";
import { nameIn } from "./open-folder.ts";
import { isOwnFeature, ownFeatures } from "./own-files.ts";
import type { StudyRecord } from "./record.ts";
import type { Study } from "./schema.ts";

/** What the record says of the features of a study in a folder `features`. */
export function featuresOf(
  study: string,
  features: string,
  bases: readonly string[],
): StudyRecord["features"] {
  return {
    folder: nameIn(study, features),
    parts: Object.fromEntries(
      [...new Set(bases)].sort().map((base) => [nameIn(features, base), sha256File(`${base}.sums.npy`)]),
    ),
  };
}

/**
 * Runs `work` on the folder of the features; one that studies share is locked meanwhile. Of features in an object store
 * it is that of the study: what the store has is fetched before, and what is made is sent there.
 * @throws InterruptedError after `signal`, where they are fetched or sent
 */
export async function withFeatures<T>(
  study: Pick<Study, "features" | "remoteFeatures"> & { readonly signal?: AbortSignal | undefined },
  layout: StudyLayout,
  work: (folder: string, shared: boolean) => Promise<T>,
): Promise<T> {
  if (study.remoteFeatures !== undefined) {
    const remote = new RemoteFeatures(study.remoteFeatures, layout.features, isOwnFeature, {
      signal: study.signal,
    });
    await remote.fetch();
    const result = await work(layout.features, false);
    await remote.send();
    return result;
  }
  if (study.features === undefined) return work(layout.features, false);
  try {
    makeFolder(study.features);
  } catch (cause) {
    throw writeError(study.features, cause);
  }
  const lock = takeLock(study.features);
  try {
    ownFeatures(study.features);
    return await work(study.features, true);
  } finally {
    lock.release();
  }
}
