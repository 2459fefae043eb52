import { type AskOptions, ask, CONNECTIONS } from "./client.ts";
import { isNoObject } from "./faults.ts";
import { type Place, within } from "./place.ts";

/** An object as a server has it now. */
export interface ObjectState {
  readonly place: Place;
  /** Bytes. */
  readonly size: number;
  /** Changes with the content. */
  readonly etag: string;
  /** When it was put there, milliseconds by the clock of the server; undefined where it does not say. */
  readonly modified?: number | undefined;
  /** SHA-256 that whoever put it there noted; undefined where nobody did, or in a list. */
  readonly sha256?: string | undefined;
}

/** The state of an object; null where there is none. @throws DataError as {@link ask} */
export async function objectState(place: Place, options: AskOptions = {}): Promise<ObjectState | null> {
  try {
    return await ask(
      place,
      "s3:GetObject",
      async (client, { HeadObjectCommand }, own) => {
        const head = await client.send(new HeadObjectCommand({ Bucket: place.bucket, Key: place.key }), own);
        const sha256 = head.Metadata?.sha256;
        const modified = head.LastModified?.getTime();
        return { place, size: head.ContentLength ?? 0, etag: head.ETag ?? "", modified, sha256 };
      },
      { ...options, expected: isNoObject },
    );
  } catch (error) {
    if (isNoObject(error)) return null;
    throw error;
  }
}

/**
 * Bytes `start` to `end` of an object that is still in the state it had.
 * @throws DataError where it was changed since, or as {@link ask}
 */
export async function readRange(
  { place, etag }: ObjectState,
  start: number,
  end: number,
  options: AskOptions = {},
): Promise<Uint8Array> {
  if (end <= start) return new Uint8Array(0);
  return ask(
    place,
    "s3:GetObject",
    async (client, { GetObjectCommand }, own) => {
      const { Body } = await client.send(
        new GetObjectCommand({
          Bucket: place.bucket,
          Key: place.key,
          Range: `bytes=${start}-${end - 1}`,
          ...(etag === "" ? {} : { IfMatch: etag }),
        }),
        own,
      );
      const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array(0);
      if (bytes.length !== end - start) throw ended();
      return bytes;
    },
    options,
  );
}

/** A small object, as far as `most` bytes. @throws DataError as {@link ask}, what `expected` accepts as it is */
export async function readObject(
  place: Place,
  most: number,
  options: AskOptions & { readonly expected?: (error: unknown) => boolean } = {},
): Promise<Uint8Array> {
  return ask(
    place,
    "s3:GetObject",
    async (client, { GetObjectCommand }, own) => {
      const { Body, ContentLength } = await client.send(
        new GetObjectCommand({ Bucket: place.bucket, Key: place.key, Range: `bytes=0-${most - 1}` }),
        own,
      );
      const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array(0);
      if (bytes.length !== (ContentLength ?? bytes.length)) throw ended();
      return bytes;
    },
    options,
  );
}

/**
 * Objects below a place, by their names there, those left out that are no path below a folder (`../x`); a request lists
 * 1,000. @throws DataError as {@link ask}
 */
export async function listObjects(place: Place, options: AskOptions = {}): Promise<Map<string, ObjectState>> {
  const found = new Map<string, ObjectState>();
  const prefix = place.key === "" ? "" : `${place.key}/`;
  let token: string | undefined;
  do {
    const page = await ask(
      place,
      "s3:ListBucket",
      (client, { ListObjectsV2Command }, own) =>
        client.send(
          new ListObjectsV2Command({
            Bucket: place.bucket,
            Prefix: prefix,
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
          own,
        ),
      options,
    );
    for (const { Key = "", Size = 0, ETag = "", LastModified } of page.Contents ?? [])
      if (Key.startsWith(prefix)) {
        const name = Key.slice(prefix.length);
        // Whoever may write to a bucket must not choose where files come to lie.
        if (isPlain(name))
          found.set(name, {
            place: within(place, name),
            size: Size,
            etag: ETag,
            modified: LastModified?.getTime(),
          });
      }
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
  return found;
}

/** Whether a name leads to a file below the folder that it is joined to. */
export function isPlain(name: string): boolean {
  return (
    !/[\\\0]/.test(name) && name.split("/").every((part) => part !== "" && part !== "." && part !== "..")
  );
}

/** Does `work` for every item, as many at a time as there are connections; the first failure ends it. */
export async function together<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items[Symbol.iterator]();
  let failed = false;
  const one = async () => {
    for (let next = queue.next(); !failed && next.done !== true; next = queue.next())
      await work(next.value).catch((error: unknown) => {
        failed = true;
        throw error;
      });
  };
  const all = await Promise.allSettled(Array.from({ length: CONNECTIONS }, one));
  for (const result of all) if (result.status === "rejected") throw result.reason;
}

/** A body that ended before it was whole. */
const ended = () => Object.assign(new Error("the body ended early"), { name: "IncompleteBody" });
