import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { DataError } from "../errors.ts";
import { readError } from "../files/input.ts";
import { hashFile, stateOf } from "../files/state.ts";
import type { Entry, FileEntry } from "./entries.ts";

/** Answers a GET or HEAD with an entry: all of it, or the bytes that a `Range` asks for. */
export async function sendEntry(
  request: IncomingMessage,
  response: ServerResponse,
  entry: Entry,
): Promise<void> {
  if ("text" in entry) {
    const bytes = Buffer.from(entry.text);
    response.setHeader("content-length", bytes.length);
    response.end(request.method === "HEAD" ? undefined : bytes);
    return;
  }
  let file: FileHandle;
  try {
    file = await openEntry(entry);
  } catch (error) {
    return sendText(response, 410, (error as Error).message);
  }
  try {
    await sendFile(request, response, file, entry);
  } finally {
    await file.close();
  }
}

/** Answers with a status and one line of plain text. */
export function sendText(response: ServerResponse, status: number, line: string): void {
  const bytes = Buffer.from(`${line}\n`);
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", "content-length": bytes.length });
  response.end(response.req.method === "HEAD" ? undefined : bytes);
}

/** Opens a file that must still be what it was. @throws DataError where it is not, or is gone */
async function openEntry(entry: FileEntry): Promise<FileHandle> {
  const { path, sha256 } = entry;
  let file: FileHandle | undefined;
  try {
    // What became a pipe in between is not waited for, and what became a link is not followed.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0));
    const status = await file.stat({ bigint: true });
    if (!status.isFile()) throw new DataError(`is not a file any more; ${AGAIN}`, { path });
    const state = stateOf(status);
    if (sha256 !== null && entry.state !== state) {
      // A hard link or other permissions change the state and not the content.
      const found = await hashFile(path);
      if (found.sha256 !== sha256 || found.state !== state)
        throw new DataError(`was changed since the explorer was started; ${AGAIN}`, { path });
      entry.state = state;
    }
    return file;
  } catch (cause) {
    await file?.close();
    throw readError(path, cause);
  }
}

const AGAIN = "start `cellswap view` again";

async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  file: FileHandle,
  { sha256 }: FileEntry,
): Promise<void> {
  const { size } = await file.stat();
  const tag = sha256 === null ? null : `"${sha256.slice(0, 32)}"`;
  if (tag !== null) response.setHeader("etag", tag);
  response.setHeader("accept-ranges", "bytes");
  if (tag !== null && request.headers["if-none-match"] === tag) {
    response.writeHead(304).end();
    return;
  }
  const ifRange = request.headers["if-range"];
  const range = ifRange === undefined || ifRange === tag ? parseRange(request.headers.range, size) : "whole";
  if (range === "none") {
    response.setHeader("content-range", `bytes */${size}`);
    return sendText(response, 416, `There are ${size} bytes.`);
  }
  const { start, end } = range === "whole" ? { start: 0, end: size } : range;
  if (range !== "whole") {
    response.statusCode = 206;
    response.setHeader("content-range", `bytes ${start}-${end - 1}/${size}`);
  }
  response.setHeader("content-length", end - start);
  if (request.method === "HEAD" || end === start) {
    response.end();
    return;
  }
  try {
    await pipeline(file.createReadStream({ start, end: end - 1, autoClose: false }), response);
  } catch (error) {
    // Who asked went away.
    if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") response.destroy();
  }
}

/**
 * Bytes `start` to `end` - 1 that a `Range` header asks for (RFC 9110, 14.1): everything where it cannot be read or asks
 * for several ranges, none where nothing of it is in the file.
 */
export function parseRange(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | "whole" | "none" {
  const found = /^bytes=(\d*)-(\d*)$/i.exec(header ?? "");
  if (found === null || (found[1] === "" && found[2] === "")) return "whole";
  const [first, last] = [found[1], found[2]].map((text) => (text === "" ? null : Number(text)));
  if (first === null)
    return last === 0 || size === 0 ? "none" : { start: Math.max(0, size - last!), end: size };
  if (last !== null && last < first) return "whole";
  if (first >= size) return "none";
  return { start: first, end: Math.min(size, (last ?? Number.POSITIVE_INFINITY) + 1) };
}
