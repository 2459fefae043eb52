import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { outlook, shardsOf, type Workload } from "../../../src/study/shards/outlook.ts";
import { run } from "../command.ts";
import { drawCells, writeEncoder, writeStudy } from "../drawn.ts";

const workload: Workload = {
  cells: 1e6,
  planned: 34e6,
  composites: 34e6,
  outputs: 2,
  rowBytes: 2 * (4 * 128 + 12),
  pieces: 4200,
  steps: 2000,
  blocks: 70,
  seconds: { features: 68_000, probes: 9000, merge: 600 },
};

test("shards share out all work and all bytes, and no more of them than there are parts", () => {
  const { arrays, merge } = shardsOf(workload, 200);
  const sum = (of: (task: (typeof arrays)[0]["tasks"][0]) => number) =>
    arrays.map(({ tasks }) => tasks.reduce((n, task) => n + of(task), 0));
  expect(arrays.map(({ tasks }) => tasks.length)).toEqual([200, 70]);
  const [features, probes] = sum(({ seconds }) => seconds);
  expect(features).toBeCloseTo(68_000, 3);
  expect(probes).toBeCloseTo(9000, 3);
  expect(sum(({ bytes }) => bytes)[0] / (34e6 * workload.rowBytes)).toBeCloseTo(1, 9);
  expect(merge.serial).toBeGreaterThan(600);
  expect(shardsOf({ ...workload, blocks: 0 }, 200).arrays).toHaveLength(1);
});

test("what starts cost is told: more shards on the same nodes take more core hours", () => {
  const nodes = { nodes: 8, cores: 32, shardCores: 4 };
  const found = outlook(workload, nodes, [16, 64, 1024]);
  expect(found.map(({ shards }) => shards)).toEqual([16, 64, 1024]);
  const [few, some, many] = found;
  expect(many.coreHours.median).toBeGreaterThan(some.coreHours.median);
  // 16 shards keep a quarter of the 64 places busy.
  expect(few.hours.median).toBeGreaterThan(some.hours.median);
  expect(some.hours.median).toBeGreaterThan((68_000 + 9000) / 256 / 3600);
});

test("plan says what a cluster takes, and refuses what describes none", async () => {
  const base = mkdtempSync(join(tmpdir(), "cellswap-outlook-"));
  try {
    drawCells(join(base, "cells"), { classes: ["cytoplasm", "nucleus"], cellsPerClass: 12, fields: 3 });
    writeEncoder(base, { name: "tiny" });
    const study = writeStudy(join(base, "study.json"), { encoders: ["tiny.json"] });
    const plan = (...args: string[]) =>
      run(["plan", study, "--out", join(base, "out"), "--shards", "4", "--workers", "1", ...args]);
    const { stdout } = await plan("--nodes", "2x8", "--price", "0.5");
    expect(stdout).toMatch(
      /on 2 nodes of 8 cores.*\n {2}1 shards: .* h, .* core hours, price .*\n {2}4 shards: .*\n {2}16 shards: /,
    );
    for (const wrong of [
      ["--nodes", "8"],
      ["--nodes", "0x4"],
      ["--price", "2"],
    ])
      expect((await plan(...wrong)).code).toBe(2);
  } finally {
    rmSync(base, { recursive: true });
  }
});
