import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noSlurm } from "../cluster/cluster.ts";
import { has, SmallStudy, workflows } from "./study.ts";

const here = join(workflows, "snakemake");
const slurm = resolve(import.meta.dirname, "../../scripts/cluster/slurm.sh");
const there = noSlurm === undefined && has("snakemake", "--executor", "slurm", "--version");

describe.skipIf(!there)("Snakemake on Slurm (needs snakemake-executor-plugin-slurm and Slurm)", () => {
  let study: SmallStudy;
  const cluster = (...args: string[]) =>
    study.run("bash", [slurm, args[0], study.at("cluster"), ...args.slice(1)]);

  beforeAll(async () => {
    study = new SmallStudy();
    const config = { study: "study.json", shards: 2, probes: false, mem_mb: 700, runtime: 5 };
    writeFileSync(study.at("config.yaml"), JSON.stringify({ ...config, cellswap: study.stoppedOnce }));
    // Snakemake takes the variable SLURM_CONF from its jobs: the nodes find the file where it is on any cluster.
    mkdirSync(study.at("cluster"));
    const conf = `ln -s '${study.at("cluster/slurm.conf")}' /etc/slurm/slurm.conf`;
    writeFileSync(study.at("cluster/login.boot"), `mount -t tmpfs tmpfs /etc/slurm\n${conf}\n`);
    expect(await cluster("up")).toMatchObject({ code: 0 });
  }, 600_000);
  afterAll(async () => {
    await cluster("down");
    study.remove();
  });

  test("shards on two nodes, one of which stops once, make what one machine makes", {
    timeout: 600_000,
  }, async () => {
    const { code, output } = await cluster(
      ...["login", "snakemake", "--snakefile", join(here, "Snakefile")],
      ...["--workflow-profile", join(here, "profiles/slurm")],
      ...["--slurm-no-account", "--slurm-status-command", "squeue"],
      ...["--seconds-between-status-checks", "1", "--slurm-init-seconds-before-status-checks", "1"],
    );
    expect(code, output).toBe(0);
    expect(output.match(/has been submitted with SLURM jobid/g)).toHaveLength(5);
    study.expectWhole("study.study");
  });
});
