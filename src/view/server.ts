import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { StudyError } from "../errors.ts";
import { VIEW_VERSION, type ViewIndex } from "../explore/format.ts";
import { type Entries, type Entry, pageEntries, typeOf } from "./entries.ts";
import { sendEntry, sendText } from "./send.ts";
import type { OpenedStudy } from "./study.ts";

/** Folder of the page in the package. */
export const PAGE = join(import.meta.dirname, "../../dist/web");

export interface ServeOptions {
  /** Port; one that is free by default. */
  readonly port?: number | undefined;
  /** Folder of the page. */
  readonly page?: string | undefined;
}

/** A server that runs until it is closed. */
export interface Serving {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves studies that were opened. @throws StudyError where the port is in use */
export async function serveOpened(
  studies: readonly OpenedStudy[],
  options: ServeOptions = {},
): Promise<Serving> {
  const entries = layoutOf(studies, options.page ?? PAGE);
  const server = createServer((request, response) => void answer(entries, server, request, response));
  server.on("clientError", (_, socket) => {
    if (socket.writable)
      socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
  });
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Every URL of the layout: the page, and the studies by their position. */
export function layoutOf(studies: readonly OpenedStudy[], page: string): Map<string, Entry> {
  const entries = pageEntries(page);
  const index: ViewIndex = { version: VIEW_VERSION, studies: studies.map(({ about }) => about) };
  entries.set("data/index.json", { text: JSON.stringify(index) });
  studies.forEach((study, i) => {
    for (const [name, entry] of study.entries) entries.set(`data/${i}/${name}`, entry);
  });
  return entries;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === "EADDRINUSE"
          ? new StudyError(`port ${port} is in use; give another one as --port`, { cause })
          : cause,
      ),
    );
    server.listen(port, "127.0.0.1", resolve);
  });
}

const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

async function answer(
  entries: Entries,
  server: Server,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const { port } = server.address() as AddressInfo;
  if (!["127.0.0.1", "localhost", "[::1]"].some((host) => request.headers.host === `${host}:${port}`))
    return sendText(response, 421, "This host is not served here.");
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    return sendText(response, 405, "The explorer only reads.");
  }
  const target = request.url ?? "";
  const path = target.split("?", 1)[0];
  const entry = path.startsWith("/") ? entries.get(path.slice(1)) : undefined;
  if (entry === undefined) return sendText(response, 404, "There is nothing here.");
  response.setHeader("content-type", "text" in entry ? typeOf(path) : typeOf(entry.path));
  try {
    await sendEntry(request, response, entry);
  } catch {
    response.destroy();
  }
}
