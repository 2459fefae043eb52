import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { headerText, readHeader, sealed } from "../../../src/cells/header.ts";
import { copyStore } from "../../../src/cells/remote/copy.ts";
import { InterruptedError } from "../../../src/errors.ts";
import { RemoteFeatures } from "../../../src/features/remote.ts";
import { sha256File } from "../../../src/files/hash.ts";
import { parsePlace, within } from "../../../src/files/objects/place.ts";
import { listObjects } from "../../../src/files/objects/read.ts";
import { putObject, removeObject } from "../../../src/files/objects/write.ts";
import { isOwnFeature } from "../../../src/study/own-files.ts";
import { readStudyFile, type Study } from "../../../src/study/schema.ts";
import { readShards, type Stage } from "../../../src/study/shards/file.ts";
import { makeShard, type ShardOptions } from "../../../src/study/shards/make.ts";
import { awaitFeatures, awaitShards } from "../../../src/study/shards/merge.ts";
import { planShards } from "../../../src/study/shards/plan.ts";
import { shardStatus, shardStatusEverywhere } from "../../../src/study/shards/status.ts";
import { runStudy } from "../../../src/study.ts";
import { type Fault, type SpoilingProxy, startProxy } from "../../files/objects/proxy.ts";
import {
  BUCKET,
  environment,
  HAS_SERVER,
  KEY,
  type ObjectServer,
  SECRET,
  startServer,
} from "../../files/objects/server.ts";
import { contents } from "../command.ts";
import { drawCells, writeEncoder, writeStudy } from "../drawn.ts";

const CLASSES = ["cytoplasm", "nucleus", "vacuole"];
const common = { date: "2026-01-01", command: "cellswap run study.json", workers: 1 };

/** Says of some cells of a store that all around the center cell is other cells. */
function crowd(path: string, which: (cell: number) => boolean): void {
  const { count, height, width, sum: _, ...header } = readHeader(path);
  const file = join(path, "masks.npy");
  const bytes = readFileSync(file);
  const start = bytes.length - count * height * width;
  for (let p = start; p < bytes.length; p++)
    if (bytes[p] === 0 && which(Math.floor((p - start) / (height * width)))) bytes[p] = 2;
  writeFileSync(file, bytes);
  const hashes = { ...header.hashes, "masks.npy": sha256File(file) };
  writeFileSync(join(path, "cells.json"), headerText(sealed({ ...header, count, height, width, hashes })));
}

describe.skipIf(!HAS_SERVER)("shards on machines that share an object store alone", () => {
  const base = mkdtempSync(join(tmpdir(), "cellswap-remote-shards-"));
  const before = { ...process.env };
  const machine = (n: number) => join(base, `machine${n}/study`);
  const features = `s3://${BUCKET}/features`;
  let server: ObjectServer;
  let proxy: SpoilingProxy;
  let fault: (asked: string) => Fault | undefined = () => undefined;
  let local: Study;
  let remote: Study;

  beforeAll(async () => {
    server = await startServer();
    proxy = await startProxy(server.endpoint, (asked) => fault(asked));
    Object.assign(process.env, environment(proxy.endpoint), { CELLSWAP_CACHE: join(base, "cache") });
    // Of which the study takes a third.
    const classes = [...CLASSES, "ER", "golgi", "lipid", "mito", "peroxi", "punctate"];
    drawCells(join(base, "cells"), { classes, cellsPerClass: 12, fields: 3 });
    writeEncoder(base, { name: "tiny" });
    const keys = { encoders: ["tiny.json"], classes: CLASSES, backgrounds: ["nucleus", "vacuole"] };
    local = readStudyFile(writeStudy(join(base, "study.json"), keys));
    await copyStore(join(base, "cells"), `s3://${BUCKET}/cells`);
    const places = { cells: `s3://${BUCKET}/cells`, features };
    remote = readStudyFile(writeStudy(join(base, "remote.json"), { ...keys, ...places }));
    await runStudy(local, { ...common, out: join(base, "one") });
    await planShards(remote, { ...common, out: join(base, "planned"), shards: 3 });
    for (const n of [0, 1, 2]) cpSync(join(base, "planned"), machine(n), { recursive: true });
  });
  afterAll(async () => {
    await proxy?.stop();
    await server?.stop();
    process.env = before;
    rmSync(base, { recursive: true, force: true });
  });

  const make = (n: number, shard: number) =>
    makeShard(remote, { out: machine(n), stage: "features", shard, workers: 1 });

  /** Files of a study folder but the plan of its shards, and the note where its cells lie. */
  const made = (folder: string) => {
    const { "shards.json": _, "view/sources.json": __, ...others } = contents(folder);
    return others;
  };

  test("make what a run on one machine makes, to the byte", async () => {
    expect((await make(1, 1)).made).toBeGreaterThan(0);
    expect((await shardStatusEverywhere(machine(2))).stages[0].missing).toEqual([0, 2]);
    // Made once, whichever machine is asked.
    expect((await make(0, 1)).made).toBe(0);
    await Promise.all([make(0, 0), make(2, 0)]);
    await expect(awaitFeatures(machine(0))).rejects.toThrow("lacks");
    await make(2, 2);
    expect((await shardStatusEverywhere(machine(1))).stages[0].missing).toEqual([]);
    await awaitFeatures(machine(0));
    await runStudy(remote, { ...common, out: machine(0) });
    expect(made(machine(0))).toEqual(made(join(base, "one")));
    expect(JSON.parse(readFileSync(join(machine(0), "view/sources.json"), "utf8")).cells).toBe(
      `s3://${BUCKET}/cells`,
    );
    for (const name of Object.keys(contents(base)))
      for (const secret of [KEY, SECRET])
        expect(readFileSync(join(base, name)).includes(secret), name).toBe(false);
  });

  test("names that no run gives are let lie, and a signal ends what is fetched and sent", async () => {
    const own = `s3://${BUCKET}/other`;
    const [part] = readShards(machine(0)).pieces[0].parts;
    const strange = part.replace(/[^/]+$/, "notes");
    for (const name of [part, strange])
      for (const ending of [".rows.npy", ".sums.npy", ".npy"])
        await putObject(
          within(parsePlace(own), `${name}${ending}`),
          readFileSync(join(machine(0), "features", `${part}${ending}`)),
        );
    const folder = join(base, "fetched");
    const remote = new RemoteFeatures(own, folder, isOwnFeature);
    expect([...(await remote.complete())]).toEqual([part]);
    const stopped = new RemoteFeatures(own, folder, isOwnFeature, { signal: AbortSignal.abort() });
    await expect(stopped.fetch()).rejects.toThrow(InterruptedError);
    await expect(stopped.sendPart(part)).rejects.toThrow(InterruptedError);
    expect(existsSync(folder)).toBe(false);
    await remote.fetch();
    expect(readdirSync(join(folder, dirname(part))).length).toBe(3);
  });

  test("a run fetches what its study asks for, not what other studies have there", async () => {
    const [part] = readShards(machine(0)).pieces[0].parts;
    const others = [part.replace(/\.[0-9a-f]{12}-/, ".0123456789ab-"), part.replace(/^[^/]+/, "other")];
    for (const name of others)
      for (const ending of [".rows.npy", ".sums.npy", ".npy"])
        await putObject(
          within(parsePlace(features), `${name}${ending}`),
          readFileSync(join(machine(0), "features", `${part}${ending}`)),
        );
    const { composites } = await runStudy(remote, { ...common, out: join(base, "again") });
    expect(composites).toBe(0);
    expect(made(join(base, "again"))).toEqual(made(join(base, "one")));
  });

  test("an object of features that is damaged is named", async () => {
    const [part] = readShards(machine(0)).pieces[0].parts;
    const place = within(parsePlace(features), `${part}.npy`);
    const bytes = readFileSync(join(machine(0), "features", `${part}.npy`));
    bytes[bytes.length - 3] ^= 1;
    await putObject(place, bytes, { replace: true });
    cpSync(join(base, "planned"), machine(3), { recursive: true });
    await expect(awaitFeatures(machine(3))).rejects.toThrow(
      `${features}/${part}.npy: is damaged (has a row (`,
    );
  });

  test("fit probes on two machines, of which a third takes them", async () => {
    const cache = (n: number) => join(base, `machine${n}/cache`);
    const begun = (n: number) => {
      cpSync(join(base, "planned"), machine(n), { recursive: true });
      return (stage: Stage, shard: number, options: Partial<ShardOptions> = {}) => {
        process.env.CELLSWAP_CACHE = cache(n);
        return makeShard(own, { out: machine(n), stage, shard, workers: 1, ...options });
      };
    };
    const place = `${features}-of-three`;
    const own = { ...remote, remoteFeatures: place };
    await planShards(own, { ...common, out: join(base, "planned"), shards: 2 });
    const [one, two] = [4, 5];
    const onOne = begun(one);
    await onOne("features", 0);
    const onTwo = begun(two);
    await onTwo("features", 1);
    await expect(makeShard(own, { out: machine(one), stage: "probes", shard: 2 })).rejects.toThrow(
      "has 2 shards",
    );
    const blocks = within(parsePlace(place), "blocks");
    const count = readShards(machine(one)).blocks.filter(({ shard }) => shard === 0).length;
    expect(count).toBeGreaterThan(2);
    const put = () => proxy.seen.filter((asked) => asked.startsWith("PUT ") && asked.includes("/blocks/"));
    // What ends a shard is what it says, whatever else fails then.
    fault = (asked) => (asked.startsWith("PUT ") ? "denied" : undefined);
    await expect(onOne("probes", 0)).rejects.toThrow("grant s3:PutObject there");
    expect(put()).toHaveLength(1);
    fault = () => undefined;
    expect((await listObjects(blocks)).size).toBe(0);
    const stop = new AbortController();
    const onProgress = (done: number) => {
      if (done < 2) return;
      fault = () => "denied";
      stop.abort();
    };
    await expect(onOne("probes", 0, { signal: stop.signal, onProgress })).rejects.toThrow(InterruptedError);
    fault = () => undefined;
    // The block that could not be sent at first was sent before others were fitted.
    expect((await listObjects(blocks)).size).toBe(2);
    expect(put()).toHaveLength(3);
    expect((await onOne("probes", 0)).made).toBeGreaterThan(0);
    expect(put()).toHaveLength(1 + count);
    expect((await shardStatusEverywhere(machine(two))).stages[1].missing).toEqual([1]);
    const sent = await listObjects(blocks);
    const [[name, { size, place: first }]] = sent;
    expect(sent.size).toBe(count);
    // One that lacks there is sent again, one that another machine made is fetched.
    await removeObject(first);
    expect((await onOne("probes", 0)).made).toBe(0);
    expect((await listObjects(blocks)).size).toBe(count);
    expect((await onTwo("probes", 0)).made).toBe(0);
    expect((await onTwo("probes", 1)).made).toBeGreaterThan(0);
    // Neither has fetched more than the cells that it needed.
    for (const n of [one, two])
      expect(readdirSync(cache(n)).map((name) => name.slice(-5))).toEqual([".rows"]);
    const merging = 6;
    begun(merging);
    const merged = readShards(machine(merging));
    expect(shardStatus(machine(merging), merged).stages.map(({ made }) => made)).toEqual([0, 0]);
    await awaitShards(machine(merging));
    expect(shardStatus(machine(merging), merged).stages.map(({ missing }) => missing)).toEqual([[], []]);
    const { composites } = await runStudy(own, { ...common, out: machine(merging) });
    expect(composites).toBe(0);
    expect(made(machine(merging))).toEqual(made(join(base, "one")));
    // One that is damaged is named.
    await putObject(within(parsePlace(`${place}/blocks`), name), Buffer.alloc(size), { replace: true });
    cpSync(join(base, "planned"), machine(7), { recursive: true });
    await expect(awaitShards(machine(7))).rejects.toThrow(
      `${place}/blocks/${name}: is damaged; remove this object`,
    );
  });

  test("medium is lent on a machine that has some of the cells", async () => {
    const cells = join(base, "crowded");
    drawCells(cells, { classes: [...CLASSES, "ER", "golgi", "lipid", "mito"], cellsPerClass: 12, fields: 3 });
    crowd(cells, (cell) => cell % 4 === 0);
    await copyStore(cells, `s3://${BUCKET}/crowded`);
    const parts = await Promise.all(
      [cells, `s3://${BUCKET}/crowded`].map(async (place, n) => {
        const keys = { encoders: ["tiny.json"], classes: CLASSES, backgrounds: ["nucleus"], cells: place };
        const study = readStudyFile(writeStudy(join(base, `crowded${n}.json`), keys));
        const out = join(base, `crowded${n}`);
        await planShards(study, { ...common, out, shards: 2 });
        return { study, out };
      }),
    );
    process.env.CELLSWAP_CACHE = join(base, "crowded-cache");
    for (const { study, out } of parts)
      await makeShard(study, { out, stage: "features", shard: 0, workers: 1 });
    const [own, other] = parts.map(({ out }) => contents(join(out, "features")));
    expect(Object.keys(own).length).toBeGreaterThan(0);
    expect(other).toEqual(own);
    expect(readFileSync(join(parts[1].out, "plan.csv"), "utf8")).toMatch(/^[^\n]*medium_id/);
    expect(readdirSync(join(base, "crowded-cache")).map((name) => name.slice(-5))).toEqual([".rows"]);
  });
});
