import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readStudyFile, type Study } from "../../../src/study/schema.ts";
import { readShards, type Shards, STAGES, type Stage } from "../../../src/study/shards/file.ts";
import { makeShard } from "../../../src/study/shards/make.ts";
import { awaitFeatures } from "../../../src/study/shards/merge.ts";
import { planShards } from "../../../src/study/shards/plan.ts";
import { shardStatus } from "../../../src/study/shards/status.ts";
import { runStudy } from "../../../src/study.ts";
import { contents, run } from "../command.ts";
import { drawCells, writeEncoder, writeStudy } from "../drawn.ts";

const CLASSES = ["cytoplasm", "nucleus", "vacuole"];
const base = mkdtempSync(join(tmpdir(), "cellswap-shards-"));
const one = join(base, "one");
/** Planned, and nothing made. */
const planned = join(base, "planned");
const NUMBER = 5;
const common = { date: "2026-01-01", command: "cellswap run study.json", workers: 1 };
let path: string;
let study: Study;

beforeAll(async () => {
  drawCells(join(base, "cells"), { classes: CLASSES, cellsPerClass: 12, fields: 3 });
  writeEncoder(base, { name: "tiny" });
  writeEncoder(base, { name: "more", seed: 3 });
  const keys = { encoders: ["tiny.json", "more.json"], backgrounds: ["nucleus", "vacuole"] };
  path = writeStudy(join(base, "study.json"), keys);
  study = readStudyFile(path);
  await runStudy(study, { ...common, out: one });
  await planShards(study, { ...common, out: planned, shards: NUMBER });
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Files of a study folder but the plan of its shards. */
function made(folder: string): Record<string, string> {
  const { "shards.json": _, ...others } = contents(folder);
  return others;
}

/** What status should say, by a look at every file: whether it is there, and under its key. */
function missing(folder: string, { pieces, blocks }: Shards): Record<Stage, number[]> {
  const files = new Set(readdirSync(folder, { recursive: true, encoding: "utf8" }));
  const features = pieces.filter(({ parts }) =>
    parts.some((part) =>
      [".npy", ".rows.npy", ".sums.npy"].some((end) => !files.has(`features/${part}${end}`)),
    ),
  );
  const probes = blocks.filter(
    ({ file, key }) => !files.has(file) || JSON.parse(readFileSync(join(folder, file), "utf8")).key !== key,
  );
  const shards = (all: readonly { readonly shard: number }[]) =>
    [...new Set(all.map(({ shard }) => shard))].sort((a, b) => a - b);
  return { features: shards(features), probes: shards(probes) };
}

interface Action {
  readonly do: "make" | "twice" | "stop" | "lose" | "plan";
  readonly number: number;
}

const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constantFrom("make", "twice", "stop"), number: fc.nat(NUMBER - 1) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constantFrom("lose", "plan"), number: fc.integer({ min: 1, max: 30 }) }),
    },
  ),
  { minLength: 2, maxLength: 6 },
);

test("whatever becomes of shards, status is right at every state, and the merge is the run on one machine", {
  timeout: 300_000,
}, async () => {
  let folders = 0;
  await fc.assert(
    fc.asyncProperty(actions, async (list) => {
      const out = join(base, `drawn-${folders++}`);
      cpSync(planned, out, { recursive: true });
      const checkStatus = () => {
        const shards = readShards(out);
        const expected = missing(out, shards);
        const found = shardStatus(out).stages;
        expect(Object.fromEntries(found.map(({ stage, missing }) => [stage, missing]))).toEqual(expected);
        return expected;
      };
      const make = (shard: number, stage: Stage, signal?: AbortSignal) =>
        makeShard(study, { out, shard, stage, workers: 1, ...(signal === undefined ? {} : { signal }) });
      for (const action of list) {
        const { features } = checkStatus();
        const stage: Stage = features.length === 0 ? "probes" : "features";
        if (action.do === "plan") await planShards(study, { ...common, out, shards: action.number });
        else if (action.do === "lose") {
          const parts = readdirSync(join(out, "features"), { recursive: true, encoding: "utf8" }).filter(
            (name) => /^.*[0-9a-f]{12}\.npy$/.test(name),
          );
          if (parts.length > 0) rmSync(join(out, "features", parts[action.number % parts.length]));
        } else {
          const shard = action.number % readShards(out).shards;
          if (action.do === "stop") {
            const controller = new AbortController();
            const done = make(shard, stage, controller.signal);
            setTimeout(() => controller.abort(), 150);
            await done.catch((error: Error) => expect(error.name).toBe("InterruptedError"));
          } else if (action.do === "make") await make(shard, stage);
          else {
            const args = ["shard", path, "--out", out, "--shard", String(shard), "--stage", stage];
            const both = await Promise.all([run(args), run(args)]);
            for (const ended of both) expect(ended, ended.stderr).toMatchObject({ code: 0 });
          }
        }
      }
      for (const stage of STAGES)
        for (const shard of checkStatus()[stage].toReversed()) await make(shard, stage);
      expect(checkStatus()).toEqual({ features: [], probes: [] });
      await awaitFeatures(out);
      const { composites, made: work } = await runStudy(study, { ...common, out });
      expect([composites, work.fits]).toEqual([0, 0]);
      expect(made(out)).toEqual(contents(one));
      rmSync(out, { recursive: true });
    }),
    { seed: 5, numRuns: 3 },
  );
});

test("more shards than pieces: those that have nothing end at once", async () => {
  const out = join(base, "many");
  cpSync(planned, out, { recursive: true });
  const { shards } = await planShards(study, { ...common, out, shards: 100 });
  expect(shards.pieces.length).toBeLessThan(100);
  const empty = [...Array(100).keys()].find((s) => shards.pieces.every(({ shard }) => shard !== s))!;
  expect(await makeShard(study, { out, shard: empty, stage: "features" })).toMatchObject({ made: 0 });
});

test("a merge before its time names the shards, and a study that changed asks for a new plan", async () => {
  const out = join(base, "early");
  cpSync(planned, out, { recursive: true });
  await makeShard(study, { out, shard: 1, stage: "features", workers: 1 });
  await expect(awaitFeatures(out)).rejects.toThrow(/parts of the features, of shards 0,2-4; make them/);
  await expect(makeShard(study, { out, shard: 0, stage: "probes" })).rejects.toThrow(
    /lacks 12 of 16 parts of the features, of shards 0,2-4; make them/,
  );
  await expect(makeShard(study, { out, shard: 5, stage: "features" })).rejects.toThrow(
    /has 5 shards, numbered 0 to 4, and 5 is none of them/,
  );
  const before = made(out);
  await expect(
    makeShard({ ...study, seed: study.seed + 1 }, { out, shard: 0, stage: "features" }),
  ).rejects.toThrow(/changed since its shards were planned; run `cellswap plan` again/);
  expect(made(out)).toEqual(before);
  writeFileSync(
    join(out, "shards.json"),
    readFileSync(join(out, "shards.json"), "utf8").replace('"shard":1', '"shard":2'),
  );
  expect(() => shardStatus(out)).toThrow(/shards.json: is damaged/);
  expect(() => shardStatus(base)).toThrow(/has no shards yet; run `cellswap plan STUDY --shards N`/);
});

test("a part whose sums are damaged is made again by its shard, once the study is planned again", async () => {
  const out = join(base, "torn");
  cpSync(planned, out, { recursive: true });
  for (const shard of Array(NUMBER).keys())
    await makeShard(study, { out, shard, stage: "features", workers: 1 });
  const [name] = readShards(out).pieces[0].parts;
  writeFileSync(join(out, "features", `${name}.sums.npy`), "torn");
  const told: string[] = [];
  const { shards } = await planShards(study, {
    ...common,
    out,
    shards: 2,
    onDamage: (path) => told.push(path),
  });
  expect(told).toEqual([join(out, "features", `${name}.sums.npy`)]);
  expect(shards.pieces.map(({ parts }) => parts)).toEqual([[name]]);
  for (const shard of [0, 1]) await makeShard(study, { out, shard, stage: "features", workers: 1 });
  await awaitFeatures(out);
});

test("a shard that would make other parts than were planned says so before it makes any", async () => {
  const out = join(base, "other");
  cpSync(planned, out, { recursive: true });
  writeEncoder(join(base, "changed"), { name: "tiny", seed: 9 });
  const encoders = [join(base, "changed", "tiny.json"), join(base, "more.json")];
  const before = contents(out);
  await expect(
    makeShard({ ...study, encoders }, { out, shard: 0, stage: "features", workers: 1 }),
  ).rejects.toThrow(/an encoder, --device, .* was changed since its shards were planned/);
  expect(contents(out)).toEqual(before);
});

test("a study that is planned anew meanwhile lets shards of the plan before end well", async () => {
  const out = join(base, "anew");
  cpSync(planned, out, { recursive: true });
  for (const shard of Array(NUMBER).keys())
    await makeShard(study, { out, shard, stage: "features", workers: 1 });
  let again: Promise<unknown> | undefined;
  const onProgress = () => {
    again ??= planShards(study, { ...common, out, shards: 2 });
  };
  const { made } = await makeShard(study, { out, shard: 3, stage: "probes", workers: 1, onProgress });
  expect(made).toBeGreaterThan(0);
  await again;
});

test("a merge of a study that wants more than its shards made makes none of it", async () => {
  const out = join(base, "wider");
  cpSync(planned, out, { recursive: true });
  for (const shard of Array(NUMBER).keys())
    await makeShard(study, { out, shard, stage: "features", workers: 1 });
  const wider = readStudyFile(writeStudy(join(base, "wider.json"), { encoders: ["tiny.json", "more.json"] }));
  await awaitFeatures(out);
  await expect(runStudy(wider, { ...common, out, encoded: true })).rejects.toThrow(
    /lacks \d+ composites that no shard was to make/,
  );
  expect(existsSync(join(out, "report.json"))).toBe(false);
});
