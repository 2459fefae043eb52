import { existsSync } from "node:fs";
import { join } from "node:path";
import { sharedBytes } from "../../core/share.ts";
import { checkRoom } from "../../files/objects/download.ts";
import { type Place, parsePlace, placePath, within } from "../../files/objects/place.ts";
import { listObjects, type ObjectState } from "../../files/objects/read.ts";
import type { CheckOptions } from "../checked.ts";
import { isPacked, parseHeader, type StoreHeader } from "../header.ts";
import { bytesOf, packedName } from "../zarr/store.ts";
import { alone } from "./admit.ts";
import { cachedStore, fetchInto, ROOM, readHeaderObject } from "./fetch.ts";
import { HeldRows } from "./held-rows.ts";
import { openNpy, openZarr, type RemoteArray } from "./remote-array.ts";

/** Cells of a store whose crops, and whose masks, are on this machine: 1 for each that is, in memory that threads share. */
export interface HeldCells {
  readonly crops: Uint8Array;
  readonly masks: Uint8Array;
}

/** Cells whose crops, and whose masks, are wanted: 1 for each; undefined for none. */
export interface WantedCells {
  readonly crops?: Uint8Array | undefined;
  readonly masks?: Uint8Array | undefined;
}

/** Share of the cells from which on all files are fetched, each as a whole and held to its hash. */
const MOST = 0.5;

interface HeldArray {
  readonly remote: RemoteArray;
  readonly rows: HeldRows;
  readonly rowBytes: number;
}

/**
 * The cells of a store in an object store that one machine works on: crops and masks of some, in files with holes in the
 * cache of this machine. Metadata and verdicts are there whole, held to their hashes. A row of a `.npy` file is not held to
 * one: it is read of the object, unchanged, of which `cellswap copy` noted the hash that the header has. Rows of Zarr
 * arrays are held to the CRC-32C of their chunk.
 */
export class RemoteRows {
  /** Folder with the files of the store, those of crops and masks with holes. */
  readonly folder: string;
  readonly held: HeldCells;
  readonly #path: string;
  readonly #arrays: Readonly<Partial<Record<keyof HeldCells, HeldArray>>>;

  private constructor(
    folder: string,
    path: string,
    count: number,
    arrays: Partial<Record<keyof HeldCells, HeldArray>>,
  ) {
    this.folder = folder;
    this.#path = path;
    this.#arrays = arrays;
    const none = () => new Uint8Array(sharedBytes(count));
    this.held = { crops: none(), masks: none() };
  }

  /**
   * Opens a store without its pixels. Null where it is to be fetched as a whole: nothing says that its parts are what its
   * header says, or this machine has all of it already.
   * @throws DataError naming what is missing or refused; InterruptedError after `signal`
   */
  static async open(url: string, options: CheckOptions = {}): Promise<RemoteRows | null> {
    const place = parsePlace(url);
    const { signal } = options;
    let bytes = await readHeaderObject(place, options);
    const header = parseHeader(bytes, placePath(within(place, "cells.json")));
    let objects: Map<string, ObjectState> | undefined;
    if (isPacked(header)) {
      objects = await listObjects(place, { signal });
      // Of another store that was put there meanwhile, the list would be that of the one before.
      bytes = await readHeaderObject(place, options);
      if (parseHeader(bytes, placePath(place)).sum !== header.sum || isNewer(objects, header)) return null;
    }
    const whole = cachedStore(place, bytes);
    if (Object.keys(header.hashes).every((name) => existsSync(join(whole, name)))) return null;
    const folder = `${whole}.rows`;
    const arrays: Partial<Record<keyof HeldCells, HeldArray>> = {};
    for (const [kind, name] of Object.entries(NAMES) as [keyof HeldCells, string][]) {
      if (header.hashes[name] === undefined) continue;
      const opened = await openArray(place, header, name, objects, signal);
      if (opened === null) return null;
      const { remote, ...own } = opened;
      arrays[kind] = { remote, rowBytes: own.rowBytes, rows: heldRows(folder, name, own) };
    }
    await fetchInto(place, bytes, folder, { ...options, only: (name) => !isPixels(name) });
    await alone(folder, signal, async () => {
      for (const { rows } of Object.values(arrays)) rows.begin();
    });
    return new RemoteRows(folder, placePath(place), header.count, arrays);
  }

  /**
   * Brings crops and masks of the cells that are wanted to this machine; what an earlier process brought is there. Processes
   * of one machine wait for each other.
   * @returns false where so many cells are wanted that all files are to be fetched: nothing was then
   * @throws DataError where an object was changed or is damaged, or the disk is full; InterruptedError after `signal`
   */
  async hold(wanted: WantedCells, { signal, onProgress }: CheckOptions = {}): Promise<boolean> {
    let enough = true;
    try {
      await alone(this.folder, signal, async () => {
        const lacking = new Map<HeldArray, { cells: Uint8Array; held: Uint8Array }>();
        let [total, room, done] = [0, 0, 0];
        for (const kind of Object.keys(this.#arrays) as (keyof HeldCells)[]) {
          const array = this.#arrays[kind]!;
          const cells = wanted[kind];
          const held = this.held[kind];
          if (cells === undefined) continue;
          await array.rows.find(cells, held);
          const own = cells.map((one, cell) => (one === 1 && held[cell] === 0 ? 1 : 0));
          const { bytes, rows } = array.remote.reach(own);
          const share = bytes / array.remote.bytes + mean(held);
          if (kind === "crops" && share > MOST) enough = false;
          total += bytes;
          room += rows * array.rowBytes;
          lacking.set(array, { cells: own, held });
        }
        if (!enough) return;
        checkRoom(this.folder, room, `what is needed of ${this.#path}`, ROOM);
        const onBytes = (bytes: number) => onProgress?.((done += bytes), Math.max(done, Math.round(total)));
        for (const [{ remote, rows }, { cells, held }] of lacking)
          await remote.read(cells, (row, values) => rows.put(row, values, held), { signal, onBytes });
      });
    } finally {
      for (const { rows } of Object.values(this.#arrays)) rows.close();
    }
    return enough;
  }
}

const NAMES: Readonly<Record<keyof HeldCells, string>> = { crops: "crops.npy", masks: "masks.npy" };

/** Whether a file of a store holds crops or masks. */
export const isPixels = (name: string) => Object.values(NAMES).includes(name);

interface ArrayShape {
  readonly type: NonNullable<StoreHeader["type"]> | "uint8";
  readonly shape: readonly number[];
  readonly rowBytes: number;
}

function shapeOf(header: StoreHeader, name: string): ArrayShape {
  const { count, channels, height, width, type = "float32" } = header;
  const rowBytes = bytesOf({ ...header, count: 1 }, name)!;
  return name === NAMES.masks
    ? { type: "uint8", shape: [count, height, width], rowBytes }
    : { type, shape: [count, channels.length, height, width], rowBytes };
}

async function openArray(
  place: Place,
  header: StoreHeader,
  name: string,
  objects: ReadonlyMap<string, ObjectState> | undefined,
  signal: AbortSignal | undefined,
): Promise<(ArrayShape & { readonly remote: RemoteArray }) | null> {
  const own = shapeOf(header, name);
  const { count } = header;
  const remote =
    objects === undefined
      ? await openNpy(within(place, name), { ...own, count, sha256: header.hashes[name] }, signal)
      : await openZarr(place, objects, packedName(name)!, own, signal);
  return remote === null ? null : { ...own, remote };
}

const heldRows = (folder: string, name: string, { type, shape, rowBytes }: ArrayShape) =>
  new HeldRows(join(folder, name), type, shape, rowBytes);

/**
 * Whether a file of a packed store was put there after its header, which is put last: of another store, or mended by hand.
 * What else lies there is none of it.
 */
function isNewer(objects: ReadonlyMap<string, ObjectState>, { hashes }: StoreHeader): boolean {
  const at = objects.get("cells.json")?.modified;
  if (at === undefined) return true;
  const names = Object.keys(hashes).map((name) => packedName(name) ?? name);
  return [...objects].some(
    ([own, { modified = Number.POSITIVE_INFINITY }]) =>
      modified > at && names.some((name) => own === name || own.startsWith(`${name}/`)),
  );
}

const mean = (held: Uint8Array) => held.reduce((sum, one) => sum + one, 0) / Math.max(1, held.length);
