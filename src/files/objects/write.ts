import { closeSync, fstatSync, openSync } from "node:fs";
import { readNpy } from "../npy.ts";
import { type AskOptions, ask } from "./client.ts";
import { isUnmet, isUploadGone, uploadKeepsFailing } from "./faults.ts";
import type { Place } from "./place.ts";
import { objectState, together } from "./read.ts";

/** Bytes of a part of a large object: 10,000 parts, the most that there may be, make 160 GB; larger ones have larger parts. */
const PART = 1 << 24;
const MOST_PARTS = 10_000;
/** How often a large object is begun anew whose end met another upload of it. */
const UPLOADS = 4;

export interface PutOptions extends AskOptions {
  /** Whether an object that is there already is replaced; else it stays. */
  readonly replace?: boolean;
  /** SHA-256 of the content, noted beside the object. */
  readonly sha256?: string | undefined;
  /** Called with the bytes that were sent since the last call. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * Puts bytes where no object is, or with `replace` in any case; it appears whole or not at all.
 * @returns false where an object stands there and stays @throws DataError as {@link ask}
 */
export async function putObject(place: Place, bytes: Uint8Array, options: PutOptions = {}): Promise<boolean> {
  const { replace = false, sha256, onBytes } = options;
  try {
    await ask(
      place,
      "s3:PutObject",
      (client, { PutObjectCommand }, own) =>
        client.send(
          new PutObjectCommand({
            Bucket: place.bucket,
            Key: place.key,
            Body: bytes,
            ContentLength: bytes.length,
            ...noted(sha256),
            ...(replace ? {} : { IfNoneMatch: "*" }),
          }),
          own,
        ),
      { ...options, expected: isUnmet },
    );
  } catch (error) {
    if (isUnmet(error) && !replace) return false;
    throw error;
  }
  onBytes?.(bytes.length);
  return true;
}

/**
 * As {@link putObject}, of a file: large ones in parts side by side, which become an object when all are there.
 * Parts of one that could not be finished are removed.
 */
export async function putFile(place: Place, path: string, options: PutOptions = {}): Promise<boolean> {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const read = (start: number, end: number) => {
      const bytes = new Uint8Array(end - start);
      readNpy(file, bytes, start, path);
      return bytes;
    };
    if (size <= PART) return await putObject(place, read(0, size), options);
    return await putLarge(place, size, read, options);
  } finally {
    closeSync(file);
  }
}

const noted = (sha256: string | undefined) => (sha256 === undefined ? {} : { Metadata: { sha256 } });

/**
 * Puts a large object in parts. Where the end of it is refused, as another upload of the object ended at that moment, or
 * is not heard of, the object is looked at: one that will do stays, else the upload is begun anew.
 */
async function putLarge(
  place: Place,
  size: number,
  read: (start: number, end: number) => Uint8Array,
  options: PutOptions,
): Promise<boolean> {
  const { replace = false, sha256, onBytes, signal } = options;
  let told = 0;
  for (let upload = 1; ; upload++) {
    let sent = 0;
    // Of parts that are sent again nothing is told.
    const onPart = (bytes: number) => {
      sent += bytes;
      if (sent > told) onBytes?.(sent - told);
      told = Math.max(told, sent);
    };
    try {
      return await putParts(place, size, read, { ...options, onBytes: onPart });
    } catch (error) {
      if (isUnmet(error) && !replace) return false;
      if (!isUploadGone(error)) throw error;
      const there = await objectState(place, { signal });
      if (there?.size === size && sha256 !== undefined && there.sha256 === sha256) return true;
      if (there !== null && !replace) return false;
      if (upload === UPLOADS) throw uploadKeepsFailing(place);
    }
  }
}

/** Puts an object in parts once. @throws as {@link ask}, what says that it stands or was put by another as it is */
async function putParts(
  { bucket, key }: Place,
  size: number,
  read: (start: number, end: number) => Uint8Array,
  options: PutOptions,
): Promise<true> {
  const { replace = false, onBytes } = options;
  const place = { bucket, key };
  const object = { Bucket: bucket, Key: key };
  const part = Math.max(PART, Math.ceil(size / MOST_PARTS));
  const { UploadId } = await ask(
    place,
    "s3:PutObject",
    (client, { CreateMultipartUploadCommand }, own) =>
      client.send(new CreateMultipartUploadCommand({ ...object, ...noted(options.sha256) }), own),
    options,
  );
  const parts: { PartNumber: number; ETag: string | undefined }[] = [];
  try {
    const numbers = Array.from({ length: Math.ceil(size / part) }, (_, p) => p);
    await together(numbers, async (p) => {
      const bytes = read(p * part, Math.min(size, (p + 1) * part));
      const { ETag } = await ask(
        place,
        "s3:PutObject",
        (client, { UploadPartCommand }, own) =>
          client.send(
            new UploadPartCommand({
              ...object,
              UploadId,
              PartNumber: p + 1,
              Body: bytes,
              ContentLength: bytes.length,
            }),
            own,
          ),
        options,
      );
      parts[p] = { PartNumber: p + 1, ETag };
      onBytes?.(bytes.length);
    });
    await ask(
      place,
      "s3:PutObject",
      (client, { CompleteMultipartUploadCommand }, own) =>
        client.send(
          new CompleteMultipartUploadCommand({
            ...object,
            UploadId,
            MultipartUpload: { Parts: parts },
            ...(replace ? {} : { IfNoneMatch: "*" }),
          }),
          own,
        ),
      { ...options, expected: (error) => isUnmet(error) || isUploadGone(error) },
    );
    return true;
  } catch (error) {
    await ask(place, "s3:PutObject", (client, { AbortMultipartUploadCommand }) =>
      client.send(new AbortMultipartUploadCommand({ ...object, UploadId })),
    ).catch(() => {});
    throw error;
  }
}

/** Removes an object; one that is not there is no fault. @throws DataError as {@link ask} */
export async function removeObject(place: Place, options: AskOptions = {}): Promise<void> {
  await ask(
    place,
    "s3:DeleteObject",
    (client, { DeleteObjectCommand }, own) =>
      client.send(new DeleteObjectCommand({ Bucket: place.bucket, Key: place.key }), own),
    options,
  );
}
