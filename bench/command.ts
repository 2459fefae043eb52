/**
 * How busy another program is kept that is an encoder: the share of the time from the start of its first batch to the end of
 * its last in which it computes. The program takes a known time for a batch of 32 crops and no processor (bench/command-program.mjs);
 * composites are those of the preset `recommended`.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { readEncoder } from "../src/encode/encoder-file.ts";
import { SETTINGS } from "../src/settings.ts";
import { built, interleaved, option, record, show, smoke, spread } from "./harness.ts";
import { simulatedComposites } from "./simulated.ts";

const { extract, tryEncoder } = await built<typeof import("../src/features/extract.ts")>("features/extract");
const { RunningPrograms } =
  await built<typeof import("../src/encode/command/programs.ts")>("encode/command/programs");

const folder = mkdtempSync(join(tmpdir(), "cellswap-command-"));
const { store, plan, scales, composite } = await simulatedComposites(folder, {
  cellsPerProtein: smoke ? 2 : 25,
  settings: SETTINGS,
  backgrounds: 2,
});
const workers = Number(option("workers", String(availableParallelism())));
const BATCH = 32;

/** Composites per second, from the first batch to the last, in every run, by the milliseconds for a batch. */
const rates: Record<number, number[]> = {};

/** Runs all composites through a program that takes `ms` for a batch; the share of the time in which it computes. */
async function busy(ms: number): Promise<number> {
  const path = join(folder, `net${ms}.json`);
  writeFileSync(
    path,
    JSON.stringify({
      format: "cellswap-encoder",
      version: 1,
      name: "net",
      command: [process.execPath, join(import.meta.dirname, "command-program.mjs"), String(ms)],
      batch: BATCH,
      input: { channels: store.channels, height: store.height, width: store.width },
      outputs: [{ output: "y" }],
    }),
  );
  const encoder = readEncoder(path);
  let printed = "";
  const programs = new RunningPrograms((chunk) => (printed += Buffer.from(chunk).toString()));
  const dimensions = await tryEncoder(encoder, store, undefined, { programs });
  await extract(
    {
      store,
      plan,
      scales,
      composite,
      encoders: [{ encoder, names: ["net"], dimensions }],
      folder: join(folder, "features"),
    },
    { workers, programs },
  );
  rmSync(join(folder, "features"), { recursive: true });
  // The first batch is that of the trial.
  const times = (JSON.parse(printed) as [number, number][]).slice(1);
  const computing = times.reduce((sum, [start, end]) => sum + end - start, 0);
  const wall = times.at(-1)![1] - times[0][0];
  (rates[ms] ??= []).push((1000 * plan.count) / wall);
  return computing / wall;
}

// A program that takes no time shows how fast composites are made.
const budgets = smoke ? [0, 5] : [0, 8, 16, 25, 50, 100, 200];
const rounds = await interleaved(
  Object.fromEntries(budgets.map((ms) => [`${ms} ms for a batch`, () => busy(ms)])),
  Number(option("rounds", "5")),
);
store.close();
rmSync(folder, { recursive: true });
console.log(
  `${plan.count} composites of ${store.height} x ${store.width} px, batches of ${BATCH}, ${workers} workers`,
);
for (const ms of budgets) {
  const shares = rounds[`${ms} ms for a batch`];
  // The first round is not recorded.
  const rate = rates[ms].slice(-shares.length);
  console.log(
    `${ms} ms for a batch: computing ${show(shares.map((s) => 100 * s))} % of the time, ${show(rate, 0)} composites/s`,
  );
}
record("command", {
  composites: plan.count,
  batch: BATCH,
  workers,
  shareComputing: Object.fromEntries(Object.entries(rounds).map(([name, s]) => [name, spread(s)])),
  compositesPerSecond: Object.fromEntries(
    budgets.map((ms) => [
      `${ms} ms for a batch`,
      spread(rates[ms].slice(-rounds[`${ms} ms for a batch`].length)),
    ]),
  ),
});
