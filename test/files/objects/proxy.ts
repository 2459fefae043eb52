import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";

/** What happens to a request on its way: the answer is 503, 409 or 403, ends early, comes late, never, or is lost once it is done. */
export type Fault = "busy" | "conflict" | "denied" | "cut" | "slow" | "silent" | "lost";

/** A proxy before a server, which spoils some requests. */
export interface SpoilingProxy {
  readonly endpoint: string;
  /** Every request that came, as `METHOD PATH RANGE`. */
  readonly seen: string[];
  stop(): Promise<void>;
}

/** Starts a proxy; `fault` says of every request, numbered from 0, what happens to it. */
export async function startProxy(
  endpoint: string,
  fault: (asked: string, number: number) => Fault | undefined,
): Promise<SpoilingProxy> {
  const seen: string[] = [];
  const { hostname, port } = new URL(endpoint);
  const pass = (from: IncomingMessage, to: ServerResponse, how: Fault | undefined) => {
    const onward = request(
      { hostname, port, path: from.url, method: from.method, headers: from.headers },
      (answer) => {
        const { statusCode = 500, headers } = answer;
        if (how === "lost") {
          answer.resume().on("end", () => from.socket.destroy());
          return;
        }
        to.writeHead(statusCode, headers);
        if (how !== "cut" || from.method === "HEAD") {
          answer.pipe(to);
          return;
        }
        answer.once("data", (bytes: Buffer) => {
          to.write(bytes.subarray(0, bytes.length >> 1), () => to.destroy());
          answer.destroy();
        });
      },
    );
    onward.on("error", () => to.destroy());
    from.pipe(onward);
  };
  const server = createServer((from, to) => {
    const asked = `${from.method} ${from.url} ${from.headers.range ?? ""}`.trim();
    const how = fault(asked, seen.length);
    seen.push(asked);
    if (how === "busy") {
      from.resume();
      to.writeHead(503, { "content-type": "application/xml" });
      to.end("<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>");
    } else if (how === "silent") from.resume();
    else if (how === "conflict") {
      from.resume();
      to.writeHead(409, { "content-type": "application/xml" });
      to.end("<Error><Code>ConditionalRequestConflict</Code><Message>Try again.</Message></Error>");
    } else if (how === "denied") {
      from.resume();
      to.writeHead(403, { "content-type": "application/xml" });
      to.end("<Error><Code>AccessDenied</Code><Message>Access denied.</Message></Error>");
    } else if (how === "slow") setTimeout(() => pass(from, to, how), 500);
    else pass(from, to, how);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port: own } = server.address() as { port: number };
  return {
    endpoint: `http://127.0.0.1:${own}`,
    seen,
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
