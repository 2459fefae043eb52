import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";
import { sha256 } from "../files/hash.ts";
import { sendText } from "./send.ts";

/** What the page may do: its own files and nothing else, WebAssembly, and pictures that it makes itself. */
export const POLICY =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'";

const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": `${POLICY}; frame-ancestors 'none'`,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** Whether an address is of this machine only. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** Decides who is answered. */
export class Guard {
  /** What a browser must have been given; null where only this machine is served. */
  readonly token: string | null;

  constructor(host: string) {
    this.token = isLoopback(host) ? null : randomBytes(24).toString("base64url");
  }

  /** Sets the headers of every answer; false where the request is refused, and was answered. */
  admits(request: IncomingMessage, response: ServerResponse): boolean {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const refuse = (status: number, line: string) => {
      sendText(response, status, line);
      return false;
    };
    const { host = "", origin, "sec-fetch-site": site, "sec-fetch-mode": mode } = request.headers;
    // A name that leads here from elsewhere (DNS rebinding) has neither a token nor the name of this machine.
    if (this.token === null && !isThisMachine(host)) return refuse(421, "This host is not served here.");
    if (mode !== "navigate" && site !== undefined && site !== "same-origin" && site !== "none")
      return refuse(403, "Another page asks for this.");
    if (
      request.method !== "GET" &&
      request.method !== "HEAD" &&
      origin !== undefined &&
      origin !== `http://${host}`
    )
      return refuse(403, "Another page asks for this.");
    return this.token === null || this.#hasToken(request, response);
  }

  /** A browser comes with the token in the address once, and with a cookie from then on. */
  #hasToken(request: IncomingMessage, response: ServerResponse): boolean {
    const name = `cellswap-${request.socket.localPort}`;
    const cookies = (request.headers.cookie ?? "").split(/;\s*/);
    if (cookies.some((c) => c.startsWith(`${name}=`) && this.#isToken(c.slice(name.length + 1)))) return true;
    const [path, query = ""] = (request.url ?? "").split("?", 2);
    const parameters = new URLSearchParams(query);
    const given = parameters.get("token");
    if (path !== "/" || request.method !== "GET" || given === null || !this.#isToken(given)) {
      sendText(response, 401, "Open the address that `cellswap view` printed: it holds the token.");
      return false;
    }
    response.setHeader("set-cookie", `${name}=${given}; HttpOnly; SameSite=Strict; Path=/`);
    // A page that leads on, not a redirect: browsers send a strict cookie only where a page of ours asks.
    parameters.delete("token");
    const rest = parameters.size === 0 ? "" : `?${parameters.toString().replaceAll("&", "&amp;")}`;
    const text = `<!doctype html><meta charset="utf-8"><title>cellswap</title><meta http-equiv="refresh" content="0;url=./${rest}">`;
    response.setHeader("cache-control", "no-store");
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(text);
    return false;
  }

  #isToken(given: string): boolean {
    return timingSafeEqual(Buffer.from(sha256(given)), Buffer.from(sha256(this.token!)));
  }
}

/** Whether a `Host` header names this machine; the port may be that of a tunnel. */
function isThisMachine(host: string): boolean {
  return /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i.test(host);
}
