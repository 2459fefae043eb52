/**
 * One study as a user runs it, all of it: the reference's 1,642 real cells and three quarter-width networks, with the presets
 * `recommended` and `published` (or those of --presets). Seconds of the processor by stage, in units of what the bare networks
 * take for the same composites, and seconds on the clock in units of those on all cores, which say nothing beside other work;
 * the study runs in a process of its own, from its first import to its end. Build first. Needs `../shared`; under --smoke some
 * simulated cells and a bundled network.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { writeSimulatedCells } from "../src/simulate/write-cells.ts";
import { bareCpu, option, record, show, smoke, spread } from "./harness.ts";
import { channelsOf, describeEncoders, importCells, isHere, names, reference } from "./reference.ts";

/** Seconds of the processor and on the clock by stage, all of them together, and what was made. */
interface Run {
  readonly stages: Record<string, number>;
  readonly clock: Record<string, number>;
  readonly cpuSeconds: number;
  readonly seconds: number;
  readonly composites: number;
}

const folder = mkdtempSync(join(tmpdir(), "cellswap-one-study-"));
const presets = smoke ? ["recommended"] : option("presets", "recommended,published").split(",");

function run(preset: string): Run {
  const text = execFileSync(
    process.execPath,
    [
      ...(smoke ? ["--import", "tsx"] : []),
      join(import.meta.dirname, "one-study-run.mjs"),
      join(folder, `${preset}.json`),
      join(folder, preset),
      smoke ? "src" : "dist",
    ],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  return JSON.parse(text);
}

/** Seconds of one processor that the bare networks take for one composite. */
async function pure(): Promise<number> {
  let seconds = 0;
  for (const name of names)
    seconds += await bareCpu(join(reference, `onnx/${name}.onnx`), [16, channelsOf(name).length, 64, 64], 3);
  return seconds;
}

try {
  if (!smoke && !isHere) console.log("skipped: the real crops and the reference (../shared) are not here");
  else {
    const cells = join(folder, "cells");
    if (smoke)
      await writeSimulatedCells(cells, {
        seed: 3,
        proteinsPerLocalization: 1,
        cellsPerProtein: 12,
        fieldsPerProtein: 3,
      });
    else await importCells(cells);
    const encoders = smoke ? ["deeploc"] : describeEncoders(folder);
    const more = smoke ? { classes: ["ER", "nucleus"] } : { class: "Protein" };
    for (const preset of presets)
      writeFileSync(join(folder, `${preset}.json`), JSON.stringify({ cells, encoders, preset, ...more }));
    const rounds = Number(option("rounds", smoke ? "1" : "3"));
    const results: Record<string, (Run & { pureSeconds: number; load: number })[]> = {};
    for (let round = 0; round < rounds; round++)
      for (const preset of presets) {
        // Before and after, as the machine drifts.
        const before = smoke ? 1 : await pure();
        const done = run(preset);
        const pureSeconds = (done.composites * (before + (smoke ? 1 : await pure()))) / 2;
        const load = loadavg()[0];
        console.log(preset, { ...done, pureSeconds, load });
        (results[preset] ??= []).push({ ...done, pureSeconds, load });
      }
    const summary = Object.fromEntries(
      Object.entries(results).map(([preset, runs]) => {
        const of = (seconds: (r: (typeof runs)[number]) => number) =>
          runs.map((r) => seconds(r) / r.pureSeconds);
        const whole = of((r) => r.cpuSeconds);
        const stages = [...new Set(runs.flatMap((r) => Object.keys(r.stages)))];
        if (!smoke)
          console.log(`${preset}: whole / pure encoding ${show(whole, 2)} (seconds of the processor)`);
        const share = (of: (r: (typeof runs)[number], stage: string) => number) =>
          Object.fromEntries(stages.map((s) => [s, spread(runs.map((r) => of(r, s)))]));
        // On the clock, pure encoding takes all cores.
        const cores = availableParallelism();
        const onClock = (r: (typeof runs)[number], seconds: number) => (cores * seconds) / r.pureSeconds;
        return [
          preset,
          {
            wholeOfEncoding: spread(whole),
            byStage: share((r, s) => (r.stages[s] ?? 0) / r.pureSeconds),
            wholeOnTheClock: spread(runs.map((r) => onClock(r, r.seconds))),
            byStageOnTheClock: share((r, s) => onClock(r, r.clock[s] ?? 0)),
          },
        ];
      }),
    );
    record("one-study", { summary, rounds: results });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
