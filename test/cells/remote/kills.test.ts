import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyStore } from "../../../src/cells/remote/copy.ts";
import { parsePlace } from "../../../src/files/objects/place.ts";
import { listObjects, readObject } from "../../../src/files/objects/read.ts";
import { built } from "../../built.ts";
import { type Operation, Product, tree } from "../../faults/harness.ts";
import { type Fault, type SpoilingProxy, startProxy } from "../../files/objects/proxy.ts";
import {
  BUCKET,
  environment,
  HAS_SERVER,
  type ObjectServer,
  startServer,
} from "../../files/objects/server.ts";
import { drawCells } from "../../study/drawn.ts";

describe.skipIf(!HAS_SERVER)("a copy that is killed between its last file and its end", () => {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-copy-kills-"));
  const before = { ...process.env };
  const product = new Product(built());
  let server: ObjectServer;
  let proxy: SpoilingProxy;
  let fault: (asked: string) => Fault | undefined = () => undefined;

  beforeAll(async () => {
    drawCells(join(folder, "npy"), { cellsPerClass: 6 });
    server = await startServer();
    proxy = await startProxy(server.endpoint, (asked) => fault(asked));
    Object.assign(process.env, environment(proxy.endpoint), { CELLSWAP_CACHE: join(folder, "cache") });
    await copyStore(join(folder, "npy"), join(folder, "zarr"), { form: "zarr" });
  });
  afterAll(async () => {
    await proxy?.stop();
    await server?.stop();
    process.env = before;
    rmSync(folder, { recursive: true, force: true });
  });

  /** SHA-256 of every object of a store, by its name. */
  async function objects(url: string): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const [name, { place }] of await listObjects(parsePlace(url)))
      found[name] = createHash("sha256")
        .update(await readObject(place, 1 << 24))
        .digest("hex");
    return found;
  }

  /**
   * Sends a store by a command that is killed at its first request that `asked` says, before the server sees it; or, where
   * the answer is `lost`, when it asks again, as the server has done it by then.
   */
  async function sendKilled(form: string, url: string, asked: RegExp, how: "busy" | "lost"): Promise<void> {
    const child = spawn(process.execPath, [join(built(), "cli.js"), "copy", join(folder, form), url], {
      stdio: "ignore",
    });
    const ended = new Promise((done) => child.on("close", (_, signal) => done(signal)));
    let times = 0;
    fault = (line) => {
      if (!asked.test(line)) return undefined;
      if (how === "lost" && times++ === 0) return how;
      child.kill("SIGKILL");
      return "busy";
    };
    try {
      expect(await ended).toBe("SIGKILL");
    } finally {
      fault = () => undefined;
    }
  }

  describe.each(["npy", "zarr"])("to the store (%s)", (form) => {
    test.each<[string, RegExp, "busy" | "lost", boolean]>([
      ["before its last file is taken", /^PUT .*quality\.csv/, "busy", false],
      ["before the header is taken", /^PUT .*cells\.json/, "busy", false],
      ["after the header was taken", /^PUT .*cells\.json/, "lost", true],
    ])("%s", async (title, asked, how, stands) => {
      const url = `s3://${BUCKET}/${form}-${title.replaceAll(" ", "-")}`;
      await sendKilled(form, url, asked, how);
      expect("cells.json" in (await objects(url))).toBe(stands);
      await copyStore(join(folder, form), url);
      const { "checked.json": _, ...files } = tree(join(folder, form));
      expect(await objects(url)).toEqual(files);
      expect((await copyStore(join(folder, form), url)).bytes).toBe(0);
    });
  });

  test.each(["npy", "zarr"])("from the store (%s)", async (form) => {
    const url = `s3://${BUCKET}/from-${form}`;
    await copyStore(join(folder, form), url);
    const place = mkdtempSync(join(folder, "whole-"));
    const args = ["copy", url, "back"];
    const log = join(folder, `log-${form}`);
    expect(await product.faulty(place, args, { log })).toBe(0);
    const { "checked.json": _, ...expected } = tree(join(folder, "npy"));
    expect(tree(join(place, "back"))).toEqual(expected);
    const operations = readFileSync(log, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Operation)
      .filter(({ op }) => op !== "look");
    const isRename = (to: RegExp) => (own: Operation) => own.op === "rename" && to.test(own.to ?? "");
    const last = operations.findLastIndex(isRename(/back\.unfinished\/[a-z]+\.(?:npy|csv|parquet)$/));
    const end = operations.findLastIndex(isRename(/\/back$/));
    expect(end).toBeGreaterThan(last);
    // Operations are counted from 1, and the process is killed before the one that is named.
    for (const at of new Set([last + 1, last + 2, end, end + 1, end + 2])) {
      const killed = mkdtempSync(join(folder, "killed-"));
      const code = await product.faulty(killed, args, { at });
      expect(code === null || at > operations.length, `operation ${at} of ${operations.length}`).toBe(true);
      if (existsSync(join(killed, "back"))) expect(tree(join(killed, "back"))).toEqual(expected);
      else {
        await product.run(killed, args);
        expect(tree(join(killed, "back"))).toEqual(expected);
      }
      expect(readdirSync(killed)).toEqual(["back"]);
    }
  });
});
