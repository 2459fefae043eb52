import { CellswapError, DataError, InterruptedError } from "../../errors.ts";
import { type Place, placePath } from "./place.ts";

/** What is done to an object, and the permission that it takes. */
export type Deed = "s3:GetObject" | "s3:PutObject" | "s3:DeleteObject" | "s3:ListBucket";

/** What errors of the client and of servers have in common. */
interface Failure {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
  readonly cause?: unknown;
}

const NO_SUCH_KEY = new Set(["NoSuchKey", "NotFound"]);
const STALE = new Set(["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"]);
const REFUSED = new Set([
  "XAdminUserNotFound",
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "InvalidToken",
  "AuthorizationHeaderMalformed",
]);
const UNREACHED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "CERT_HAS_EXPIRED",
]);
const CUT = new Set([
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "TimeoutError",
  "AbortError",
  "RequestTimeout",
  "IncompleteBody",
]);

/** Whether a server says that there is no such object. */
export function isNoObject(error: unknown): boolean {
  return NO_SUCH_KEY.has((error as Failure).name ?? "");
}

/** Whether a condition of a request (`If-Match`, `If-None-Match`) does not hold. */
export function isUnmet(error: unknown): boolean {
  const { name, $metadata } = error as Failure;
  return name === "PreconditionFailed" || $metadata?.httpStatusCode === 412;
}

/** Whether the end of an upload in parts met another upload of the same object, or one that ended unheard: it is begun anew. */
export function isUploadGone(error: unknown): boolean {
  const { name, $metadata } = error as Failure;
  return name === "NoSuchUpload" || $metadata?.httpStatusCode === 409;
}

/** Whether trying again may help: a server that is busy, another that puts the same object just now, a connection that broke. */
export function isPassing(error: unknown): boolean {
  if (error instanceof CellswapError) return false;
  const { name = "", code = "", $metadata } = error as Failure;
  const status = $metadata?.httpStatusCode ?? 0;
  return status === 409 || status === 429 || status >= 500 || CUT.has(name) || CUT.has(code);
}

/**
 * The one line for a request that failed: the bucket and key and the remedy. Nothing of the answer but its code is
 * shown or kept, as answers repeat what was signed, and none of the credentials.
 */
export function objectError(error: unknown, place: Place, deed: Deed): CellswapError {
  if (error instanceof CellswapError) return error;
  const { name = "", code = "", $metadata } = (error ?? {}) as Failure;
  const status = $metadata?.httpStatusCode ?? 0;
  const path = placePath(place);
  const of = (what: string) => new DataError(what, { path });
  if (name === "NoSuchBucket") return of(`there is no bucket ${place.bucket}; check its name and ${SERVER}`);
  if (isNoObject(error)) return of("there is no such object; check the path and the bucket");
  if (isUnmet(error)) return of("was changed while it was in use; run the same command again");
  if (STALE.has(name)) return of(`the credentials have expired (${name}); ${CREDENTIALS}`);
  if (REFUSED.has(name)) return of(`the server refuses the credentials (${name}); ${CREDENTIALS}`);
  if (name === "CredentialsProviderError" || /credential/i.test(name))
    return of(`there are no credentials; ${CREDENTIALS}`);
  if (name === "PermanentRedirect" || [301, 307].includes(status))
    return of("the bucket is in another region; set AWS_REGION to its region");
  if (/region is missing/i.test(String((error as Failure).message)))
    return of("there is no region; set AWS_REGION to that of the bucket");
  if (status === 401 || status === 403 || name === "AccessDenied")
    return of(`the credentials do not allow it (${name || status}); grant ${deed} there, or ${CREDENTIALS}`);
  if (UNREACHED.has(code)) return of(`no server answers (${code}); check the network and ${SERVER}`);
  if (isPassing(error))
    return of(`the server failed again and again (${status || code || name}); run the same command later`);
  return of(
    `the server answers ${word(name || code) || "nothing known"}${status === 0 ? "" : ` (${status})`}; check ${SERVER}`,
  );
}

/** What is said of an object that others put again and again. */
export const uploadKeepsFailing = (place: Place) =>
  new DataError("is put by others at the same time, again and again; run the same command later", {
    path: placePath(place),
  });

/** What a run says that was stopped while it waited for a server. */
export const stoppedWaiting = () => new InterruptedError("stopped while an object store was read or written");

const SERVER = "AWS_ENDPOINT_URL and AWS_REGION";
const CREDENTIALS =
  "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, where they have one, AWS_SESSION_TOKEN, or AWS_PROFILE (docs/object-stores.md)";

/** The name of an error, where it is one word. */
const word = (name: string) => (/^[A-Za-z0-9_.-]{1,60}$/.test(name) ? name : "");
