import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyStore } from "../../../src/cells/remote/copy.ts";
import { InterruptedError } from "../../../src/errors.ts";
import { RemoteFeatures } from "../../../src/features/remote.ts";
import { parsePlace, within } from "../../../src/files/objects/place.ts";
import { putObject } from "../../../src/files/objects/write.ts";
import { isOwnFeature } from "../../../src/study/own-files.ts";
import { readStudyFile, type Study } from "../../../src/study/schema.ts";
import { readShards } from "../../../src/study/shards/file.ts";
import { makeShard } from "../../../src/study/shards/make.ts";
import { awaitFeatures } from "../../../src/study/shards/merge.ts";
import { planShards } from "../../../src/study/shards/plan.ts";
import { shardStatusEverywhere } from "../../../src/study/shards/status.ts";
import { runStudy } from "../../../src/study.ts";
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

describe.skipIf(!HAS_SERVER)("shards on machines that share an object store alone", () => {
  const base = mkdtempSync(join(tmpdir(), "cellswap-remote-shards-"));
  const before = { ...process.env };
  const machine = (n: number) => join(base, `machine${n}/study`);
  const features = `s3://${BUCKET}/features`;
  let server: ObjectServer;
  let local: Study;
  let remote: Study;

  beforeAll(async () => {
    server = await startServer();
    Object.assign(process.env, environment(server.endpoint), { CELLSWAP_CACHE: join(base, "cache") });
    drawCells(join(base, "cells"), { classes: CLASSES, cellsPerClass: 12, fields: 3 });
    writeEncoder(base, { name: "tiny" });
    const keys = { encoders: ["tiny.json"], backgrounds: ["nucleus", "vacuole"] };
    local = readStudyFile(writeStudy(join(base, "study.json"), keys));
    await copyStore(join(base, "cells"), `s3://${BUCKET}/cells`);
    const places = { cells: `s3://${BUCKET}/cells`, features };
    remote = readStudyFile(writeStudy(join(base, "remote.json"), { ...keys, ...places }));
    await runStudy(local, { ...common, out: join(base, "one") });
    await planShards(remote, { ...common, out: join(base, "planned"), shards: 3 });
    for (const n of [0, 1, 2]) cpSync(join(base, "planned"), machine(n), { recursive: true });
  }, 120_000);
  afterAll(async () => {
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

  test("make what a run on one machine makes, to the byte", { timeout: 240_000 }, async () => {
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
});
