import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
} from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { comparisonSchema } from "../../src/explore/compare.ts";
import { viewIndexSchema } from "../../src/explore/format.ts";
import { sha256 } from "../../src/files/hash.ts";
import { compareAll } from "../../src/study/compare/compare.ts";
import { parseRange } from "../../src/view/send.ts";
import { type Serving, serveStudies } from "../../src/view/server.ts";
import { contents } from "../study/command.ts";
import { drawnPage, drawnStudy } from "./studies.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-serve-"));
let study: string;
let page: string;
let serving: Serving;

beforeAll(async () => {
  study = await drawnStudy(base);
  page = drawnPage(base);
  serving = await serveStudies([study, study], { page });
});
afterAll(async () => {
  await serving.close();
  rmSync(base, { recursive: true, force: true });
});

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly from?: Serving;
}

/** Asks as no browser would: `fetch` sets or forbids some of the headers. */
function ask(path: string, { method = "GET", headers = {}, from = serving }: Asked = {}) {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }>(
    (resolve, reject) => {
      const sent = request(new URL(path, from.url), { method, headers, agent: false }, (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("end", () =>
          resolve({
            status: response.statusCode!,
            headers: response.headers,
            body: Buffer.concat(pieces),
          }),
        );
      });
      sent.on("error", reject).end();
    },
  );
}

test("the encoders of the studies are compared when that is first asked for", async () => {
  const got = await ask("/data/compare.json");
  expect([got.status, got.headers["content-type"]]).toEqual([200, "application/json; charset=utf-8"]);
  const found = comparisonSchema.parse(JSON.parse(got.body.toString()));
  expect(found).toEqual(await compareAll([study, study]));
  expect(found.pairs.map(({ first, second, refused }) => [first, second, refused])).toEqual([
    [{ study: 0, encoder: "tiny" }, { study: 1, encoder: "tiny" }, null],
  ]);
});

test("every file of the layout is the file of the study, of the cells or of the page", async () => {
  const files = {
    "index.html": join(page, "index.html"),
    "": join(page, "index.html"),
    "assets/net-1.wasm": join(page, "assets/net-1.wasm"),
    "data/0/report.json": join(study, "report.json"),
    "data/1/cells.parquet": join(study, "view/cells.parquet"),
    "data/0/tiny/composites.parquet": join(study, "view/tiny/composites.parquet"),
    "data/0/crops.npy": join(base, "cells/crops.npy"),
    "data/0/masks.npy": join(base, "cells/masks.npy"),
    "data/0/encoders/tiny.onnx": join(base, "tiny.onnx"),
  };
  for (const [url, file] of Object.entries(files)) {
    const got = await ask(`/${url}`);
    expect(got.status, url).toBe(200);
    expect(got.body.equals(readFileSync(file)), url).toBe(true);
    const head = await ask(`/${url}`, { method: "HEAD" });
    expect([head.status, head.headers["content-length"], head.body.length]).toEqual([
      200,
      String(got.body.length),
      0,
    ]);
  }
  const index = viewIndexSchema.parse(JSON.parse((await ask("/data/index.json")).body.toString()));
  expect(index.studies).toHaveLength(2);
  expect(index.studies[0]).toEqual(JSON.parse((await ask("/data/0/study.json")).body.toString()));
  expect(index.studies[0].encoders[0].runs).toEqual({ where: "page", why: null });
  const described = JSON.parse((await ask("/data/0/encoders/tiny.json")).body.toString());
  expect(described).toMatchObject({ name: "tiny", model: "tiny.onnx", input: { name: "x" } });
  for (const url of ["/data/2/study.json", "/data/0/sources.json", "/record.json", "/data/0/"])
    expect((await ask(url)).status, url).toBe(404);
});

test("types are those that browsers need, and data are never kept by them", async () => {
  const head = async (url: string) => (await ask(url, { method: "HEAD" })).headers;
  expect((await head("/assets/net-1.wasm"))["content-type"]).toBe("application/wasm");
  expect((await head("/assets/page-1.js"))["content-type"]).toBe("text/javascript; charset=utf-8");
  expect((await head("/assets/page-1.js"))["cache-control"]).toContain("immutable");
  expect((await head("/data/0/plan.parquet"))["content-type"]).toBe("application/vnd.apache.parquet");
  expect((await head("/data/0/crops.npy"))["content-type"]).toBe("application/octet-stream");
  for (const url of ["/", "/data/index.json", "/data/0/crops.npy"])
    expect((await head(url))["cache-control"], url).toBe("no-store");
  const { etag } = await head("/data/0/crops.npy");
  const again = await ask("/data/0/crops.npy", { headers: { "if-none-match": String(etag) } });
  expect([again.status, again.body.length]).toEqual([304, 0]);
});

test("ranges give these bytes, and those beyond the end 416", async () => {
  const whole = readFileSync(join(base, "cells/crops.npy"));
  const part = async (range: string, headers = {}) =>
    ask("/data/0/crops.npy", { headers: { range, ...headers } });
  for (const [range, start, end] of [
    ["bytes=0-0", 0, 1],
    ["bytes=128-1023", 128, 1024],
    ["bytes=100-", 100, whole.length],
    ["bytes=-100", whole.length - 100, whole.length],
    [`bytes=-${2 * whole.length}`, 0, whole.length],
    [`bytes=5-${2 * whole.length}`, 5, whole.length],
  ] as const) {
    const { status, headers, body } = await part(range);
    expect(status, range).toBe(206);
    expect(headers["content-range"]).toBe(`bytes ${start}-${end - 1}/${whole.length}`);
    expect(body.equals(whole.subarray(start, end)), range).toBe(true);
  }
  for (const range of [`bytes=${whole.length}-`, "bytes=-0"]) {
    const { status, headers } = await part(range);
    expect([status, headers["content-range"]], range).toEqual([416, `bytes */${whole.length}`]);
  }
  // Several ranges, other units and nonsense are passed over, as RFC 9110 has it.
  for (const range of ["bytes=0-1,4-5", "lines=0-1", "bytes=5-2", "bytes=-", "bytes=a-b"])
    expect([(await part(range)).status, (await part(range)).body.length], range).toEqual([200, whole.length]);
  const { etag } = (await part("bytes=0-0")).headers;
  expect((await part("bytes=0-0", { "if-range": String(etag) })).status).toBe(206);
  expect((await part("bytes=0-0", { "if-range": '"other"' })).status).toBe(200);
  const made = await ask("/data/index.json", { headers: { range: "bytes=1-9" } });
  expect([made.status, made.body.toString()]).toEqual([206, '"version"']);
});

test("a range is read as RFC 9110 says", () => {
  expect(parseRange(undefined, 10)).toBe("whole");
  expect(parseRange("bytes=2-4", 10)).toEqual({ start: 2, end: 5 });
  expect(parseRange("bytes=-4", 10)).toEqual({ start: 6, end: 10 });
  expect(parseRange("bytes=9-99999999999999999999", 10)).toEqual({ start: 9, end: 10 });
  expect(parseRange("bytes=99999999999999999999-", 10)).toBe("none");
  expect(parseRange("bytes=-1", 0)).toBe("none");
});

test("other hosts, other pages and other methods are refused", async () => {
  const { host, port } = new URL(serving.url);
  const status = async (headers: Record<string, string>, method = "GET") =>
    (await ask("/", { method, headers })).status;
  for (const name of [host, `localhost:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`, "localhost:9000"])
    expect(await status({ host: name }), name).toBe(200);
  for (const name of ["evil.example", `evil.example:${port}`, `127.0.0.1.evil.example:${port}`, "127.0.0.2"])
    expect(await status({ host: name }), name).toBe(421);
  expect(await status({ "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" })).toBe(403);
  expect(await status({ "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" })).toBe(403);
  expect(await status({ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" })).toBe(200);
  expect(await status({ "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" })).toBe(200);
  for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
    expect(await status({}, method), method).toBe(405);
  expect(await status({ origin: "http://evil.example" }, "POST")).toBe(403);
  const { headers } = await ask("/");
  expect(headers["content-security-policy"]).toContain("default-src 'self'");
  expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
  expect(headers).toMatchObject({
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
  });
  expect(headers["access-control-allow-origin"]).toBeUndefined();
});

test("an address that others reach needs the token, which becomes a cookie", async () => {
  const open = await serveStudies([study], { page, host: "0.0.0.0" });
  try {
    const { token } = open;
    expect(token).toMatch(/^[\w-]{32}$/);
    expect(open.url).toMatch(new RegExp(`^http://localhost:\\d+/\\?token=${token}$`));
    const got = (path: string, headers: Record<string, string> = {}) => ask(path, { from: open, headers });
    for (const path of [
      "/",
      "/data/0/crops.npy",
      "/?token=",
      `/?token=${token}x`,
      `/data/index.json?token=${token}`,
    ])
      expect((await got(path)).status, path).toBe(401);
    expect((await got("/")).body.toString()).toContain("cellswap view");
    const first = await got(`/?token=${token}&encoder=a%22%3E&flipped=1`);
    const [cookie, ...rules] = String(first.headers["set-cookie"]).split("; ");
    expect(rules).toEqual(["HttpOnly", "SameSite=Strict", "Path=/"]);
    expect(first.body.toString()).toContain('url=./?encoder=a%22%3E&amp;flipped=1"');
    expect((await got("/data/index.json", { cookie })).status).toBe(200);
    expect((await got("/", { cookie: `other=1; ${cookie}`, host: "lab.example" })).status).toBe(200);
    expect((await got("/", { cookie: `${cookie}x` })).status).toBe(401);
    expect((await got("/", { cookie: cookie.replace("cellswap-", "cellswap-1") })).status).toBe(401);
  } finally {
    await open.close();
  }
});

test("a file that is changed or gone is told, one with other permissions is served", async () => {
  const file = join(study, "view/plan.parquet");
  chmodSync(file, 0o600);
  expect((await ask("/data/0/plan.parquet")).status).toBe(200);
  const before = readFileSync(file);
  appendFileSync(file, "x");
  const changed = await ask("/data/0/plan.parquet");
  expect(changed.status).toBe(410);
  expect(changed.body.toString()).toMatch(
    /plan\.parquet: was changed since .* start `cellswap view` again\n$/,
  );
  renameSync(file, `${file}.away`);
  expect((await ask("/data/0/plan.parquet")).body.toString()).toMatch(/there is no such file/);
  renameSync(`${file}.away`, file);
  truncateSync(file, before.length);
  expect(sha256((await ask("/data/0/plan.parquet")).body)).toBe(sha256(before));
});

test("a port in use is told in one line", async () => {
  const port = Number(new URL(serving.url).port);
  await expect(serveStudies([study], { page, port })).rejects.toThrow(
    `port ${port} is in use; give another one as --port`,
  );
  await expect(serveStudies([study], { page, host: "203.0.113.7" })).rejects.toThrow(
    "203.0.113.7 is no address of this machine; give one as --host",
  );
  await expect(serveStudies([study], { page: join(base, "nothing") })).rejects.toThrow(
    /nothing: the page of the explorer is not there; build it/,
  );
});

test("serving writes nothing", async () => {
  const before = contents(base);
  const own = await serveStudies([study], { page });
  const crop = new Uint8Array(24 * 24 * 9);
  const answer = await fetch(new URL("data/0/encode?encoder=tiny", own.url), { method: "POST", body: crop });
  expect(answer.status).toBe(200);
  for (const url of ["/", "/data/index.json", "/data/0/crops.npy", "/data/0/encoders/tiny.onnx", "/nothing"])
    await ask(url, { from: own });
  await own.close();
  expect(contents(base)).toEqual(before);
});
