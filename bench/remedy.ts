/**
 * What remedies cost in time: all of them on the demo, after its study has run. Processor time (all threads) beside wall
 * time, their ratio to the study's own, and peak memory. `--quick` (one encoder and its twin), `--remedies a,b`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { built, option, record, smoke } from "./harness.ts";

const { runDemo } = await built<typeof import("../src/demo.ts")>("demo");
const { readStudyFile } = await built<typeof import("../src/study/schema.ts")>("study/schema");
const { runStudy } = await built<typeof import("../src/study.ts")>("study");
const { ALL_REMEDIES } = await built<typeof import("../src/remedy/name.ts")>("remedy/name");

const quick = smoke || process.argv.includes("--quick");
const remedies = smoke ? ["masked-2", "leace"] : option("remedies", ALL_REMEDIES.join(",")).split(",");
const folder = mkdtempSync(join(tmpdir(), "cellswap-remedy-"));

/** Seconds. */
interface Time {
  readonly wall: number;
  readonly processor: number;
}

async function timed(work: () => Promise<unknown>): Promise<Time> {
  const started = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - started) / 1000, processor: (user + system) / 1e6 };
}

const show = (name: string, { wall, processor }: Time) =>
  console.log(
    `${name.padEnd(22)} ${processor.toFixed(1).padStart(7)} s of processor, ${wall.toFixed(1).padStart(7)} s`,
  );

try {
  let study = "";
  const demo = await timed(async () => {
    study = (await runDemo(folder, { quick, ...(smoke ? { cells: 10 } : {}) })).study;
  });
  show("the demo itself", demo);
  const base = readStudyFile(study);
  const out = study.replace(/\.json$/, "");
  const again = await timed(() => runStudy(base, { out }));
  show("nothing to be done", again);
  // Each run adds one remedy to those that are there; what a run takes that has nothing to do is taken off.
  const each: Record<string, Time> = {};
  for (const [i, name] of remedies.entries()) {
    const found = await timed(() => runStudy({ ...base, remedies: remedies.slice(0, i + 1) }, { out }));
    each[name] = { wall: found.wall - again.wall, processor: found.processor - again.processor };
    show(name, each[name]);
  }
  const sum = (of: keyof Time) => Object.values(each).reduce((total, time) => total + time[of], 0);
  const all: Time = { wall: sum("wall"), processor: sum("processor") };
  const peak = process.resourceUsage().maxRSS / 1024;
  show("all remedies", all);
  console.log(
    `${(all.processor / demo.processor).toFixed(2)} times the demo's own processor time; peak memory ${peak.toFixed(0)} MiB`,
  );
  record(quick ? "remedy-quick" : "remedy", { remedies, demo, again, each, all, peakMiB: Math.round(peak) });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
