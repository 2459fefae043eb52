import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mulberry32, namedSeed } from "../../src/core/rng.ts";
import { type Serving, serveStudies } from "../../src/view/server.ts";
import { drawnPage, drawnStudy } from "./studies.ts";

const SECRET = "what nobody may read";
const base = mkdtempSync(join(tmpdir(), "cellswap-hostile-"));
let serving: Serving;

beforeAll(async () => {
  const study = await drawnStudy(base);
  const page = drawnPage(base);
  // Beside and below everything that is served.
  for (const folder of [base, join(base, "cells"), study, join(study, "view")])
    writeFileSync(join(folder, "secret.txt"), SECRET);
  serving = await serveStudies([study], { page });
  // A file that came after the start, and a link that did.
  writeFileSync(join(page, "assets/secret.txt"), SECRET);
  symlinkSync(join(base, "secret.txt"), join(page, "assets/link.txt"));
});
afterAll(async () => {
  await serving.close();
  rmSync(base, { recursive: true, force: true });
});

/** Sends bytes as they are; gives all that comes back. */
function raw(head: string | Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    const socket = connect(Number(new URL(serving.url).port), "127.0.0.1", () => socket.write(head));
    socket.on("data", (piece) => pieces.push(piece));
    // One that is refused before it was read to its end is reset.
    socket.on("error", () => {});
    socket.on("close", () => resolve(Buffer.concat(pieces)));
  });
}

const asked = (target: string, method = "GET", host = new URL(serving.url).host) =>
  Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, "latin1");

const PLACES = ["secret.txt", "etc/passwd", "study/secret.txt", "cells/secret.txt", "cells/cells.json"];
const PLACED = [
  ...PLACES,
  "record.json",
  "view/sources.json",
  "study.json",
  "tiny.onnx",
  "proc/self/environ",
];
const STARTS = [
  "/",
  "//",
  "/data/0/",
  "/data/0/tiny/",
  "/data/",
  "/assets/",
  "/data/0/encoders/",
  "",
  "/./",
  "\\",
];
const UPS = [
  "../",
  "..\\",
  "%2e%2e/",
  "%2e%2e%2f",
  "..%2f",
  "..%5c",
  "%252e%252e%252f",
  "..;/",
  ".../",
  "....//",
];
const MORE_UPS = [
  "%c0%ae%c0%ae/",
  "%c0%ae%c0%ae%c0%af",
  "%e0%80%ae./",
  "..%00/",
  "%2e./",
  ".%2e/",
  "/..//",
  "..%c1%9c",
];
const ENDS = [
  "",
  "%00",
  "%00.json",
  "?",
  "/",
  "/.",
  "%20",
  ".",
  "::$DATA",
  "#x",
  "%0d%0aX:1",
  "\t",
  "~",
  ";x=1",
  "\x80",
];
const DRIVES = [
  "C:/",
  "C:\\",
  "c%3a/",
  "file:///",
  "\\\\host\\share\\",
  "//host/share/",
  "\\\\?\\C:\\",
  "/C:/",
  "http://[::1]/",
];

/** Paths that lead out of what is served, by all ways that servers have been led by. */
function hostilePath(random: () => number): string {
  const one = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)];
  const ups = () => one([UPS, MORE_UPS]);
  const place = one(PLACED);
  const kind = random();
  if (kind < 0.1) return `${one(["", "/", "/data/0/"])}${one(DRIVES)}${place}${one(ENDS)}`;
  if (kind < 0.2)
    return `${one(["http://127.0.0.1/", "http://evil.example/", "https://localhost/", "*", "ftp://x/"])}${one(UPS)}${place}`;
  if (kind < 0.25) return `/${"a".repeat(Math.floor(random() * 40_000))}/${one(UPS)}${place}`;
  if (kind < 0.3) return `/${"../".repeat(Math.floor(random() * 4000))}${place}`;
  if (kind < 0.4) {
    // Any bytes.
    const length = 1 + Math.floor(random() * 60);
    return `/${String.fromCharCode(...Array.from({ length }, () => Math.floor(random() * 256)))}/${place}`;
  }
  if (kind < 0.5) return `${one(STARTS)}${encodeURIComponent(encodeURIComponent(`${one(UPS)}${place}`))}`;
  if (kind < 0.6) return `${one(STARTS)}${join(base, place)}${one(ENDS)}`;
  const depth = 1 + Math.floor(random() * 12);
  return `${one(STARTS)}${Array.from({ length: depth }, () => one(ups())).join("")}${basename(base)}/${place}${one(ENDS)}`;
}

test("10,000 hostile paths are answered with 4xx and no byte of a file", async () => {
  const random = mulberry32(namedSeed(1, "hostile paths"));
  const paths = Array.from({ length: 10_000 }, () => hostilePath(random));
  const statuses = new Map<string, number>();
  for (let at = 0; at < paths.length; at += 50)
    await Promise.all(
      paths.slice(at, at + 50).map(async (path) => {
        const answer = (await raw(asked(path))).toString("latin1");
        const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? "none";
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (
          !/^4\d\d$/.test(status) ||
          /nobody may read|root:|cellswap-cells|cellswap-study|sources/.test(answer)
        )
          expect.fail(`${JSON.stringify(path.slice(0, 300))} gives ${JSON.stringify(answer.slice(0, 500))}`);
      }),
    );
  // Those that are no HTTP, those that are too long, and those that name nothing.
  expect([...statuses.keys()].sort()).toEqual(["400", "404", "431"]);
  expect(statuses.get("404")).toBeGreaterThan(5000);
  expect((await raw(asked("/"))).toString()).toMatch(/^HTTP\/1\.1 200 /);
});

test("what comes into the folders after the start is not there", async () => {
  for (const path of ["/assets/secret.txt", "/assets/link.txt"])
    expect((await raw(asked(path))).toString(), path).toMatch(/^HTTP\/1\.1 404 /);
});

test("requests without a host, with another, with two or in other forms are refused", async () => {
  const { host } = new URL(serving.url);
  const status = async (head: string) => /^HTTP\/1\.1 (\d{3}) /.exec((await raw(head)).toString())?.[1];
  expect(await status("GET / HTTP/1.1\r\nConnection: close\r\n\r\n")).toBe("400");
  expect(await status("GET / HTTP/1.0\r\n\r\n")).toBe("421");
  expect(await status("GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n")).toBe("421");
  expect(await status(asked("/", "GET", `evil.example\r\nHost: ${host}`).toString())).toBe("421");
  expect(await status(asked(`http://evil.example/`).toString())).toBe("404");
  expect(await status(asked("evil.example:443", "CONNECT").toString())).toBe(undefined);
  expect(await status(asked("*", "OPTIONS").toString())).toBe("405");
  expect(await status("GET / HTTP/1.1\nHost: x\n\n")).toBe("400");
  expect(await status(`GET / HTTP/1.1\r\nHost: ${host}\r\nX: ${"x".repeat(20_000)}\r\n\r\n`)).toBe("431");
  // Two lengths, by which a request could hide another one.
  const smuggled = `POST /data/0/encode?encoder=tiny HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`;
  expect(await status(smuggled)).toBe("400");
  const chunked = `POST /data/0/encode?encoder=tiny HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`;
  expect(await status(chunked)).toBe("411");
});
