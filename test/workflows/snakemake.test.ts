import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { has, SmallStudy, workflows } from "./study.ts";

const here = join(workflows, "snakemake");
const there = has("snakemake", "--version") && has("snakefmt", "--version");

describe.skipIf(!there)("Snakemake (needs snakemake and snakefmt)", () => {
  let study: SmallStudy;
  const snakemake = (...args: string[]) => [
    ...["--snakefile", join(here, "Snakefile"), "--workflow-profile", join(here, "profiles/test")],
    ...args,
  ];

  beforeAll(() => {
    study = new SmallStudy();
    const config = { study: "study.json", shards: 3, mem_mb: 700, cellswap: study.stoppedOnce };
    writeFileSync(study.at("config.yaml"), JSON.stringify(config));
  }, 600_000);
  afterAll(() => study.remove());

  test("its linter and its formatter have nothing to say", async () => {
    expect(await study.run("snakemake", snakemake("--lint"))).toMatchObject({
      code: 0,
      output: expect.stringContaining("your workflow is in a good condition"),
    });
    expect(await study.run("snakefmt", ["--check", join(here, "Snakefile")])).toMatchObject({ code: 0 });
  });

  test("a key that the schema does not know is refused by name", async () => {
    const { code, output } = await study.run("snakemake", snakemake("--dry-run", "--config", "shard=3"));
    expect(code).toBe(1);
    expect(output).toContain("'shard' was unexpected");
  });

  test("a shard that stops is tried again, and killed in the middle it goes on to what one machine makes", {
    timeout: 600_000,
  }, async () => {
    const killed = await study.run("snakemake", snakemake(), {
      killAt: (output) => output.includes("mem_mb=1400"),
    });
    expect(killed.signal).toBe("SIGKILL");
    expect(killed.output).toContain("Trying to restart job");
    expect(killed.output).toMatch(/mem_mb=1400/);
    expect(existsSync(study.at("study.study/report.html"))).toBe(false);

    const locked = await study.run("snakemake", snakemake());
    expect(locked).toMatchObject({ code: 1, output: expect.stringContaining("--unlock") });
    expect(await study.run("snakemake", snakemake("--unlock"))).toMatchObject({ code: 0 });
    const again = await study.run("snakemake", snakemake());
    expect(again.code, again.output).toBe(0);
    study.expectWhole("study.study");

    const done = await study.run("snakemake", snakemake());
    expect(done).toMatchObject({ code: 0, output: expect.stringContaining("Nothing to be done") });
  });
});
