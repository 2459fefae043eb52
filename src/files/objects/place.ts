import { StudyError } from "../../errors.ts";

/** An object, or what stands under a prefix, in a bucket of an S3-compatible store. */
export interface Place {
  readonly bucket: string;
  /** Key without a slash at its beginning and end; empty for the whole bucket. */
  readonly key: string;
}

/** Bucket names as S3 has them; dots and upper case of old ones and of other servers included. */
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/;

/** Whether a path names an object store: `s3://BUCKET/KEY`. */
export function isObjectPath(path: string): boolean {
  return /^s3:\/\//i.test(path);
}

/** Where `s3://BUCKET/KEY` is. @throws StudyError for another text; what may be a secret in it is not shown */
export function parsePlace(path: string): Place {
  const rest = path.slice("s3://".length);
  const [bucket, ...keys] = rest.split("/");
  if (/[@?#:]/.test(bucket))
    throw new StudyError(
      "the bucket of this s3:// path has one of @ ? # :; write s3://BUCKET/KEY, and give credentials by the environment (docs/object-stores.md)",
    );
  if (!BUCKET.test(bucket))
    throw new StudyError("has no bucket of a valid name; write s3://BUCKET/KEY", { path });
  const key = keys.filter((part) => part !== "");
  if (key.some((part) => part === "." || part === ".."))
    throw new StudyError("has a part . or .. in its key; write the key in full", { path });
  return { bucket, key: key.join("/") };
}

/** The path of a place: `s3://BUCKET/KEY`. */
export function placePath({ bucket, key }: Place): string {
  return key === "" ? `s3://${bucket}` : `s3://${bucket}/${key}`;
}

/** The place of `name` below another. */
export function within({ bucket, key }: Place, name: string): Place {
  return { bucket, key: key === "" ? name : `${key}/${name}` };
}
