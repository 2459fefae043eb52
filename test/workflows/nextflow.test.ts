import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CELLS, has, minutesOf, type Planned, SmallStudy, workflows } from "./study.ts";

const here = join(workflows, "nextflow");
const there = has("nextflow", "-version");

test.skipIf(!has("nextflow-lint", "-h"))("the linter finds nothing (needs nextflow-lint)", () => {
  const { status, stdout, stderr } = spawnSync("nextflow-lint", [here], { encoding: "utf8" });
  expect(status, stdout + stderr).toBe(0);
  const files = readdirSync(here, { recursive: true, encoding: "utf8" });
  const read = files.filter((file) => file.endsWith(".nf") || file.endsWith(".config"));
  expect(stdout).toContain(`${read.length} files had no errors`);
});

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

/** Multiple of the plan's memory that shards ask for, so that it is more than the least. */
const MARGIN = 8;

/** The plan in a folder of tasks; those of stubs, which say next to nothing, are left out. */
function planIn(folder: string): Planned {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const plans = files
    .filter((file) => file.endsWith("plan.json"))
    .map((file): Planned => JSON.parse(readFileSync(join(folder, file), "utf8")));
  return plans.sort((a, b) => b.memory - a.memory)[0];
}

describe.skipIf(!there)("Nextflow (needs nextflow)", () => {
  let study: SmallStudy;
  const nextflow = (...args: string[]) => [
    ...["run", here, "-profile", "test", "-params-file", "params.json"],
    ...["-with-trace", study.at(`trace-${traces++}.txt`), "-c", study.at("trace.config"), ...args],
  ];
  let traces = 0;
  /** Tasks that have ended, as Nextflow traced them: name, attempt, status, and bytes and milliseconds that were asked for. */
  const traced = (run: number | string): Record<string, string>[] => {
    const file = study.at(`trace-${run}.txt`);
    if (!existsSync(file)) return [];
    const [head, ...lines] = readFileSync(file, "utf8").trimEnd().split("\n");
    const names = head.split("\t");
    return lines.map((line) => Object.fromEntries(line.split("\t").map((value, i) => [names[i], value])));
  };

  beforeAll(() => {
    study = new SmallStudy({ withoutCells: true });
    const cells = {
      cells: "cells",
      import_cells: CELLS.import,
      segment_cells: CELLS.segment,
      cell_shards: 2,
    };
    const params = { study: "study.json", ...cells, cellswap: study.stoppedOnce, margin: MARGIN };
    writeFileSync(study.at("params.json"), JSON.stringify(params));
    writeFileSync(
      study.at("trace.config"),
      "trace.fields = 'name,attempt,status,memory,time'\ntrace.raw = true\n",
    );
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
      ...["--max_minutes", "7", "-with-trace", study.at("trace-stub.txt"), "-c", study.at("trace.config")],
      ...["--mount", study.folder, "--study", "study.json", "--outdir", "stub.study"],
      // Options of the segmentation are left out.
      ...["--cells", "stub.cells", "--import_cells", CELLS.import, "--segment_cells", "--cell_shards", "1"],
    ]);
    expect(code, output).toBe(0);
    expect(output.match(/Submitted process > CELLSWAP:CELLSWAP_(FEATURES|PROBES)/g)).toHaveLength(6);
    expect(output.match(/Submitted process > CELLSWAP_CELLS:/g)).toHaveLength(4);
    expect(new Set(traced("stub").map(({ time }) => Number(time)))).toEqual(new Set([7 * 60_000]));
    expect(existsSync(study.at("stub.study"))).toBe(false);
    expect(readFileSync(study.at("docker.log"), "utf8")).toContain(
      `--entrypoint= -v ${study.folder}:${study.folder}`,
    );
  });

  test("a shard that stops is tried again, and killed in the middle it goes on to what one machine makes", {
    timeout: 600_000,
  }, async () => {
    const killed = await study.run("nextflow", nextflow(), {
      killAt: () => traced(0).some(({ attempt, status }) => attempt === "2" && status === "COMPLETED"),
    });
    expect(killed.signal, killed.output).toBe("SIGKILL");
    expect(killed.output).toContain("terminated with an error exit status (75) -- Execution is retried");
    expect(existsSync(study.at("study.study/report.html"))).toBe(false);

    const planned = planIn(study.at("work"));
    const mb = planned.memory / 2 ** 20;
    expect(mb).toBeGreaterThan(1000 / MARGIN);
    const shards = traced(0).filter(({ name }) => name.includes("FEATURES"));
    expect(shards.length).toBeGreaterThan(1);
    for (const { name, attempt, memory, time } of shards) {
      const minutes = minutesOf(planned, Number(/ (\d+)\/3\)/.exec(name)![1]), MARGIN);
      expect([memory, time].map(Number), name).toEqual([
        Math.ceil(MARGIN * mb) * 2 ** 20 * Number(attempt),
        minutes * 60_000 * Number(attempt),
      ]);
    }

    const again = await study.run("nextflow", nextflow("-resume"));
    expect(again.code, again.output).toBe(0);
    expect(again.output).toContain("Cached process > CELLSWAP_CELLS:CELLSWAP_SEGMENT ");
    expect(again.output).toContain("Cached process > CELLSWAP:CELLSWAP_PLAN");
    expect(again.output).toContain(`report: ${study.at("study.study/report.html")}`);
    study.expectWhole("study.study");

    // Another study of the same cells, which is refused when it is planned.
    const file = study.at("study.json");
    const changed = { ...JSON.parse(readFileSync(file, "utf8")), mistaken: true };
    writeFileSync(file, JSON.stringify(changed));
    const refused = await study.run("nextflow", nextflow("-resume"));
    expect(refused.code, refused.output).toBe(1);
    expect(refused.output).toContain("mistaken");
    expect(refused.output).toContain("Submitted process > CELLSWAP:CELLSWAP_PLAN");
    expect(refused.output.match(/Cached process > CELLSWAP_CELLS:/g)).toHaveLength(6);
    expect(refused.output).not.toContain("Submitted process > CELLSWAP_CELLS:");
  });
});
