import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { DataError, isCellswapError } from "../errors.ts";
import { readError } from "../files/input.ts";
import { hashFile, stateOf } from "../files/state.ts";
import type { Entry, FileEntry } from "./entries.ts";

/** Answers a GET or HEAD with an entry: all of it, or the bytes that a `Range` asks for. */
export async function sendEntry(
  request: IncomingMessage,
  response: ServerResponse,
  entry: Entry,
): Promise<void> {
  if ("path" in entry) return sendFile(request, response, entry);
  if ("make" in entry) {
    let text: string;
    try {
      text = await entry.make();
    } catch (error) {
      if (!isCellswapError(error)) throw error;
      return sendText(response, 410, error.message);
    }
    return sendEntry(request, response, { text });
  }
  const bytes = "text" in entry ? Buffer.from(entry.text) : entry.bytes();
  const part = begin(request, response, bytes.length, "tag" in entry ? entry.tag : null);
  if (part !== null) response.end(bytes.subarray(part.start, part.end));
}

/** Answers with a status and one line of plain text. */
export function sendText(response: ServerResponse, status: number, line: string): void {
  send(response, status, "text/plain; charset=utf-8", `${line}\n`);
}

/** Answers with a status and a value as JSON. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  send(response, status, "application/json; charset=utf-8", JSON.stringify(value));
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  const bytes = Buffer.from(text);
  response.writeHead(status, {
    "cache-control": "no-store",
    "content-type": type,
    "content-length": bytes.length,
  });
  response.end(response.req.method === "HEAD" ? undefined : bytes);
}

async function sendFile(request: IncomingMessage, response: ServerResponse, entry: FileEntry): Promise<void> {
  let file: FileHandle;
  try {
    file = await openEntry(entry);
  } catch (error) {
    return sendText(response, 410, (error as Error).message);
  }
  try {
    const part = begin(request, response, (await file.stat()).size, entry.sha256);
    if (part === null) return;
    // What was asked for may be withdrawn in between.
    await pipeline(
      file.createReadStream({ start: part.start, end: part.end - 1, autoClose: false }),
      response,
    );
  } finally {
    await file.close();
  }
}

/** Opens a file that must still be what it was. @throws DataError where it is not, or is gone */
async function openEntry(entry: FileEntry): Promise<FileHandle> {
  const { path, sha256 } = entry;
  const again = "start `cellswap view` again";
  let file: FileHandle | undefined;
  try {
    // What became a pipe in between is not waited for. A link is followed only where its content is known.
    const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = constants;
    file = await open(path, O_RDONLY | O_NONBLOCK | (sha256 === null ? O_NOFOLLOW : 0));
    const status = await file.stat({ bigint: true });
    if (!status.isFile()) throw new DataError(`is not a file any more; ${again}`, { path });
    const state = stateOf(status);
    if (sha256 !== null && entry.state !== state) {
      // A hard link or other permissions change the state and not the content.
      const found = await hashFile(path);
      if (found.sha256 !== sha256 || found.state !== state)
        throw new DataError(`was changed since the explorer was started; ${again}`, { path });
      entry.state = state;
    }
    return file;
  } catch (cause) {
    await file?.close();
    throw readError(path, cause);
  }
}

/** Writes the head of an answer of `size` bytes; null where nothing follows it. */
function begin(
  request: IncomingMessage,
  response: ServerResponse,
  size: number,
  sha256: string | null,
): { readonly start: number; readonly end: number } | null {
  const tag = sha256 === null ? null : `"${sha256.slice(0, 32)}"`;
  if (tag !== null) response.setHeader("etag", tag);
  response.setHeader("accept-ranges", "bytes");
  if (tag !== null && request.headers["if-none-match"] === tag) {
    response.writeHead(304).end();
    return null;
  }
  const same = request.headers["if-range"] === undefined || request.headers["if-range"] === tag;
  const range = same ? parseRange(request.headers.range, size) : "whole";
  if (range === "none") {
    response.setHeader("content-range", `bytes */${size}`);
    sendText(response, 416, `There are ${size} bytes.`);
    return null;
  }
  const { start, end } = range === "whole" ? { start: 0, end: size } : range;
  if (range !== "whole") {
    response.statusCode = 206;
    response.setHeader("content-range", `bytes ${start}-${end - 1}/${size}`);
  }
  response.setHeader("content-length", end - start);
  if (request.method !== "HEAD" && end > start) return { start, end };
  response.end();
  return null;
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
