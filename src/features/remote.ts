import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../errors.ts";
import { makeFolder, partName, removeLeftParts, writeError } from "../files/atomic.ts";
import type { AskOptions } from "../files/objects/client.ts";
import { checkRoom, fetchFile } from "../files/objects/download.ts";
import { stoppedWaiting } from "../files/objects/faults.ts";
import { type Place, parsePlace, placePath, within } from "../files/objects/place.ts";
import { listObjects, type ObjectState, together } from "../files/objects/read.ts";
import { putFile } from "../files/objects/write.ts";
import { isComplete, readPart } from "./part.ts";

/** Files of a part, in the order in which they are written: the last one makes it complete. */
const ENDINGS = [".rows.npy", ".sums.npy", ".npy"] as const;

/**
 * Features of which an object store holds the parts, and a folder of this machine those that it has needed: parts are
 * looked for in the store before they are made, and sent there when they are whole. An object appears whole or not at
 * all and is put once, so shards that make the same part at once do no harm.
 */
export class RemoteFeatures {
  readonly #place: Place;
  readonly #folder: string;
  readonly #isOwn: (name: string) => boolean;
  readonly #options: AskOptions;
  #sending = Promise.resolve();

  /**
   * @param url `s3://BUCKET/KEY` @param folder of the features on this machine
   * @param isOwn whether runs give a file of features this name; others are let lie
   * @param options `signal` ends what is fetched or sent with an InterruptedError
   */
  constructor(url: string, folder: string, isOwn: (name: string) => boolean, options: AskOptions = {}) {
    this.#place = parsePlace(url);
    this.#folder = folder;
    this.#isOwn = isOwn;
    this.#options = options;
  }

  /** Parts that the store holds whole, `ENCODER/NAME`. @throws DataError as `ask` */
  async complete(): Promise<Set<string>> {
    return new Set((await this.#list()).keys());
  }

  /**
   * Brings parts that the store holds and the folder lacks into it, every row held to its check sum.
   * @param wanted their names, or whether one is wanted; all by default @throws DataError naming an object that is damaged, or as `ask`
   */
  async fetch(wanted: Iterable<string> | ((part: string) => boolean) = () => true): Promise<void> {
    const there = await this.#list();
    const names = typeof wanted === "function" ? [...there.keys()].filter(wanted) : [...wanted];
    const parts = names.flatMap((part) => {
      const objects = there.get(part);
      return objects === undefined || isComplete(join(this.#folder, part)) ? [] : [{ part, objects }];
    });
    if (parts.length === 0) return;
    const bytes = parts.reduce((sum, { objects }) => objects.reduce((n, { size }) => n + size, sum), 0);
    try {
      makeFolder(this.#folder);
    } catch (cause) {
      throw writeError(this.#folder, cause);
    }
    checkRoom(this.#folder, bytes, placePath(this.#place), "choose a study folder on a larger disk");
    await together(parts, async ({ part, objects }) => {
      this.#checkGoing();
      await this.#fetchPart(part, objects);
    });
  }

  /** Sends parts that the folder holds whole and the store lacks. @param wanted all by default @throws DataError as `ask` */
  async send(wanted?: Iterable<string>): Promise<void> {
    const there = await this.#list();
    for (const part of wanted ?? this.#held())
      if (!there.has(part) && isComplete(join(this.#folder, part))) await this.sendPart(part);
  }

  /** Sends one part that is whole; an object that is there already stays. */
  async sendPart(part: string): Promise<void> {
    this.#checkGoing();
    for (const ending of ENDINGS) {
      const name = `${part}${ending}`;
      await putFile(within(this.#place, name), join(this.#folder, name), this.#options);
    }
  }

  /** Sends one part while others are made, after those before it; {@link sent} says how it went. */
  sendSoon(part: string): void {
    this.#sending = this.#sending.then(() => this.sendPart(part));
    this.#sending.catch(() => {});
  }

  /** Resolves once all is sent. @throws what the first sending that failed threw */
  async sent(): Promise<void> {
    await this.#sending;
  }

  #checkGoing(): void {
    if (this.#options.signal?.aborted) throw stoppedWaiting();
  }

  /** The objects of every part that is whole, by its name. */
  async #list(): Promise<Map<string, ObjectState[]>> {
    const all = await listObjects(this.#place, this.#options);
    const parts = new Map<string, ObjectState[]>();
    for (const name of all.keys()) {
      if (!name.endsWith(ENDINGS[0]) || !this.#isOwn(name)) continue;
      const part = name.slice(0, -ENDINGS[0].length);
      const objects = ENDINGS.flatMap((ending) => all.get(`${part}${ending}`) ?? []);
      if (objects.length === ENDINGS.length) parts.set(part, objects);
    }
    return parts;
  }

  /** Parts that the folder holds whole. */
  #held(): string[] {
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) =>
        readdirSync(join(this.#folder, name))
          .filter((file) => file.endsWith(ENDINGS[0]))
          .map((file) => `${name}/${file.slice(0, -ENDINGS[0].length)}`),
      );
  }

  async #fetchPart(part: string, objects: readonly ObjectState[]): Promise<void> {
    const base = join(this.#folder, part);
    const folder = join(base, "..");
    try {
      makeFolder(folder);
      removeLeftParts(folder);
      for (const [i, ending] of ENDINGS.entries()) {
        const partial = partName(`${base}${ending}`);
        await fetchFile(objects[i], partial, this.#options);
        renameSync(partial, `${base}${ending}`);
      }
    } catch (cause) {
      throw writeError(folder, cause);
    }
    const { damage } = readPart(base, null);
    if (damage === null) return;
    for (const ending of ENDINGS) rmSync(`${base}${ending}`, { force: true });
    const path = placePath(within(this.#place, `${part}.npy`));
    throw new DataError(
      `is damaged (${damage.what}), or one of its .rows.npy and .sums.npy is; remove these three objects, and its shard makes them again`,
      { path },
    );
  }
}
