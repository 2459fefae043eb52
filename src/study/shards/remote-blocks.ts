import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DataError, StudyError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/atomic.ts";
import type { AskOptions } from "../../files/objects/client.ts";
import { stoppedWaiting } from "../../files/objects/faults.ts";
import { type Place, parsePlace, placePath, within } from "../../files/objects/place.ts";
import { listObjects, readRange, together } from "../../files/objects/read.ts";
import { putObject } from "../../files/objects/write.ts";
import { openSealed } from "../../files/sealed.ts";
import { beginsKept } from "../kept.ts";
import type { Shards } from "./file.ts";

type Block = Shards["blocks"][number];

/** Where blocks lie below the features, and what they are called by their key. */
const FOLDER = "blocks";
const nameOf = (key: string) => `${key}.json`;

/** Bytes of a block that is none of ours. */
const MOST = 1 << 30;

/**
 * Blocks of probes beside features in an object store, each under its key, which says what it was fitted on: shards look
 * for theirs before they fit them, and send them when they are whole.
 */
export class RemoteBlocks {
  readonly #place: Place;
  readonly #study: string;
  readonly #options: AskOptions;

  /** @param url where the features are, `s3://BUCKET/KEY` @param study study folder of this machine @param options as of `RemoteFeatures` */
  constructor(url: string, study: string, options: AskOptions = {}) {
    this.#place = within(parsePlace(url), FOLDER);
    this.#study = study;
    this.#options = options;
  }

  /** Keys of the blocks that the store holds. @throws DataError as `ask` */
  async complete(): Promise<Set<string>> {
    const names = [...(await listObjects(this.#place, this.#options)).keys()];
    return new Set(names.flatMap((name) => (name.endsWith(".json") ? [name.slice(0, -".json".length)] : [])));
  }

  /**
   * Brings blocks that the store holds and the study folder lacks into it. @throws DataError naming one that is damaged, or
   * as `ask`
   */
  async fetch(blocks: readonly Block[]): Promise<void> {
    const lacking = blocks.filter(({ file, key }) => !beginsKept(join(this.#study, file), key));
    if (lacking.length === 0) return;
    const there = await listObjects(this.#place, this.#options);
    await together(lacking, async ({ file, key }) => {
      const object = there.get(nameOf(key));
      if (object === undefined) return;
      this.#checkGoing();
      const path = placePath(object.place);
      const bytes =
        object.size > MOST ? new Uint8Array() : await readRange(object, 0, object.size, this.#options);
      if (openSealed(bytes)?.key !== key)
        throw new DataError("is damaged; remove this object, and its shard of probes fits it again", {
          path,
        });
      writeFileAtomic(join(this.#study, file), bytes, false);
    });
  }

  /** Sends blocks that the study folder holds and the store lacks; one that is there stays. @throws DataError as `ask` */
  async send(blocks: readonly Block[]): Promise<void> {
    const own = blocks.filter(({ file, key }) => beginsKept(join(this.#study, file), key));
    if (own.length === 0) return;
    const there = await this.complete();
    await together(
      own.filter(({ key }) => !there.has(key)),
      (block) => this.sendOne(block),
    );
  }

  /** Sends a block of the study folder, unless it is of another key; one that is there stays. */
  async sendOne({ file, key }: Block): Promise<void> {
    this.#checkGoing();
    const path = join(this.#study, file);
    if (!beginsKept(path, key)) return;
    const bytes = readFileSync(path);
    if (openSealed(bytes)?.key !== key)
      throw new StudyError("is damaged; remove it, and run the same command again", { path });
    await putObject(within(this.#place, nameOf(key)), bytes, this.#options);
  }

  #checkGoing(): void {
    if (this.#options.signal?.aborted) throw stoppedWaiting();
  }
}

/** The blocks of a study whose features are in an object store; null of another. @param signal ends what they do */
export function remoteBlocks(
  study: string,
  { remote }: Pick<Shards, "remote">,
  signal?: AbortSignal,
): RemoteBlocks | null {
  return remote === undefined ? null : new RemoteBlocks(remote, study, { signal });
}
