import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { built } from "../built.ts";
import { Product, tree } from "../faults/harness.ts";
import { Cluster, noSlurm, until } from "./cluster.ts";
import { differences, installCommand, makeAmidFaults, ShardedStudy, scripts } from "./sharded.ts";

const lateDisk = resolve(import.meta.dirname, "../../scripts/cluster/late-disk.py");
const faketime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
const hasLateDisk = existsSync("/usr/lib/python3/dist-packages/fusepy.py") && existsSync("/dev/fuse");
const SHARDS = 4;
/** Seconds after which the late disk shows what others did. */
const LATE = 5;

describe.skipIf(noSlurm !== undefined)(`a study on a Slurm of two nodes (${noSlurm ?? "here"})`, () => {
  const base = mkdtempSync(join(tmpdir(), "cellswap-slurm-"));
  const [small, late, real] = ["small", "late", "real"].map((name) => join(base, name));
  const study = join(base, "study.json");
  const whole = join(base, "whole");
  const cluster = new Cluster(join(base, "cluster"), base, {
    PATH: `${installCommand(join(base, "bin"), built())}:${process.env.PATH}`,
    SOURCE_DATE_EPOCH: "1700000000",
  });
  const sharded = (out: string) => new ShardedStudy(cluster, study, out);

  beforeAll(async () => {
    for (const folder of [small, late, real, cluster.folder]) mkdirSync(folder);
    writeFileSync(
      join(cluster.folder, "login.boot"),
      `mount -t tmpfs -o size=1m none ${small}\nmount --bind ${real} ${late}\n`,
    );
    if (hasLateDisk)
      for (const node of ["node1", "node2"])
        writeFileSync(join(cluster.folder, `${node}.boot`), `${lateDisk} ${real} ${late} ${LATE}\n`);
    await cluster.up();
    const product = new Product(built());
    const simulated = ["--localizations", "cytoplasm,mitochondrion,nucleus,vacuole", "--cells", "100"];
    await product.run(base, ["simulate", "--out", "cells", "--fields", "6", ...simulated]);
    const settings = ["original", "self", "cell-free", "different"];
    writeFileSync(
      study,
      JSON.stringify({ cells: "cells", encoders: ["deeploc"], settings, learningCurve: false }),
    );
    await product.run(base, ["run", study, "-o", whole, "--progress", "none"]);
  });
  afterEach(() => {
    cluster.setVariables("node1");
    cluster.setVariables("node2");
  });
  afterAll(async () => {
    await cluster.down();
    rmSync(base, { recursive: true, force: true });
  });

  test("tasks run on both nodes", async () => {
    const hosts = await cluster.login("srun", "--nodes", "2", "hostname");
    expect(hosts.trim().split("\n").sort()).toEqual(["node1", "node2"]);
  });

  test("a node loses power within a shard, and two shards run twice at once", async () => {
    const made = sharded(join(base, "killed"));
    await made.plan(SHARDS);
    await makeAmidFaults(cluster, made, SHARDS);
    await made.merge();
    expect(differences(whole, made.out)).toEqual([]);
  });

  test("tasks that are preempted stop and go on when the nodes are free again", async () => {
    const made = sharded(join(base, "preempted"));
    await made.plan(SHARDS);
    const holds = [cluster.hold("node1", "open:1"), cluster.hold("node2", "open:1")];
    const job = await made.submit(`0-${SHARDS - 1}`);
    const held = await Promise.all(holds.map((wait) => wait()));
    // They are sent SIGCONT and SIGTERM, and have 30 s.
    await cluster.login("srun", "--partition", "urgent", "--nodes", "2", "--exclusive", "true");
    expect(await cluster.ended(job)).toEqual([]);
    for (const { task } of held) {
      const log = readFileSync(join(base, `cellswap-shard-${job}_${task}.log`), "utf8");
      expect(log).toMatch(/stopped/);
      expect(log).toMatch(/composites encoded/);
    }
    await made.merge();
    expect(differences(whole, made.out)).toEqual([]);
  });

  test("tasks that are to end while an encoder hangs, or while a write does not return, are killed and made again", async () => {
    const hung = join(base, "hung.json");
    const made = new ShardedStudy(cluster, hung, join(base, "hung"));
    const program = resolve(import.meta.dirname, "../encode/command/program.mjs");
    const description = {
      ...{ format: "cellswap-encoder", version: 1, name: "net", outputs: [{ output: "y" }], batch: 16 },
      command: [process.execPath, program, "notes"],
      input: { channels: ["GFP", "RFP"], height: 64, width: 64 },
    };
    writeFileSync(join(base, "net.json"), JSON.stringify(description));
    const settings = ["original", "self", "cell-free"];
    writeFileSync(
      hung,
      JSON.stringify({
        cells: "cells",
        encoders: ["net.json"],
        settings,
        pairs: "none",
        learningCurve: false,
      }),
    );
    const alone = join(base, "hung-whole");
    await new Product(built()).run(base, ["run", hung, "-o", alone, "--progress", "none"]);
    await made.plan(2);

    const hangs = join(base, "hangs");
    cluster.setVariables("node1", { CELLSWAP_TEST_HANG: hangs });
    const deaf = cluster.hold("node2", "rename:2", undefined, { HOLD_DEAF: "1" });
    const job = await made.submit("0-1");
    const { task } = await deaf();
    await until("a program that hangs", 100, () => existsSync(hangs));
    // SIGTERM, and SIGKILL after KillWait.
    await cluster.login("scancel", job);
    const cancelled = await cluster.ended(job, 120);
    expect(cancelled).toEqual(["0 CANCELLED", "1 CANCELLED"]);
    for (const node of ["node1", "node2"] as const)
      expect(await cluster.on(node, "bash", "-c", "pgrep -f 'program.mj[s]|cli.j[s] shard' || true")).toBe(
        "",
      );
    const log = (own: string) => readFileSync(join(base, `cellswap-shard-${job}_${own}.log`), "utf8");
    expect(log(task === "0" ? "1" : "0")).toMatch(/stopped/);
    expect(log(task)).not.toMatch(/stopped/);
    const parts = () => Object.keys(tree(made.out)).filter((name) => name.includes(".part-"));
    expect(parts().length).toBeGreaterThan(0);

    cluster.setVariables("node1");
    const again = await made.submit(await made.missing(), "--nodelist=node2");
    expect(await cluster.ended(again)).toEqual([]);
    expect(parts()).toEqual([]);
    await made.merge();
    expect(differences(alone, made.out)).toEqual([]);
  });

  test("the disk of the features and the scratch of the nodes are full", async () => {
    const made = sharded(join(small, "study"));
    await made.plan(SHARDS);
    await cluster.login("bash", "-c", `head -c 1m /dev/zero >${small}/full || true`);
    for (const node of ["node1", "node2"] as const) cluster.setVariables(node, { TMPDIR: small });
    const job = await made.submit(`0-${SHARDS - 1}`);
    expect(await cluster.ended(job)).toEqual(Array.from({ length: SHARDS }, (_, i) => `${i} FAILED`));
    expect(readFileSync(join(base, `cellswap-shard-${job}_0.log`), "utf8")).toMatch(/the disk is full/);
    await expect(made.cellswap("merge", "--wait", "0")).rejects.toThrow(/of shards 0-3/);
    await cluster.login("mount", "-o", "remount,size=100m", small);
    await cluster.login("rm", `${small}/full`);
    expect(await cluster.ended(await made.submit(await made.missing()))).toEqual([]);
    await made.merge();
    await cluster.login("cp", "-r", made.out, join(base, "full"));
    expect(differences(whole, join(base, "full"))).toEqual([]);
  });

  test("clocks of the nodes are two hours behind and ahead", { skip: !existsSync(faketime) }, async () => {
    const made = sharded(join(base, "skewed"));
    await made.plan(SHARDS);
    const clock = (FAKETIME: string) => {
      return { LD_PRELOAD: faketime, FAKETIME, DONT_FAKE_MONOTONIC: "1", NO_FAKE_STAT: "1" };
    };
    const hold = cluster.hold("node1", "open:2", undefined, clock("-2h"));
    cluster.setVariables("node2", clock("+2h"));
    const job = await made.submit(`0-${SHARDS - 1}`);
    const { task, goOn } = await hold();
    await until("the other shards", 120, async () => (await made.missing()) === task);
    await goOn();
    expect(await cluster.ended(job)).toEqual([]);
    await made.merge();
    expect(differences(whole, made.out)).toEqual([]);
  });

  test("names on the shared disk are seen late: from plan to report by submit.sh", {
    skip: !hasLateDisk,
  }, async () => {
    writeFileSync(join(real, "study.json"), readFileSync(study, "utf8").replace(':"cells"', ':"../cells"'));
    const printed = await cluster.login(
      "bash",
      "-c",
      `cd ${late} && ${scripts}/submit.sh study.json ${SHARDS}`,
    );
    const merge = printed.match(/made by job (\d+)/)![1];
    expect(await cluster.ended(merge)).toEqual([]);
    expect(differences(whole, join(real, "study.study"))).toEqual([]);
  });
});
