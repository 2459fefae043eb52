import { existsSync, lstatSync, readdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../errors.ts";
import { commitFolder, refuseLink, writeError, writeFileAtomic } from "../files/atomic.ts";
import { sha256File } from "../files/hash.ts";
import { takeLock } from "../files/lock.ts";
import { commitStaged, removeStaged, rollForward, stagedPath } from "../files/replace.ts";
import type { MaskKind } from "../types.ts";
import { renewIndex } from "./checked.ts";
import { headerText, isCellStore, readHeader, type StoreHeader, sealed, unusualDiameter } from "./header.ts";
import { type Quality, writeQuality } from "./quality.ts";

const HEADER = "cells.json";

/** Picture of the masks, for the eye: it is written with them and is in no header. */
export const CONTACT_SHEET = "contact-sheet.png";

/** Files that stores have, or had before their headers listed all: a new store takes their place or removes them. */
const OWN = [
  ...["crops.npy", "metadata.parquet", "masks.npy", "quality.csv", "left-out.csv", CONTACT_SHEET],
  ...["truth.csv", "proteins.csv", "nuclei.npy"],
];

/** Masks of a segmentation that was stopped. */
const BEGUN = /^masks\.npy\.(filling|sums)-[0-9a-f]+$/;

/** Files that go with the masks. */
const MASKS = ["masks.npy", "quality.csv", CONTACT_SHEET];

/** A store as a folder whose files are replaced by its header. Its check sum says that what it stages is ours. */
function folderOf(path: string) {
  return {
    path,
    header: HEADER,
    owns: (name: string) => name !== HEADER,
    text: (header: object) => headerText(sealed(header as StoreHeader)),
  };
}

/** @throws DataError where something stands at `path` that is neither a cell store nor an empty folder, or that is in the way */
export function checkReplaceable(path: string): void {
  const there = existsSync(path);
  try {
    if (!there) refuseLink(path);
  } catch (cause) {
    throw writeError(path, cause);
  }
  if (!there) return;
  if (!statSync(path).isDirectory()) throw new DataError("is a file; choose another --out", { path });
  if (readdirSync(path).length === 0) return;
  if (!isCellStore(path))
    throw new DataError("is there already and is not a cell store; choose another --out or remove it", {
      path,
    });
  checkInTheWay(path, [HEADER, ...OWN, ...namesIn(path)]);
}

/** @throws DataError for a link or a folder of the user's among the files that are replaced */
function checkInTheWay(path: string, names: readonly string[]): void {
  for (const name of names) {
    const file = join(path, name);
    refuseLink(file);
    const there = lstatSync(file, { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile())
      throw new DataError("is in the way, as the store has a file of this name; move it elsewhere", {
        path: file,
      });
  }
}

/** Names of files in the header of a store of any version, as far as it can be read. */
function namesIn(path: string): string[] {
  const { hashes, staged } = JSON.parse(readFileSync(join(path, HEADER), "utf8")) as Record<string, unknown>;
  // Only a header that holds is believed in what it has to move and to remove.
  if (staged !== undefined) readHeader(path);
  const names = hashes !== null && typeof hashes === "object" ? Object.keys(hashes) : [];
  return names.filter((name) => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) && name !== HEADER);
}

/**
 * Puts a finished store, the folder `finished` on the same disk with its `cells.json`, to `path`: where nothing stands
 * as a whole, in the place of an older one file by file, so that the user's own files stay. At every moment, also after
 * a kill or a power cut, the old or the new store stands there.
 */
export function commitStore(finished: string, path: string, header: StoreHeader): void {
  checkReplaceable(path);
  if (!existsSync(path) || readdirSync(path).length === 0) {
    commitFolder(finished, path);
    return;
  }
  const names = Object.keys(header.hashes);
  const begun = readdirSync(path).filter((name) => BEGUN.test(name));
  const removed = [...new Set([...OWN, ...namesIn(path), ...begun])].filter((name) => !names.includes(name));
  checkInTheWay(path, names);
  const folder = folderOf(path);
  // A segmentation of the older store ends first.
  const lock = takeLock(path);
  try {
    rollForward(folder);
    for (const name of names) renameSync(join(finished, name), stagedPath(path, name));
    commitStaged(folder, header, names, removed);
  } catch (cause) {
    discardStaged(path);
    throw writeError(path, cause);
  } finally {
    lock.release();
  }
}

/** Removes the files that this process staged in a store, unless they are committed already. */
export function discardStaged(path: string): void {
  removeStaged(folderOf(path));
}

/**
 * Makes a store ready for new masks: ends what an earlier process had committed.
 * @returns where `masks.npy` is to be written until {@link replaceMasks} or {@link discardStaged}
 * @throws DataError where a link or a folder is in the way
 */
export function stageMasks(path: string): string {
  readHeader(path);
  checkInTheWay(path, [HEADER, ...MASKS]);
  rollForward(folderOf(path));
  return stagedPath(path, "masks.npy");
}

/** New masks of a store, and what is known of them. */
export interface NewMasks {
  readonly quality: Quality;
  readonly kind: MaskKind;
  readonly source: string;
  /** Diameter of the cells, px. */
  readonly diameter: number;
  /** PNG that shows them. */
  readonly contactSheet?: Uint8Array;
}

/**
 * Puts new masks, complete where {@link stageMasks} said, with their quality and picture into a store, all at once: at
 * every moment, also after a kill or a power cut, it has the old masks or the new ones.
 */
export function replaceMasks(path: string, masks: NewMasks): StoreHeader {
  const { quality, kind, source, diameter, contactSheet } = masks;
  const before = readHeader(path);
  const { diameter: _, sum: __, ...old } = before;
  writeQuality(stagedPath(path, "quality.csv"), quality);
  const hashes = Object.fromEntries(
    ["masks.npy", "quality.csv"].map((name) => [name, sha256File(stagedPath(path, name))]),
  );
  if (contactSheet !== undefined) writeFileAtomic(stagedPath(path, CONTACT_SHEET), contactSheet);
  const header = sealed({
    ...old,
    ...unusualDiameter(old, diameter),
    masks: kind,
    maskSource: source,
    hashes: { ...old.hashes, ...hashes },
  });
  const names = [...Object.keys(hashes), ...(contactSheet === undefined ? [] : [CONTACT_SHEET])];
  commitStaged(folderOf(path), header, names);
  renewIndex(path, before, header);
  return header;
}
