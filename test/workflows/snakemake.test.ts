import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CELLS, has, minutesOf, type Planned, SmallStudy, workflows } from "./study.ts";

const here = join(workflows, "snakemake");
const there = has("snakemake", "--version") && has("snakefmt", "--version");

/** Multiple of the plan's memory that shards ask for, so that it is more than the least. */
const MARGIN = 9;

describe.skipIf(!there)("Snakemake (needs snakemake and snakefmt)", () => {
  let study: SmallStudy;
  const snakemake = (...args: string[]) => [
    ...["--snakefile", join(here, "Snakefile"), "--workflow-profile", join(here, "profiles/test")],
    ...args,
  ];

  beforeAll(() => {
    study = new SmallStudy({ withoutCells: true });
    const cells = { cells: "cells", ...CELLS, cell_shards: 2 };
    const config = { study: "study.json", shards: 3, ...cells, margin: MARGIN, cellswap: study.stoppedOnce };
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
    const plan = (): Planned => JSON.parse(readFileSync(study.at("flow/study/plan.json"), "utf8"));
    const mb = () => plan().memory / 2 ** 20;
    const killed = await study.run("snakemake", snakemake(), {
      killAt: (output) =>
        output.includes("Trying to restart job") &&
        new RegExp(`mem_mb=${2 * Math.ceil(MARGIN * mb())}\\b.*\\n`).test(output),
    });
    expect(killed.signal, killed.output).toBe("SIGKILL");
    expect(mb()).toBeGreaterThan(2000 / MARGIN);
    const asked = Math.ceil(MARGIN * mb());
    const shards = [...killed.output.matchAll(/^(?:local)?rule features:\n(?: {4}.*\n)*/gm)].map(
      ([block]) => {
        const number = (name: string) => Number(new RegExp(`\\b${name}=(\\d+)`).exec(block)![1]);
        return { shard: number("shard"), asks: [number("mem_mb"), number("runtime")] };
      },
    );
    const attempts = shards.map(({ asks: [own] }) => own / asked);
    expect(new Set(attempts)).toEqual(new Set([1, 2]));
    for (const [i, { shard, asks }] of shards.entries())
      expect(asks, `shard ${shard}`).toEqual(
        [asked, minutesOf(plan(), shard, MARGIN)].map((own) => attempts[i] * own),
      );
    expect(existsSync(study.at("study.study/report.html"))).toBe(false);

    const locked = await study.run("snakemake", snakemake());
    expect(locked).toMatchObject({ code: 1, output: expect.stringContaining("--unlock") });
    expect(await study.run("snakemake", snakemake("--unlock"))).toMatchObject({ code: 0 });
    const again = await study.run("snakemake", snakemake());
    expect(again.code, again.output).toBe(0);
    study.expectWhole("study.study");

    const done = await study.run("snakemake", snakemake());
    expect(done).toMatchObject({ code: 0, output: expect.stringContaining("Nothing to be done") });

    // Another study of the same cells.
    const file = study.at("study.json");
    writeFileSync(file, `${readFileSync(file, "utf8")}\n`);
    const changed = await study.run("snakemake", snakemake("--dry-run"));
    expect(changed.output).toMatch(/^(local)?rule plan:/m);
    expect(changed.output).not.toMatch(/^(local)?rule (import|segment)/m);
  });
});
