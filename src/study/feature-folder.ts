import { lackingParts } from "../features/lookup.ts";
import { RemoteFeatures } from "../features/remote.ts";
import { makeFolder, writeError } from "../files/atomic.ts";
import { sha256File } from "../files/hash.ts";
import { takeLock } from "../files/lock.ts";
import type { StudyLayout } from "./layout.ts";
import { nameIn } from "./open-folder.ts";
import { isOwnFeature, ownFeatures } from "./own-files.ts";
import type { PreparedStudy } from "./prepare.ts";
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

/** Features of a study, and of what is in an object store what is wanted. */
export interface WantedFeatures extends Pick<Study, "features" | "remoteFeatures"> {
  /** Gives the beginnings of the names of parts that are fetched; all are by default. */
  readonly wanted?: () => readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** How the names of parts begin that the composites of a study may need and its folder lacks. */
export function partsOfStudy(
  { store, plan, scales, study, targets, files }: PreparedStudy,
  { features: folder }: StudyLayout,
): string[] {
  const made = { store, plan, scales, composite: study.composite, encoders: targets, folder };
  return [...lackingParts(made), ...files.map(({ given }) => `${given.name}/`)];
}

/** The same of its remedies and variants, which are known by the output that they are of alone. */
export function partsBeside({ study, targets }: Pick<PreparedStudy, "study" | "targets">): string[] {
  const { remedies = [], sensitivity = [] } = study;
  if (remedies.length + sensitivity.length === 0) return [];
  return targets.flatMap(({ names }) => names.map((name) => `${name}+`));
}

/**
 * Runs `work` on the folder of the features; one that studies share is locked meanwhile. Of features in an object store
 * it is that of the study: what the store has of what is wanted is fetched before, and what is made is sent there.
 * @throws InterruptedError after `signal`, where they are fetched or sent
 */
export async function withFeatures<T>(
  study: WantedFeatures,
  layout: StudyLayout,
  work: (folder: string, shared: boolean) => Promise<T>,
): Promise<T> {
  if (study.remoteFeatures !== undefined) {
    const remote = new RemoteFeatures(study.remoteFeatures, layout.features, isOwnFeature, {
      signal: study.signal,
    });
    const wanted = study.wanted?.() ?? [""];
    if (wanted.length > 0) await remote.fetch((part) => wanted.some((begin) => part.startsWith(begin)));
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
