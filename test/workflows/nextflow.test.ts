import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { has, SmallStudy, workflows } from "./study.ts";

const here = join(workflows, "nextflow");
const there = has("nextflow", "-version");

test("the schema knows every parameter, with the value that it has by default", () => {
  const config = readFileSync(join(here, "nextflow.config"), "utf8");
  const block = /^params \{\n([^}]*)\n\}/m.exec(config)![1];
  const given = Object.fromEntries(
    [...block.matchAll(/^ {4}(\w+) = (.*)$/gm)].map(([, name, value]) => [name, value.replaceAll("'", "")]),
  );
  const schema = JSON.parse(readFileSync(join(here, "nextflow_schema.json"), "utf8"));
  const groups: { properties: Record<string, { default?: unknown }> }[] = Object.values(schema.$defs);
  const known = groups.flatMap(({ properties }) => Object.entries(properties));
  expect(
    Object.fromEntries(known.map(([name, { default: value }]) => [name, String(value ?? null)])),
  ).toEqual(given);
  expect(schema.allOf).toEqual(Object.keys(schema.$defs).map((name) => ({ $ref: `#/$defs/${name}` })));
});

describe.skipIf(!there)("Nextflow (needs nextflow)", () => {
  let study: SmallStudy;
  const nextflow = (...args: string[]) => [
    ...["run", here, "-profile", "test", "--study", "study.json"],
    ...["--cellswap", study.stoppedOnce, ...args],
  ];

  beforeAll(() => {
    study = new SmallStudy();
  }, 600_000);
  afterAll(() => study.remove());

  test("its processes run as stubs, in containers that see the folder that is mounted", async () => {
    // A docker that notes what it was asked for, and runs the task without a container.
    const docker = `#!/bin/sh\necho "$@" >> '${study.at("docker.log")}'\nuntil [ "$1" = image ]; do shift; done\nshift\n"$@"\n`;
    mkdirSync(study.at("bin"));
    writeFileSync(study.at("bin/docker"), docker, { mode: 0o755 });
    const { code, output } = await study.run("env", [
      `PATH=${study.at("bin")}:${process.env.PATH}`,
      ...["nextflow", "run", here, "-profile", "test,docker", "-stub-run", "--container", "image"],
      ...["--mount", study.folder, "--study", "study.json", "--outdir", "stub.study"],
    ]);
    expect(code, output).toBe(0);
    expect(output.match(/Submitted process > CELLSWAP:CELLSWAP_(FEATURES|PROBES)/g)).toHaveLength(6);
    expect(existsSync(study.at("stub.study"))).toBe(false);
    expect(readFileSync(study.at("docker.log"), "utf8")).toContain(
      `--entrypoint= -v ${study.folder}:${study.folder}`,
    );
  });

  test("a shard that stops is tried again, and killed in the middle it goes on to what one machine makes", {
    timeout: 600_000,
  }, async () => {
    const killed = await study.run("nextflow", nextflow(), {
      killAt: (output) => output.includes("Re-submitted"),
    });
    expect(killed.signal, killed.output).toBe("SIGKILL");
    expect(killed.output).toContain("terminated with an error exit status (75) -- Execution is retried");
    expect(existsSync(study.at("study.study/report.html"))).toBe(false);

    const again = await study.run("nextflow", nextflow("-resume"));
    expect(again.code, again.output).toBe(0);
    expect(again.output).toContain("Cached process > CELLSWAP:CELLSWAP_PLAN");
    expect(again.output).toContain(`report: ${study.at("study.study/report.html")}`);
    study.expectWhole("study.study");
  });
});
