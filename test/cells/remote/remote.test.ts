import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyStore } from "../../../src/cells/remote/copy.ts";
import { CellStore } from "../../../src/cells/store.ts";
import { bytesLeft, download } from "../../../src/files/objects/download.ts";
import { parsePlace, within } from "../../../src/files/objects/place.ts";
import { listObjects, objectState, readObject, readRange } from "../../../src/files/objects/read.ts";
import { putFile, putObject } from "../../../src/files/objects/write.ts";
import { built } from "../../built.ts";
import { type Fault, type SpoilingProxy, startProxy } from "../../files/objects/proxy.ts";
import {
  BUCKET,
  environment,
  freePort,
  HAS_SERVER,
  KEY,
  type ObjectServer,
  SECRET,
  startServer,
} from "../../files/objects/server.ts";
import { drawCells } from "../../study/drawn.ts";

const url = `s3://${BUCKET}/lab/yeast`;

describe.skipIf(!HAS_SERVER)("cells in an object store", () => {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-remote-"));
  const cells = join(folder, "cells");
  const before = { ...process.env };
  let server: ObjectServer;
  let proxy: SpoilingProxy;
  let fault: (asked: string, number: number) => Fault | undefined = () => undefined;

  beforeAll(async () => {
    drawCells(cells, { cellsPerClass: 6 });
    server = await startServer();
    proxy = await startProxy(server.endpoint, (asked, number) => fault(asked, number));
    Object.assign(process.env, environment(proxy.endpoint), { CELLSWAP_CACHE: join(folder, "cache") });
    await copyStore(cells, url);
  });
  afterAll(async () => {
    await proxy?.stop();
    await server?.stop();
    process.env = before;
    rmSync(folder, { recursive: true, force: true });
  });

  /** Forgets what this machine has fetched. */
  const forget = () => rmSync(join(folder, "cache"), { recursive: true, force: true });

  async function crops(path: string): Promise<[readonly string[], Float32Array]> {
    const store = await CellStore.open(path);
    const out = new Float32Array(store.channels.length * store.height * store.width);
    const all = new Float32Array(out.length * store.count);
    for (let cell = 0; cell < store.count; cell++) {
      store.readCrop(cell, out);
      all.set(out, cell * out.length);
    }
    store.close();
    return [store.cells.id, all];
  }

  test("are read as those of the folder, and fetched once", async () => {
    forget();
    expect(await crops(url)).toEqual(await crops(cells));
    const { length } = proxy.seen;
    await crops(url);
    expect(proxy.seen.slice(length)).toEqual([
      `GET /${BUCKET}/lab/yeast/cells.json?x-id=GetObject bytes=0-16777215`,
    ]);
  });

  test("a second copy sends nothing, another store is not replaced without being asked", async () => {
    expect((await copyStore(cells, url)).bytes).toBe(0);
    const other = join(folder, "other");
    drawCells(other, { cellsPerClass: 4, seed: 9 });
    await expect(copyStore(other, url)).rejects.toThrow(
      `${url}: is there already and holds other cells; choose another place, or replace it with --force`,
    );
    const replaced = `s3://${BUCKET}/replaced`;
    await copyStore(cells, replaced);
    await copyStore(other, replaced, { force: true });
    expect(await crops(replaced)).toEqual(await crops(other));
  });

  test("come back as the same files", async () => {
    const back = join(folder, "back");
    // What a stopped copy of other cells left is not taken for theirs.
    drawCells(`${back}.unfinished`, { cellsPerClass: 4, seed: 9 });
    await copyStore(url, back);
    for (const name of readdirSync(cells).filter((n) => n !== "checked.json"))
      expect(readFileSync(join(back, name)), name).toEqual(readFileSync(join(cells, name)));
    expect(existsSync(`${back}.unfinished`)).toBe(false);
    await expect(copyStore(url, back)).rejects.toThrow("is not empty");
  });

  test("a store of Zarr arrays is fetched shard by shard, and is the same store", async () => {
    const [packed, place] = [join(folder, "packed"), `s3://${BUCKET}/packed`];
    await copyStore(cells, packed, { form: "zarr" });
    expect((await copyStore(packed, place)).bytes).toBeGreaterThan(0);
    expect((await copyStore(packed, place)).bytes).toBe(0);
    expect([...(await listObjects(parsePlace(place))).keys()]).toContain("crops.zarr/c/0/0/0/0");
    forget();
    expect(await crops(place)).toEqual(await crops(cells));
    // And again, of what is there.
    const { length } = proxy.seen;
    expect(await crops(place)).toEqual(await crops(cells));
    expect(proxy.seen.length).toBe(length + 1);
    const back = join(folder, "unpacked");
    await copyStore(place, back);
    expect(readFileSync(join(back, "cells.json"))).toEqual(readFileSync(join(cells, "cells.json")));
    const shard = within(parsePlace(place), "crops.zarr/c/0/0/0/0");
    const bytes = Buffer.from(await readObject(shard, 1 << 24));
    const spoilt = Buffer.from(bytes);
    spoilt[60] ^= 1;
    await putObject(shard, spoilt, { replace: true });
    forget();
    await expect(CellStore.open(place)).rejects.toThrow(
      `${place}/crops.zarr/c/0/0/0/0: is a damaged shard (the check sum of chunk 0 does not fit)`,
    );
    await putObject(shard, bytes, { replace: true });
    expect(await crops(place)).toEqual(await crops(cells));
  });

  test("shards of another store do not become those that a store of Zarr arrays lacks", async () => {
    const [own, place] = [join(folder, "packed-few"), `s3://${BUCKET}/packed-few`];
    await copyStore(cells, own, { form: "zarr" });
    const left = "masks.zarr/c/1/0/0";
    await putObject(within(parsePlace(place), left), Buffer.from("of others"));
    await putObject(within(parsePlace(place), "README.md"), Buffer.from("ours"));
    await expect(copyStore(own, place)).rejects.toThrow(
      `${place}/${left}: is there already and is none of these cells; choose another place, or have it removed with --force`,
    );
    fault = (asked) => (asked.startsWith("DELETE ") ? "denied" : undefined);
    await expect(copyStore(own, place, { force: true })).rejects.toThrow(
      new RegExp(`${place}/${left}: the credentials do not allow it .*grant s3:DeleteObject there`),
    );
    fault = () => undefined;
    expect([...(await listObjects(parsePlace(place))).keys()]).not.toContain("cells.json");
    await copyStore(own, place, { force: true });
    const there = [...(await listObjects(parsePlace(place))).keys()];
    expect(there).not.toContain(left);
    expect(there).toContain("README.md");
    expect(await crops(place)).toEqual(await crops(cells));
  });

  test.each(["busy", "cut", "slow"] as const)(
    "a server that is %s now and then costs time alone",
    async (how) => {
      forget();
      let spoilt = 0;
      fault = (_, number) => (number % 3 === 0 && spoilt++ < 4 ? how : undefined);
      try {
        expect(await crops(url)).toEqual(await crops(cells));
      } finally {
        fault = () => undefined;
      }
      expect(spoilt).toBeGreaterThan(1);
    },
  );

  test("a file that is not what the header says is refused, and not kept", async () => {
    const wrong = `s3://${BUCKET}/wrong`;
    await copyStore(cells, wrong);
    await putObject(within(parsePlace(wrong), "crops.npy"), readFileSync(join(cells, "masks.npy")), {
      replace: true,
    });
    forget();
    await expect(CellStore.open(wrong)).rejects.toThrow(
      `${wrong}/crops.npy: is damaged or was changed (its SHA-256 is not that of cells.json)`,
    );
    const [cached] = readdirSync(join(folder, "cache"));
    expect(readdirSync(join(folder, "cache", cached))).not.toContain("crops.npy");
  });

  test("an object that is put anew while it is read is said", async () => {
    const place = within(parsePlace(url), "metadata.parquet");
    const state = await objectState(place);
    expect((await readRange(state!, 0, 4)).length).toBe(4);
    await putObject(place, new Uint8Array(64), { replace: true });
    await expect(readRange(state!, 0, 4)).rejects.toThrow(
      `${url}/metadata.parquet: was changed while it was in use; run the same command again`,
    );
    expect((await copyStore(cells, url)).bytes).toBe(statSync(join(cells, "metadata.parquet")).size);
  });

  test("what is put a second time at once stays as it is", async () => {
    const place = parsePlace(`s3://${BUCKET}/once`);
    expect(await putObject(place, Buffer.from("first"))).toBe(true);
    expect(await putObject(place, Buffer.from("second"))).toBe(false);
    expect(Buffer.from(await readObject(place, 100)).toString()).toBe("first");
  });

  test("a large object whose end meets another upload, or is not heard of, is put whole and once", async () => {
    const file = join(folder, "large");
    const bytes = Buffer.alloc((1 << 24) + 5, 7);
    writeFileSync(file, bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const isEnd = (asked: string) => /^POST .*uploadId=/.test(asked);
    const uploads = (from: number) =>
      proxy.seen.slice(from).filter((asked) => /^POST .*\?uploads/.test(asked));
    const put = async (name: string, replace: boolean, ...faults: (Fault | undefined)[]) => {
      const from = proxy.seen.length;
      fault = (asked) => (isEnd(asked) ? faults.shift() : undefined);
      let told = 0;
      const onBytes = (n: number) => void (told += n);
      try {
        const place = parsePlace(`s3://${BUCKET}/${name}`);
        const done = await putFile(place, file, { replace, sha256, onBytes });
        expect(told).toBe(bytes.length);
        expect((await objectState(place))?.size).toBe(bytes.length);
        return [done, uploads(from).length];
      } finally {
        fault = () => undefined;
      }
    };
    expect(await put("conflict", false, "conflict", "conflict")).toEqual([true, 3]);
    expect(await put("conflict", true, "conflict")).toEqual([true, 1]);
    expect(await put("unheard", true, "lost")).toEqual([true, 1]);
    expect(await put("unheard", false)).toEqual([false, 1]);
    // And what a server never takes is one line.
    const never = Array.from({ length: 4 }, () => "conflict" as const);
    await expect(put("never", false, ...never)).rejects.toThrow(
      `s3://${BUCKET}/never: is put by others at the same time, again and again; run the same command later`,
    );
  });

  test("a place without cells, and a bucket that is none, are said", async () => {
    await expect(CellStore.open(`s3://${BUCKET}/nothing`)).rejects.toThrow(
      `s3://${BUCKET}/nothing: is not a cell store (no cells.json below it)`,
    );
    await expect(CellStore.open("s3://no-such-bucket/x")).rejects.toThrow(
      "s3://no-such-bucket/x/cells.json: there is no bucket no-such-bucket; check its name and AWS_ENDPOINT_URL",
    );
  });

  test("what a stopped fetch has is not asked room for again", async () => {
    const object = (await objectState(within(parsePlace(url), "crops.npy")))!;
    const path = join(folder, "crops.npy");
    expect(bytesLeft(object, path)).toBe(object.size);
    const stop = new AbortController();
    stop.abort();
    await expect(download(object, path, { signal: stop.signal })).rejects.toThrow("stopped");
    // The partial file is there, and empty.
    expect(bytesLeft(object, path)).toBe(object.size);
    const [partial] = readdirSync(folder).filter((n) => /^crops\.npy\.fetched-[0-9a-f]{12}$/.test(n));
    writeFileSync(join(folder, partial), new Uint8Array(object.size).fill(1));
    expect(bytesLeft(object, path)).toBe(0);
    await download(object, path);
    expect(readFileSync(path)).toEqual(readFileSync(join(cells, "crops.npy")));
  });

  test("a secret that somebody wrote into a path is not shown", async () => {
    const { code, stderr } = await command(["segment", "s3://AKIA:abc/def@b/k"], {});
    expect(code).toBe(1);
    expect(stderr).not.toMatch(/AKIA|abc|def/);
    expect(stderr).toContain("s3://...@b/k");
  });

  test("objects below a place are listed by their names", async () => {
    const found = await listObjects(parsePlace(url));
    expect([...found.keys()].sort()).toEqual(
      readdirSync(cells)
        .filter((n) => n !== "checked.json")
        .sort(),
    );
  });

  test("wrong credentials are one line with the place and the remedy, without a secret", async () => {
    const wrong = { ...environment(server.endpoint), AWS_SECRET_ACCESS_KEY: `${SECRET}x` };
    for (const env of [wrong, { ...wrong, AWS_ACCESS_KEY_ID: "CELLSWAPTESTKEY00002" }]) {
      const { code, stderr } = await command(["copy", url, join(folder, "none")], env);
      expect(code).toBe(1);
      expect(stderr.trim().split("\n")).toHaveLength(1);
      expect(stderr).toMatch(
        /s3:\/\/cells\/lab\/yeast\/cells\.json: the server refuses the credentials \((SignatureDoesNotMatch|InvalidAccessKeyId|XAdminUserNotFound)\); set AWS_ACCESS_KEY_ID/,
      );
      for (const secret of [SECRET, KEY, "CELLSWAPTESTKEY00002"]) expect(stderr).not.toContain(secret);
    }
  });

  test("no credentials, and no server, are one line each", async () => {
    const none = { ...environment(server.endpoint), AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" };
    expect((await command(["copy", url, join(folder, "none")], none)).stderr).toMatch(
      /: there are no credentials; set AWS_ACCESS_KEY_ID/,
    );
    const away = environment(`http://127.0.0.1:${await freePort()}`);
    expect((await command(["copy", url, join(folder, "none")], away)).stderr).toMatch(
      /: no server answers \(ECONNREFUSED\); check the network and AWS_ENDPOINT_URL/,
    );
  });

  test("nothing that is kept on this machine holds a credential", async () => {
    await crops(url);
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) {
        const bytes = readFileSync(join(entry.parentPath, entry.name));
        for (const secret of [SECRET, KEY]) expect(bytes.includes(secret), entry.name).toBe(false);
      }
  });

  async function command(args: string[], env: Record<string, string>) {
    const all = { ...before, ...env, HOME: folder, AWS_CONFIG_FILE: join(folder, "no-config") };
    try {
      const done = await promisify(execFile)(
        process.execPath,
        [join(built(), "cli.js"), ...args, "--progress", "none"],
        {
          env: all,
        },
      );
      return { code: 0, ...done };
    } catch (error) {
      return error as { code: number; stdout: string; stderr: string };
    }
  }
});
