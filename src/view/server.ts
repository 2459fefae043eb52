import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, isIPv6 } from "node:net";
import { InUseError, isCellswapError, StudyError } from "../errors.ts";
import { EncodeError, Encoding } from "./encode.ts";
import { type Entry, typeOf } from "./entries.ts";
import { Guard } from "./guard.ts";
import { layoutOf } from "./layout.ts";
import { sendEntry, sendJson, sendText } from "./send.ts";
import { type OpenedStudy, type OpenViewOptions, openViewStudy } from "./study.ts";

export interface ServeOptions {
  /** Address that is listened on; with one that others reach, browsers need a token. 127.0.0.1 by default. */
  readonly host?: string | undefined;
  /** Port; by default one that is free. */
  readonly port?: number | undefined;
  /** Folder of the page; that of the package by default. */
  readonly page?: string | undefined;
}

/** A server that runs until it is closed. */
export interface Serving {
  /** What a browser is to open, with the token where it needs one. */
  readonly url: string;
  readonly token: string | null;
  close(): Promise<void>;
}

/**
 * Serves the explorer of finished studies until it is closed: the page, the files of the studies by GET, and encodings of
 * crops that the page makes by POST. Nothing is written. Paths are study folders.
 * @throws CellswapError as {@link openViewStudy}, and where the page is not built or the port is in use
 */
export async function serveStudies(
  paths: readonly string[],
  options: ServeOptions & OpenViewOptions = {},
): Promise<Serving> {
  const studies = [];
  for (const path of paths) studies.push(await openViewStudy(path, options));
  return serve(studies, options);
}

/** Longest request line and headers together, bytes, and milliseconds for the headers and for a whole request. */
const LIMITS = { head: 16_384, headersMs: 10_000, requestMs: 60_000 };

/** Serves studies that were opened. @throws DataError where the page is not built, InUseError where the port is in use, StudyError where it cannot be used */
export async function serve(
  studies: readonly OpenedStudy[],
  { host = "127.0.0.1", port = 0, page }: ServeOptions = {},
): Promise<Serving> {
  const answering = new Answering(studies, layoutOf(studies, page), new Guard(host));
  const server = createServer(
    { maxHeaderSize: LIMITS.head, headersTimeout: LIMITS.headersMs, requestTimeout: LIMITS.requestMs },
    (request, response) => void answering.answer(request, response),
  );
  await listen(server, port, host);
  const { token } = answering.guard;
  const shown = host === "0.0.0.0" || host === "::" ? "localhost" : isIPv6(host) ? `[${host}]` : host;
  return {
    url: `http://${shown}:${(server.address() as AddressInfo).port}/${token === null ? "" : `?token=${token}`}`,
    token,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await answering.close();
      await closed;
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code === "EADDRINUSE")
        return reject(new InUseError(`port ${port} is in use; give another one as --port`, { cause }));
      const why: Readonly<Record<string, string>> = {
        EACCES: `port ${port} may not be used; give one from 1024 on as --port`,
        EADDRNOTAVAIL: `${host} is no address of this machine; give one as --host`,
        ENOTFOUND: `${host} is no address of this machine; give one as --host`,
      };
      const line = why[cause.code ?? ""];
      reject(line === undefined ? cause : new StudyError(line, { cause }));
    });
    server.listen(port, host, resolve);
  });
}

class Answering {
  readonly guard: Guard;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #encodings: readonly Encoding[];

  constructor(studies: readonly OpenedStudy[], entries: ReadonlyMap<string, Entry>, guard: Guard) {
    this.#entries = entries;
    this.#encodings = studies.map(({ about, encoders }) => new Encoding(about.crops, encoders));
    this.guard = guard;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (!this.guard.admits(request, response)) return;
      if (request.method === "POST") await this.#encode(request, response);
      else if (request.method === "GET" || request.method === "HEAD") await this.#read(request, response);
      else {
        response.setHeader("allow", "GET, HEAD, POST");
        sendText(response, 405, "The explorer only reads.");
      }
    } catch {
      // Whoever asked is gone, or a disk failed in between.
      response.destroy();
    }
  }

  async #read(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request);
    const name = path === "/" ? "index.html" : path.slice(1);
    const entry = path.startsWith("/") ? this.#entries.get(name) : undefined;
    if (entry === undefined) return sendText(response, 404, "There is nothing here.");
    response.setHeader("content-type", typeOf(name));
    // Names of built files hold a hash of them; all else may be another study's the next time.
    response.setHeader(
      "cache-control",
      name.startsWith("assets/") ? "max-age=31536000, immutable" : "no-store",
    );
    await sendEntry(request, response, entry);
  }

  async #encode(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const study = /^\/data\/(0|[1-9]\d{0,3})\/encode$/.exec(pathOf(request))?.[1];
    const encoding = study === undefined ? undefined : this.#encodings[Number(study)];
    if (encoding === undefined) return sendJson(response, 404, { error: "There is nothing here." });
    const name = new URLSearchParams((request.url ?? "").split("?", 2)[1]).get("encoder");
    try {
      const features = await encoding.answer(name, request);
      response.writeHead(200, {
        "cache-control": "no-store",
        "content-type": "application/octet-stream",
        "content-length": features.byteLength,
      });
      response.end(new Uint8Array(features.buffer, features.byteOffset, features.byteLength));
    } catch (error) {
      const status = error instanceof EncodeError ? error.status : isCellswapError(error) ? 500 : null;
      if (status === null) throw error;
      // The rest of a request that is refused is not read.
      if (!request.complete) response.setHeader("connection", "close");
      sendJson(response, status, { error: (error as Error).message });
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#encodings.map((encoding) => encoding.close()));
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?", 1)[0];
}
